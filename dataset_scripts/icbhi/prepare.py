"""Turn the original download of ICBHI 2017 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/icbhi/prepare.py --source FOLDER --output icbhi --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "icbhi", *sys.argv[1:]]))
