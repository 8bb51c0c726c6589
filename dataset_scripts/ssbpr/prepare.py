"""Turn the original download of SSBPR into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/ssbpr/prepare.py --source FOLDER --output ssbpr --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "ssbpr", *sys.argv[1:]]))
