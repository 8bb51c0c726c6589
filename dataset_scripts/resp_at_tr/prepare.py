"""Turn the original download of RespiratoryDatabase@TR into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/resp_at_tr/prepare.py --source FOLDER --output resp_at_tr --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "resp_at_tr", *sys.argv[1:]]))
