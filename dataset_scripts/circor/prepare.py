"""Turn the original download of CirCor DigiScope 1.0.3 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/circor/prepare.py --source FOLDER --output circor --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "circor", *sys.argv[1:]]))
