"""Turn the original download of BMD-HS into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/bmd_hs/prepare.py --source FOLDER --output bmd_hs --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "bmd_hs", *sys.argv[1:]]))
