"""AudioMAE: the fine-tuned encoder with its AudioSet logits, and the pre-training autoencoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForAudioClassification,
    AutoModelForPreTraining,
    PreTrainedModel,
)

import hf_auscult
from hf_auscult.audio import WindowPolicy
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor, PublishedVariant
from tests.models.parity import Array, Parity, wav
from tests.reference import Case

RAW = FRONT_ENDS["audiomae-raw"]


def images(fe: AuscultFeatureExtractor, path: Path, protocol: str = "published") -> torch.Tensor:
    return torch.from_numpy(np.stack(fe.features(path, protocol=protocol).windows))


def fine_tuned(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    paths = {name: wav(case, name, work) for name in ("main", "long")}
    fe = AutoFeatureExtractor.from_pretrained(folder)
    model = AutoModelForAudioClassification.from_pretrained(folder).eval()
    encoder = AutoModel.from_pretrained(folder).eval()
    official = {name: images(fe, path) for name, path in paths.items()}
    yield Array("features.official", official["main"][0], "waveform")
    unpadded = AuscultFeatureExtractor(replace(RAW, num_frames=None), WindowPolicy("whole"))
    yield Array("features.fbank_raw", images(unpadded, paths["main"], "default")[0], "waveform")
    yield Array("features.fbank_raw_long", images(unpadded, paths["long"], "default")[0], "waveform")

    yield Array("init.pos_embed_sub", encoder.pos_embed[0, [0, 1, 2, 8, 9, 64, 65, 512], ::16])
    out = encoder(official["main"], output_hidden_states=True)
    yield Array(f"{variant}.hidden.patch_embed", encoder.patch_embed(official["main"])[0], "waveform")
    for index in (0, 11):
        yield Array(f"{variant}.hidden.block{index}", out.hidden_states[index + 1][0], "waveform")
    for name, image in official.items():
        yield Array(f"{variant}.logits.{name}", model(image).logits[0], "waveform")
    rows = hf_auscult.embed(encoder, list(paths.values()), protocol="published", progress=False)
    for name, row in zip(paths, rows, strict=True):
        yield Array(f"{variant}.embedding.{name}", row, "waveform")

    row = untrimmed(encoder, fe)([paths["main"]], protocol="published:raw")[0]
    yield Array(f"{variant}.embedding_rawpad.main", row, "waveform")


def pre_trained(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    paths = [wav(case, name, work) for name in ("main", "long")]
    fe = AutoFeatureExtractor.from_pretrained(folder)
    model = AutoModelForPreTraining.from_pretrained(folder).eval()
    official = torch.cat([images(fe, path) for path in paths])
    states: list[torch.Tensor] = []
    hooks = [block.register_forward_hook(lambda *call: states.append(call[2])) for block in model.decoder.blocks[:2]]
    noise = torch.from_numpy(case.arrays["noise.pretrain"])
    out = model(official, noise=noise)
    for hook in hooks:
        hook.remove()
    yield Array("pretrain.mask", out.mask)
    yield Array("pretrain.ids_restore", out.ids_restore)
    yield Array(f"{variant}.pretrain.latent", out.latent, "waveform")
    yield Array(f"{variant}.pretrain.dec0", states[0], "waveform")
    yield Array(f"{variant}.pretrain.dec1", states[1], "waveform")
    yield Array(f"{variant}.pretrain.pred", out.logits, "waveform")
    yield Array(f"{variant}.pretrain.loss_normpix", out.loss, "waveform")
    model.config.norm_pix_loss = False
    yield Array(f"{variant}.pretrain.loss_rawpix", model(official, noise=noise).loss, "waveform")

    encoder = AutoModel.from_pretrained(folder).eval()
    row = untrimmed(encoder, fe)(paths[:1], protocol="published:raw")[0]
    yield Array(f"{variant}.embedding_rawpad_plainnorm.main", row, "waveform")
    encoder = AutoModel.from_pretrained(folder, pooling="contextual").eval()
    yield Array(f"{variant}.pretrain.contextual", encoder(official[:1]).last_hidden_state, "waveform")


def untrimmed(encoder: PreTrainedModel, fe: AuscultFeatureExtractor) -> Embedder:
    """The benchmarks' front end over the whole recording, as recorded."""
    fe.published_variants = {"raw": PublishedVariant(WindowPolicy("whole"), RAW)}
    return Embedder(encoder, fe)


PARITY = [
    Parity("audiomae", "audiomae", lambda state: {"model": state}, fine_tuned, name="audiomae (fine-tuned)"),
    Parity(
        "audiomae",
        "audiomae",
        lambda state: {"model": state},
        pre_trained,
        recorded="pretraining_state_dict",
        name="audiomae (pre-trained)",
    ),
]
