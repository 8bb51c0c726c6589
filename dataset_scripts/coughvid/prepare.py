"""Turn the original download of COUGHVID v1 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/coughvid/prepare.py --source FOLDER --output coughvid --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "coughvid", *sys.argv[1:]]))
