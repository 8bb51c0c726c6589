"""`python -m tests.fuzz audio|tables|command [--count N] [--minutes M] …`; exit status 1 where something was found."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

from pytest import MonkeyPatch

from . import audio, tables
from .runner import input_of, run


def main() -> int:
    """Run an attack, or try one input of it again."""
    parser = argparse.ArgumentParser("tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=("audio", "tables", "command"))
    parser.add_argument("--count", type=int, default=1_000_000_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--again", type=int, help="try this one input, without a net")
    args = parser.parse_args()
    os.environ["AUSCULT_MAX_AUDIO_BYTES"] = str(1 << 26)  # a header may promise gigabytes of silence
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    shared = Path(os.environ.get("AUSCULT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    memory = Path("/dev/shm")  # many small files, each of which is synchronised
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder, MonkeyPatch.context() as patch:
        if args.what == "tables":
            tables.once(patch)
        if args.what == "audio":
            attack = audio.with_model()
        else:
            attack = tables.with_layouts(Path(folder), shared, command=args.what == "command")
        if args.again is not None:
            print(attack(input_of(args.seed, args.again)))
            return 0
        outcome = run(
            attack, first=args.first, count=args.count, seed=args.seed, minutes=args.minutes, report=args.report
        )
    print(f"{args.what}: {outcome.inputs} inputs in {outcome.seconds:.0f} s: {outcome.ends}")
    kinds = Counter(re.sub(r"\d+", "#", reason)[:200] for reason in outcome.findings.values())
    for kind, count in kinds.most_common(30):
        number, reason = next(pair for pair in outcome.findings.items() if re.sub(r"\d+", "#", pair[1])[:200] == kind)
        print(f"  {count} like {number} (--again {number}): {reason}")
    return int(bool(outcome.findings))


if __name__ == "__main__":
    sys.exit(main())
