"""Print the parity table: `python -m tests.models.parity [CASE …]`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.models.parity import cases, rows
from tests.reference import load_case


def main(names: list[str]) -> int:
    """Print every array, then one line a case; 1 when an array is outside its tolerance."""
    shared = Path(os.environ.get("AUSCULT_SHARED", "../shared"))
    outside, worst = 0, {}
    print(f"{'case':14} {'weights':7} {'from':8} {'array':42} {'max error':>10} {'tolerance':>10}")
    for key, parity in cases().items():
        if names and not {parity.case, key} & set(names):
            continue
        case = load_case(shared, parity.case)
        for variant in case.variants:
            with tempfile.TemporaryDirectory() as folder:
                for row in rows(parity, case, variant, Path(folder) / "work"):
                    good = row.error <= row.tolerance
                    outside += not good
                    print(
                        f"{row.case:14} {row.variant:7} {row.start:8} {row.array:42} {row.error:10.2g} "
                        f"{row.tolerance:10.2g}{'' if good else '  OUTSIDE'}"
                    )
                    share = row.error / row.tolerance
                    number, most = worst.get(key, (0, (0.0, row)))
                    worst[key] = (number + 1, max(most, (share, row), key=lambda item: item[0]))
    print("\n| encoder | arrays | largest error / its tolerance | in |\n|---|---|---|---|")
    for key, (number, (share, row)) in worst.items():
        print(f"| {key} | {number} | {row.error:.1e} / {row.tolerance:.1e} = {share:.2f} | {row.array} |")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
