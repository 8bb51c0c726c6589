"""Embed recordings with a model of this package: `python examples/embed.py auscult/acula-opera [recording.wav …]`."""

from __future__ import annotations

import sys
from pathlib import Path

from transformers import AutoModel
from transformers.utils import logging

import hf_auscult  # registers the classes

SAMPLE = Path(__file__).parent / "data" / "circor_sample" / "training_data"


def main(name: str, recordings: list[str]) -> None:
    recordings = recordings or [str(min(SAMPLE.glob("*.wav")))]
    logging.disable_progress_bar()  # of the weights: a model of 9 MB is there before a bar is read
    model = AutoModel.from_pretrained(name)
    embeddings = hf_auscult.embed(model, recordings, progress=False)
    print(f"{type(model).__name__} from {name}: embeddings {embeddings.shape}, {embeddings.dtype}")
    for path, row in zip(recordings, embeddings, strict=True):
        print(f"{Path(path).name}: [{', '.join(f'{value:.4f}' for value in row[:6])}, …]")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
