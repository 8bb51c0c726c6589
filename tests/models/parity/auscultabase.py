"""AuscultaBase: slices and whole recordings, its crop rule and sequence output, the published embedding from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel

import hf_auscult
from hf_auscult.audio import WindowPolicy
from tests.models.parity import Array, Parity, wav
from tests.models.parity._contrastive import contrastive, images
from tests.reference import Case

SLICES = {"chunk8": 8.0, "chunk2": 2.0}


def arrays(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model = AutoModel.from_pretrained(folder).eval()
    out = model(torch.from_numpy(case.arrays["features.main_chunk8"]))
    yield Array(f"{variant}.sequence_output.main_chunk8", out.sequence_output[:1])
    for name in ("long_spec", "edge1025"):
        out = model(images(case, name), **model.published_settings)
        yield Array(f"{variant}.embedding.{name}", out.pooler_output[0])
        yield Array(f"{variant}.sequence_output.{name}", out.sequence_output[0])
    yield from contrastive(case, variant, folder)

    fe = AutoFeatureExtractor.from_pretrained(folder)
    published = fe.published_windows
    for recording in ("main", "long"):
        path = wav(case, recording, work)
        for name, seconds in SLICES.items():
            fe.published_windows = WindowPolicy("zero_rule", seconds=seconds, trim=True)
            found = np.stack(fe.features(path, protocol="published").windows)
            yield Array(f"features.{recording}_{name}", found, "waveform")
            rows = model(torch.from_numpy(found)).pooler_output
            yield Array(f"{variant}.embedding.{recording}_{name}", rows, "waveform")
        fe.published_windows = published
        found = np.stack(fe.features(path, protocol="published").windows)
        yield Array(f"features.{recording}_entire", found, "waveform")
        row = hf_auscult.embed(folder, [path], protocol="published", progress=False)
        yield Array(f"{variant}.embedding.{recording}_entire", row, "waveform")


PARITY = [Parity("auscultabase", "auscultabase", lambda state: {"state_dict": state, "hyper_parameters": {}}, arrays)]
