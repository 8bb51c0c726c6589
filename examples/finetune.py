"""Fine-tune with labels: `accelerate launch examples/finetune.py --config examples/configs/finetune_covid.yaml`."""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["finetune", *sys.argv[1:]]))
