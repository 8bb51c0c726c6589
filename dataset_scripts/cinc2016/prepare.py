"""Turn the original download of the CinC Challenge 2016 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/cinc2016/prepare.py --source FOLDER --output cinc2016 --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "cinc2016", *sys.argv[1:]]))
