"""Turn the original download of ZCHSound into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/zchsound/prepare.py --source FOLDER --output zchsound --num-proc 4
"""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["prepare", "zchsound", *sys.argv[1:]]))
