"""Classes without a trained head: `python examples/zero_shot.py MODEL --data DIR --task murmur --output out`."""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["zero-shot", *sys.argv[1:]]))
