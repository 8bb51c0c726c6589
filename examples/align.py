"""Align an audio encoder with reports: `accelerate launch examples/align.py --config examples/configs/demo.yaml`."""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["align", *sys.argv[1:]]))
