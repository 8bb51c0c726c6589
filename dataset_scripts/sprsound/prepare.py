"""Turn the original download of SPRSound 2022 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/sprsound/prepare.py --source FOLDER --output sprsound --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "sprsound", *sys.argv[1:]]))
