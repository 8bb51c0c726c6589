"""Turn the original download of Coswara into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/coswara/prepare.py --source FOLDER --output coswara --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "coswara", *sys.argv[1:]]))
