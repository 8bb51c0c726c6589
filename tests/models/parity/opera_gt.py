"""OPERA-GT: hidden states, masked reconstruction at three lengths, and the published embedding from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel, AutoModelForPreTraining

import hf_auscult
from hf_auscult.audio import WindowPolicy
from tests.models.parity import Array, Parity, wav
from tests.reference import Case


def arrays(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model = AutoModel.from_pretrained(folder).eval()
    images = torch.from_numpy(case.arrays["features.main8.18"])
    out = model(images, output_hidden_states=True)
    yield Array(f"{variant}.hidden.patch_embed", model.patch_embed(images)[0])
    for index in (0, 5, 11):
        yield Array(f"{variant}.hidden.block{index}", out.hidden_states[index + 1][0])
    yield Array(f"{variant}.embedding_chunks.main8.18", out.pooler_output)

    pretraining = AutoModelForPreTraining.from_pretrained(folder).eval()
    rows = [0, 1, 2, 16, 17, 64, 65, 1024]
    yield Array("init.pos_embed_sub", pretraining.encoder.pos_embed[0, rows, ::16])
    yield Array("init.decoder_pos_embed_sub", pretraining.decoder.pos_embed[0, rows, ::16])
    for frames in (256, 128, 64):
        images = torch.from_numpy(np.stack([case.spectrogram(f"rec{frames}_{index}") for index in range(2)]))
        out = pretraining(images, noise=torch.from_numpy(case.arrays[f"noise.rec{frames}"]))
        yield Array(f"rec{frames}.mask", out.mask)
        yield Array(f"rec{frames}.ids_restore", out.ids_restore)
        yield Array(f"{variant}.rec{frames}.latent", out.latent)
        yield Array(f"{variant}.rec{frames}.pred", out.logits)
        yield Array(f"{variant}.rec{frames}.loss", out.loss)

    fe = AutoFeatureExtractor.from_pretrained(folder)
    for name, seconds in (("main", 8.18), ("main", 5), ("main", 8), ("long", 8.18)):
        fe.published_windows = WindowPolicy("overlapping_chunks", seconds=seconds, trim=True)
        found = fe.features(wav(case, name, work), protocol="published").windows
        yield Array(f"features.{name}{seconds}", np.stack(found), "waveform")
    for name in ("main", "long"):
        row = hf_auscult.embed(folder, [wav(case, name, work)], protocol="published", progress=False)[0]
        yield Array(f"{variant}.embedding.{name}8.18", row, "waveform")


PARITY = [Parity("opera_gt", "opera-gt", lambda state: {"epoch": 1, "state_dict": state}, arrays)]
