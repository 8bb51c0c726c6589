"""What the two MS-CLAP cases share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import AutoFeatureExtractor, AutoModel

import hf_auscult
from hf_auscult.features import mel_bank
from hf_auscult.models.convert_checkpoint import StateDict
from tests.models.parity import Array, wav
from tests.reference import Case


def container(state: StateDict) -> dict[str, StateDict]:
    """The authors' file, which holds the caption branch and the temperature as well."""
    caption = {"caption_encoder.base.wte.weight": torch.zeros(3, 2), "logit_scale": torch.tensor(2.6)}
    return {"model": {**state, **caption}}


def arrays(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model, fe = AutoModel.from_pretrained(folder).eval(), AutoFeatureExtractor.from_pretrained(folder)
    yield Array("init.mel_filterbank_sub", mel_bank(fe.front_end)[::9, ::4])
    image = fe.features(wav(case, "main", work), protocol="published").windows[0]
    yield Array("features.logmel", image, "waveform")
    out = model(torch.from_numpy(image)[None])
    yield Array(f"{variant}.base_embedding.main", out.base_embedding[0], "waveform")
    if model.config.version == "2022":
        # From the recorded embedding: end to end, the original itself is 2.8e-5 (fanin) from the exact value, its
        # tags' rounding, while the case knows only that of the projected embedding. `test_tags_from_the_waveform`.
        recorded = torch.from_numpy(case.arrays[f"{variant}.base_embedding.main"])
        yield Array(f"{variant}.clipwise.main", model.base.tags(recorded[None])[0])
    else:
        yield Array(f"{variant}.clipwise.main", out.clipwise_output[0], "waveform")
    row = hf_auscult.embed(folder, [wav(case, "main", work)], protocol="published", progress=False)[0]
    yield Array(f"{variant}.embedding.main", row, "waveform")
