"""Turn the original download of the bowel sounds of Ficek et al. into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/bowel/prepare.py --source FOLDER --output bowel --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "bowel", *sys.argv[1:]]))
