"""OPERA-CT: every stage, the head, recordings beyond 1024 frames, and the published embedding from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import AutoModel

from tests.models.parity import Array, Parity
from tests.models.parity._contrastive import contrastive, front_end, images
from tests.reference import Case


def arrays(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model = AutoModel.from_pretrained(folder).eval()
    image = torch.from_numpy(case.arrays["features.repeat8"])[None]
    states = model(image, output_hidden_states=True).hidden_states
    names = ("patch_embed", "stage0", "stage1", "stage2", "stage3")
    for name, state in zip(names, states, strict=True):
        yield Array(f"{variant}.hidden.{name}", state[0])
    yield Array(f"{variant}.hidden.norm", model.htsat.swin.audio_encoder.norm(states[-1])[0])
    for name in ("long_spec", "long_spec2", "short_spec"):
        row = model(images(case, name), **model.published_settings).pooler_output[0]
        yield Array(f"{variant}.embedding.{name}", row)
    yield from contrastive(case, variant, folder)
    yield from front_end(case, variant, model, folder, work)


PARITY = [Parity("opera_ct", "opera-ct", lambda state: {"epoch": 1, "state_dict": state}, arrays)]
