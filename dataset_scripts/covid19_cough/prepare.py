"""Turn the original download of covid19-cough into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/covid19_cough/prepare.py --source FOLDER --output covid19_cough --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "covid19_cough", *sys.argv[1:]]))
