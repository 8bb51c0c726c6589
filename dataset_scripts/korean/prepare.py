"""Turn the unpacked archives of Yaseen et al. 2018 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/korean/prepare.py --source FOLDER --output korean --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "korean", *sys.argv[1:]]))
