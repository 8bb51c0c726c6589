"""Turn the original download of KAUH into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/kauh/prepare.py --source FOLDER --output kauh --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "kauh", *sys.argv[1:]]))
