"""AcuLa: training features, both projections, both forms of the loss and its shuffles, masked reconstruction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel, AutoModelForPreTraining

import hf_auscult
from hf_auscult import objectives
from hf_auscult.models.acula.teacher_acula import pool_tokens
from hf_auscult.models.convert_checkpoint import StateDict
from tests.models.parity import Array, Parity, wav
from tests.reference import Case

PARTS = {
    "audio_model.": "audio_model_state_dict",
    "audio_projection_mlp.": "audio_projection_mlp_state_dict",
    "language_projection_mlp.": "language_projection_mlp_state_dict",
}
SHUFFLE = [3, 0, 5, 1, 2, 4]


def released(state: StateDict) -> dict[str, Any]:
    """`acula_final.pt`."""
    container: dict[str, Any] = {name: {} for name in PARTS.values()} | {"epoch": 49, "optimizer_state_dict": {}}
    for key, value in state.items():
        prefix = next(prefix for prefix in PARTS if key.startswith(prefix))
        container[PARTS[prefix]][key.removeprefix(prefix)] = value
    return container


def bare(state: StateDict) -> StateDict:
    """`acula_audio_encoder.pt`."""
    own = {key: value for key, value in state.items() if key.startswith("audio_model.")}
    return {key.removeprefix("audio_model."): value for key, value in own.items()}


def images(case: Case) -> torch.Tensor:
    return torch.from_numpy(np.stack([case.spectrogram(f"mel{index}") for index in range(6)]))


def from_files(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    fe = AutoFeatureExtractor.from_pretrained(folder)
    for name in ("main", "long"):
        path = wav(case, name, work)
        image = fe.features(path, protocol="published").windows
        yield Array(f"features.{name}", image[0], "waveform")
        # No embedding of a file is recorded: it must be the encoder's of that image.
        row = hf_auscult.embed(folder, [path], protocol="published", progress=False)[0]
        encoder = AutoModel.from_pretrained(folder).eval()
        encoder = getattr(encoder, "audio_encoder", encoder)
        np.testing.assert_allclose(row, encoder(torch.from_numpy(image[0])[None]).pooler_output[0], rtol=1e-6)


def whole(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model = AutoModel.from_pretrained(folder).eval()
    made = case.facts["inputs"]["lm_hidden"]
    hidden = torch.from_numpy(case.fill.make_noise(made["seed"], made["shape"]) - np.float32(0.5))
    text = pool_tokens(hidden, torch.ones(hidden.shape[:2], dtype=torch.long), "padded_mean")
    noise = torch.from_numpy(case.arrays["noise.mam"])
    out = model(images(case), text_embeddings=text, reconstruct=True, noise=noise)
    yield Array(f"{variant}.audio_features", out.pooler_output)
    yield Array(f"{variant}.audio_projection", out.audio_embeds)
    yield Array(f"{variant}.language_projection", out.text_embeds)
    yield Array(f"{variant}.mam_loss", out.reconstruction_loss)
    for ours, theirs in (("published", "released"), ("cka", "linear_cka")):
        objective = objectives.get(ours)
        yield Array(f"{variant}.alignment_loss_{theirs}", objective(out.audio_embeds, out.text_embeds))
        shuffled = objective(out.audio_embeds, out.text_embeds[SHUFFLE])
        yield Array(f"{variant}.alignment_loss_{theirs}_shuffled", shuffled)
    yield from from_files(case, variant, folder, work)


def encoder(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model = AutoModelForPreTraining.from_pretrained(folder).eval()
    yield Array(f"{variant}.audio_features", model.encoder(images(case)).pooler_output)
    yield from from_files(case, variant, folder, work)


PARITY = [
    Parity("acula", "acula", released, whole),
    Parity("acula", "acula", bare, encoder, name="acula (encoder)"),
]
