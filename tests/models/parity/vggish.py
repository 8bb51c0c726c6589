"""VGGish: examples, convolutions, the embedding on both sides of its last ReLU, PCA, from a file inwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel

import hf_auscult
from tests.models.parity import Array, Parity, wav
from tests.reference import Case


def arrays(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model, fe = AutoModel.from_pretrained(folder).eval(), AutoFeatureExtractor.from_pretrained(folder)
    examples = np.stack(fe.features(wav(case, "main", work), protocol="published").windows)
    yield Array("features.examples", examples[:, None], "waveform")
    out = model(torch.from_numpy(case.arrays["features.examples"][:, 0]))
    yield Array(f"{variant}.hidden.features", out.last_hidden_state[0].T)
    yield Array(f"{variant}.embedding.main", out.pooler_output)
    yield Array(f"{variant}.embedding_pca.main", out.quantised_embedding)
    raw = AutoModel.from_pretrained(folder, final_relu=False).eval()
    yield Array(f"{variant}.embedding_prerelu.main", raw(torch.from_numpy(examples)).pooler_output, "waveform")
    row = hf_auscult.embed(folder, [wav(case, "main", work)], protocol="published", progress=False)[0]
    yield Array(f"{variant}.embedding_mean.main", row, "waveform")


PARITY = [Parity("vggish", "vggish", dict, arrays)]
