"""What the contrastive encoders of OPERA share: their front end's rules, and the comparison of recorded views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModelForPreTraining

import hf_auscult
from hf_auscult.audio import WindowPolicy
from tests.models.parity import Array, wav
from tests.reference import Case

# Name of a recorded image: its waveform and the rule that cut it.
RULES = {
    "repeat8": ("main", WindowPolicy("repeat_pad", seconds=8.0, trim=True)),
    "zero8": ("main", WindowPolicy("zero_rule", seconds=8.0, trim=True)),
    "short_zero8": ("short", WindowPolicy("zero_rule", seconds=8.0, trim=True)),
    "short_repeat2": ("short", WindowPolicy("repeat_pad", seconds=2.0, trim=True)),
    "long": ("long", WindowPolicy("repeat_pad", seconds=8.0, trim=True)),
}


def front_end(case: Case, variant: str, model: torch.nn.Module, folder: Path, work: Path) -> Iterator[Array]:
    """Images and embeddings of every rule from 16-bit files, the paper's own through `embed`."""
    fe = AutoFeatureExtractor.from_pretrained(folder)
    published = fe.published_windows
    for name, (recording, policy) in RULES.items():
        fe.published_windows = policy
        (image,) = fe.features(wav(case, recording, work), protocol="published").windows
        yield Array(f"features.{name}", image, "waveform")
        if policy == published:
            row = hf_auscult.embed(folder, [wav(case, recording, work)], protocol="published", progress=False)[0]
        else:
            row = model(torch.from_numpy(image)[None]).pooler_output[0]
        yield Array(f"{variant}.embedding.{name}", row, "waveform")


def images(case: Case, *names: str) -> torch.Tensor:
    """Return recorded stand-ins for log-mel images, (names, frames, bands)."""
    return torch.from_numpy(np.stack([case.spectrogram(name) for name in names]))


def contrastive(case: Case, variant: str, folder: Path) -> Iterator[Array]:
    """The recorded pairs of views."""
    model = AutoModelForPreTraining.from_pretrained(folder).eval()
    first, second = (images(case, *(f"pair_{view}{index}" for index in range(4))) for view in "ab")
    out = model(first, other_features=second)
    for key in ("z1", "z2", "logits", "loss"):
        if f"{variant}.contrastive.{key}" in case.arrays:
            yield Array(f"{variant}.contrastive.{key}", out[key])
    if f"{variant}.g512" in case.arrays:
        pooled = model.encoder(torch.from_numpy(case.arrays["features.repeat8"])[None]).pooler_output
        yield Array(f"{variant}.g512", model.projection.g(pooled))
