"""Turn a copy of XHheartSound with its metadata.csv into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/xh_heartsound/prepare.py --source FOLDER --output xh_heartsound --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "xh_heartsound", *sys.argv[1:]]))
