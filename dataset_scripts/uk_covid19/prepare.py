"""Turn the original download of the UK COVID-19 Vocal Audio Dataset into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/uk_covid19/prepare.py --source FOLDER --output uk_covid19 --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "uk_covid19", *sys.argv[1:]]))
