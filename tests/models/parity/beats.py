"""BEATs: encoder with every layer and padding masks, the fine-tuned head, the tokenizer's look-up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel, AutoModelForAudioClassification

import hf_auscult
from hf_auscult.features import FRONT_ENDS, log_mel
from hf_auscult.models.beats.layers_beats import relative_bucket
from hf_auscult.models.beats.modeling_beats import BeatsTokenizer
from hf_auscult.models.convert_checkpoint import StateDict
from tests.models.parity import Array, Parity, wav
from tests.reference import Case

#: `cfg` of the released encoders.
CFG = {
    "input_patch_size": 16,
    "embed_dim": 512,
    "conv_bias": False,
    "encoder_layers": 12,
    "encoder_embed_dim": 768,
    "encoder_ffn_embed_dim": 3072,
    "encoder_attention_heads": 12,
    "activation_fn": "gelu",
    "layer_wise_gradient_decay_ratio": 0.6,
    "layer_norm_first": False,
    "deep_norm": True,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "encoder_layerdrop": 0.05,
    "dropout_input": 0.0,
    "conv_pos": 128,
    "conv_pos_groups": 16,
    "relative_position_embedding": True,
    "num_buckets": 320,
    "max_distance": 800,
    "gru_rel_pos": True,
    "finetuned_model": False,
    "predictor_dropout": 0.0,
    "predictor_class": 527,
}


def container(state: StateDict) -> dict[str, Any]:
    """The file as published; a tokenizer's also counts its codes."""
    if "quantize.embedding.weight" in state:
        codes = state["quantize.embedding.weight"]
        counts = torch.zeros(len(codes))
        state |= {
            "quantize.cluster_size": counts,
            "quantize.embedding.cluster_size": counts,
            "quantize.embedding.embed_avg": torch.zeros_like(codes),
            "quantize.embedding.initted": torch.ones(1),
        }
    return {"cfg": CFG | {"finetuned_model": "predictor.weight" in state}, "model": state}


def padded_batch(case: Case, *names: str, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Waveforms with zeros behind the shorter ones, as filter banks, and the mask of the samples."""
    waves = torch.zeros(len(names), length)
    mask = torch.ones(len(names), length, dtype=torch.bool)
    for row, name in enumerate(names):
        wave = torch.from_numpy(case.waveform(name))
        waves[row, : len(wave)], mask[row, : len(wave)] = wave, False
    return log_mel(waves, FRONT_ENDS["beats"]), mask


def encoder(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    fe, model = AutoFeatureExtractor.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    paths = {name: wav(case, name, work) for name in ("short", "main", "long")}
    images = {
        name: torch.from_numpy(np.stack(fe.features(path, protocol="published").windows))
        for name, path in paths.items()
    }
    for name, image in images.items():
        yield Array(f"features.fbank.{name}", image[0], "waveform")
    spec = fe.front_end
    yield Array("features.fbank_raw.short", images["short"][0] * 2 * spec.std + spec.mean, "waveform")
    distance = torch.from_numpy(case.arrays["init.relpos_distance"])
    yield Array("init.relpos_bucket", relative_bucket(distance.long(), 320, 800))

    inner: dict[str, torch.Tensor] = {}
    transformer = model.transformer
    parts = {
        "layer_norm": model.layer_norm,
        "post_extract_proj": model.patch_projection,
        "pos_conv": transformer.positions,
        "encoder_layer_norm": transformer.norm,
    }
    hooks = [
        part.register_forward_hook(lambda *call, name=name: inner.update({name: call[2]}))
        for name, part in parts.items()
    ]
    states = model(images["main"], output_hidden_states=True).hidden_states
    for hook in hooks:
        hook.remove()
    patches = model.patch_embedding(images["main"][:, None]).flatten(2).transpose(1, 2)
    yield Array(f"{variant}.hidden.patch_embed", patches[0], "waveform")
    for name, value in inner.items():
        yield Array(f"{variant}.hidden.{name}", value[0], "waveform")
    for layer in (0, 5, 11):
        yield Array(f"{variant}.hidden.layer{layer}", states[layer + 1][0], "waveform")
    rows = hf_auscult.embed(folder, list(paths.values()), protocol="published", progress=False)
    for name, row in zip(paths, rows, strict=True):
        yield Array(f"{variant}.embedding.{name}", row, "waveform")
    means = torch.stack([state[0].mean(dim=0) for state in states])
    yield Array(f"{variant}.embedding_layers.main", means[[0, 1, 4, 7, 10, 12], ::8], "waveform")
    yield Array(f"{variant}.embedding_alllayers.main", means[1:].mean(dim=0), "waveform")

    batch, mask = padded_batch(case, "b0", "b1", length=48_000)
    out = model(batch, padding_mask=mask, padding_rule="published")
    yield Array("batch.token_mask", (~out.token_mask).byte())
    yield Array(f"{variant}.batch.tokens", out.last_hidden_state)
    yield Array(f"{variant}.batch.embedding_all", out.last_hidden_state.mean(dim=1))
    yield Array(f"{variant}.batch.embedding_valid", out.pooler_output)
    image = log_mel(torch.from_numpy(case.waveform("tiny"))[None], spec)
    mask = torch.arange(case.facts["inputs"]["tiny"]["n"])[None] >= 3_120
    out = model(image, padding_mask=mask, padding_rule="published")
    yield Array("tiny.token_mask", (~out.token_mask).byte())
    yield Array(f"{variant}.tiny.embedding_valid", out.pooler_output[0])


def fine_tuned(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    fe = AutoFeatureExtractor.from_pretrained(folder)
    model = AutoModelForAudioClassification.from_pretrained(folder).eval()
    for name in ("short", "main", "long"):
        logits = model(**fe(wav(case, name, work), return_tensors="pt", protocol="published")).logits[0]
        yield Array(f"{variant}.logits.{name}", logits, "waveform")
        if name == "main":
            yield Array(f"{variant}.probs.main", logits.sigmoid(), "waveform")
    batch, mask = padded_batch(case, "b0", "b1", length=48_000)
    out = model.encoder(batch, padding_mask=mask, padding_rule="published")
    yield Array(f"{variant}.probs.batch", model.classifier(out.last_hidden_state, out.pooler_output).sigmoid())
    row = hf_auscult.embed(folder, [wav(case, "main", work)], protocol="published", progress=False)[0]
    yield Array(f"{variant}.embedding.main", row, "waveform")


def tokenizer(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    fe, model = AutoFeatureExtractor.from_pretrained(folder), BeatsTokenizer.from_pretrained(folder).eval()
    out = model(**fe(wav(case, "main", work), return_tensors="pt", protocol="published"))
    yield Array(f"{variant}.tokenizer.labels.main", out.labels[0], "waveform")
    yield Array(f"{variant}.tokenizer.quantize_input.main", out.vectors[0], "waveform")


PARITY = [
    Parity("beats", "beats", container, encoder, name="beats (encoder)"),
    Parity("beats", "beats", container, fine_tuned, extra="finetuned_extra_keys", name="beats (fine-tuned)"),
    Parity("beats", "beats", container, tokenizer, extra="tokenizer_extra_keys", name="beats (tokenizer)"),
]
