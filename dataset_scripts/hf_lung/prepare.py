"""Turn the original download of HF_Lung_V1 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/hf_lung/prepare.py --source FOLDER --output hf_lung --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "hf_lung", *sys.argv[1:]]))
