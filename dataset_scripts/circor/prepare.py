"""Turn the original download of CirCor DigiScope 1.0.3 into Parquet that ``datasets.load_dataset`` reads.

python dataset_scripts/circor/prepare.py --source FOLDER --output circor --num-proc 4
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hf_auscult.data import SplitSpec, prepare
from hf_auscult.errors import AuscultError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="the original download")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--num-proc", type=int, default=1, help="processes that read recordings")
    parser.add_argument("--seed", type=int, default=0, help="of the subject split")
    parser.add_argument("--overwrite", action="store_true", help="replace a folder written before")
    arguments = parser.parse_args()
    try:
        report = prepare(
            "circor",
            arguments.source,
            arguments.output,
            split=SplitSpec(seed=arguments.seed),
            num_proc=arguments.num_proc,
            overwrite=arguments.overwrite,
        )
    except AuscultError as error:
        parser.exit(1, f"{error}\n")
    print(f"{report.written} of {report.listed} recordings, {len(report.quarantined)} set aside -> {report.output}")


if __name__ == "__main__":
    main()
