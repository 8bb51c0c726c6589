"""Pre-train on sound alone: `accelerate launch examples/pretrain.py --config examples/configs/pretrain_heart.yaml`."""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["pretrain", *sys.argv[1:]]))
