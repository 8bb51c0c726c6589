"""The model behind the page, and how its cosines become probabilities."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import AutoFeatureExtractor, AutoModel

import hf_auscult  # noqa: F401 - registers the models
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.embedding.precision import Runner
from hf_auscult.embedding.store import weights_of

HERE = Path(__file__).parent
MODEL = os.environ.get("MODEL", "auscult/acula-opera-small")
PRECISION: Any = os.environ.get("PRECISION", "exact")
NAME = Path(MODEL).name if Path(MODEL).is_dir() else MODEL
BUNDLED = HERE.parent.parent / "model_cards" / Path(MODEL).name
if "MODEL" not in os.environ and BUNDLED.is_dir():  # in a checkout
    MODEL = str(BUNDLED)


@cache
def loaded() -> tuple[Runner, Any]:
    """The model in the way it is run, and its extractor, once."""
    torch.set_num_threads(max(1, min(4, os.cpu_count() or 1)))
    model, fe = AutoModel.from_pretrained(MODEL).eval(), AutoFeatureExtractor.from_pretrained(MODEL)
    return Embedder(model, fe, precision=PRECISION).runner, fe


def direction(model: Any, sentences: list[str]) -> torch.Tensor:
    """Mean direction of several sentences."""
    vectors = torch.nn.functional.normalize(model.encode_text(sentences), dim=-1)
    return torch.nn.functional.normalize(vectors.mean(dim=0), dim=-1)


@cache
def calibration() -> dict[str, Any]:
    """Finding -> how its cosines become probabilities and on whom that was measured; of other weights, nothing."""
    file = HERE / "calibration.json"
    content = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return content["findings"] if content.get("weights") == weights_of(loaded()[0].model) else {}
