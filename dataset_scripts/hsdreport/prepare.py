"""Turn a copy of HSDReport with its metadata.csv into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/hsdreport/prepare.py --source FOLDER --output hsdreport --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "hsdreport", *sys.argv[1:]]))
