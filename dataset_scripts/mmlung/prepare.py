"""Turn the original download of MMLung into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/mmlung/prepare.py --source FOLDER --output mmlung --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "mmlung", *sys.argv[1:]]))
