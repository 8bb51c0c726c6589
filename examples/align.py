"""Align an audio encoder with reports: `accelerate launch examples/align.py [--config examples/configs/demo.yaml]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hf_auscult.cli import main

DEMO = Path(__file__).parent / "configs" / "demo.yaml"

if __name__ == "__main__":
    # Of two --config the last counts: without any, the demo runs.
    sys.exit(main(["align", "--config", os.path.relpath(DEMO), *sys.argv[1:]]))
