"""Evaluate models: `python examples/benchmark.py acula18 --model logmel --data-root prepared --output results`."""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
