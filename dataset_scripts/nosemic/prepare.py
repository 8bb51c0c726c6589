"""Turn the original download of NoseMic into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/nosemic/prepare.py --source FOLDER --output nosemic --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "nosemic", *sys.argv[1:]]))
