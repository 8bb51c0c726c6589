"""Maps that go with the model: fitted on its training pairs, saved in its weights, used by its scores."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..errors import ConfigurationError
from ..models.acula.modeling_acula import AcuLaModel
from .maps import RetrievalMap, orthogonal_procrustes_map, ridge_map

# What each kind lies between: a rotation fits where both sides were trained, a regression wherever there are pairs.
SPACES: dict[str, Literal["projected", "pooled"]] = {"procrustes": "projected", "ridge": "pooled"}


def store_map(
    model: AcuLaModel,
    audio: ArrayLike,
    text_embeddings: ArrayLike,
    *,
    kind: Literal["procrustes", "ridge"] = "procrustes",
    space: Literal["projected", "pooled"] | None = None,
    subjects: Any = None,
) -> RetrievalMap:
    """Fit a map on training pairs and store it in the model; features, scores and pipelines go through it afterwards.

    CKA leaves recordings and reports in frames that cosines cannot compare; with the map such a model retrieves.

    Args:
        model: an aligned model without a map.
        audio: (n, d) training recordings: `get_audio_features` for the `projected` space, the windows' mean
            `pooler_output` for the `pooled` one.
        text_embeddings: (n, text_size) the teacher's vectors of their reports.
        kind: `procrustes`, a rotation; or `ridge`, a regression whose penalty is chosen by leaving out.
        space: `projected`: between both projections; `pooled`: from the encoder's to the teacher's own space. By
            default `projected` for a rotation, `pooled` for a regression.
        subjects: (n,) who was recorded; `ridge` leaves out whole people then.

    Returns:
        The map as fitted.

    Raises:
        ConfigurationError: an unknown kind, or a model that holds a map already.
        DataError: pairs no map can be fitted on, see `maps`.
    """
    if kind not in SPACES:
        raise ConfigurationError(f"unknown map {kind!r}", remedy=f"use {' or '.join(SPACES)}")
    if model.retrieval_map is not None:
        raise ConfigurationError("the model holds a map already", remedy="call model.drop_retrieval_map() first")
    space = space or SPACES[kind]
    text: ArrayLike = text_embeddings
    if space == "projected":
        text = project_text(model, np.asarray(text_embeddings))
    fitted = (
        orthogonal_procrustes_map(audio, text) if kind == "procrustes" else ridge_map(audio, text, subjects=subjects)
    )
    model.set_retrieval_map(fitted.audio_mean, fitted.text_mean, fitted.matrix, space=space, kind=kind)
    return fitted


@torch.inference_mode()
def project_text(model: AcuLaModel, text_embeddings: np.ndarray) -> np.ndarray:
    """Return the text features (n, D) of teacher embeddings (n, text_size)."""
    training = model.training
    rows = torch.from_numpy(np.ascontiguousarray(text_embeddings)).to(model.device)
    features = model.eval().get_text_features(text_embeddings=rows).float().cpu().numpy()
    model.train(training)
    return features
