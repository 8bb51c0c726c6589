"""PANNs Cnn6, Cnn10, Cnn14: front end, block outputs, embedding and tags, from a file inwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import AutoFeatureExtractor, AutoModel

import hf_auscult
from hf_auscult.features import mel_bank
from tests.models.parity import Array, Parity, wav
from tests.reference import Case


def arrays(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model, fe = AutoModel.from_pretrained(folder).eval(), AutoFeatureExtractor.from_pretrained(folder)
    yield Array("init.mel_filterbank_sub", mel_bank(fe.front_end)[::9, ::4])
    image = fe.features(wav(case, "main", work), protocol="published").windows[0]
    yield Array("features.logmel", image, "waveform")
    out = model(torch.from_numpy(image)[None], output_hidden_states=True)
    yield Array(f"{variant}.hidden.bn0", out.hidden_states[0][0].T, "waveform")
    for index, state in enumerate(out.hidden_states[1:], start=1):
        if f"{variant}.hidden.conv_block{index}" in case.arrays:
            yield Array(f"{variant}.hidden.conv_block{index}", state[0].T, "waveform")
    yield Array(f"{variant}.clipwise.main", out.clipwise_output[0], "waveform")
    for name in ("main", "long"):
        row = hf_auscult.embed(folder, [wav(case, name, work)], protocol="published", progress=False)[0]
        yield Array(f"{variant}.embedding.{name}", row, "waveform")


PARITY = [
    Parity(f"pann_{name}", f"panns-{name}", lambda state: {"iteration": 600_000, "model": state}, arrays)
    for name in ("cnn6", "cnn10", "cnn14")
]
