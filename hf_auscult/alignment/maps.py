"""Closed-form maps from the audio space into the text space, for models trained with CKA only.

CKA is blind to rotation, so it leaves audio and text in spaces that a cosine cannot compare. These maps, fitted on the
training pairs and stored in its weights, make such a model retrievable; a pair-wise training objective needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..errors import ConfigurationError, DataError
from ..models.acula.modeling_acula import AcuLaModel

Floats = NDArray[np.float64]

# Grid of ridge penalties, in units of the mean eigenvalue of the centred audio's second-moment matrix.
DEFAULT_PENALTIES: tuple[float, ...] = tuple(10.0**power for power in range(-6, 5))


@dataclass(frozen=True)
class RetrievalMap:
    """A fitted affine map; a row's image depends on that row alone.

    Attributes:
        audio_mean: (d,) mean of the training recordings.
        text_mean: (e,) mean of the training reports.
        matrix: (d, e).
        kind: how it was fitted.
        penalty: ridge penalty in absolute units; None for Procrustes.
        errors: penalty -> leave-one-out mean squared error of the candidates.
    """

    audio_mean: Floats
    text_mean: Floats
    matrix: Floats
    kind: Literal["procrustes", "ridge"]
    penalty: float | None = None
    errors: dict[float, float] = field(default_factory=dict)

    def apply(self, audio: ArrayLike, *, centred: bool = False) -> Floats:
        """Recordings in the text space, (n, e).

        Args:
            audio: (n, d) embeddings.
            centred: leave the text mean out; retrieve against :meth:`centre` of the texts then, since a large common
                mean flattens every cosine.

        Raises:
            DataError: another width than in training, or NaN.
        """
        rows = _table(audio, "audio", self.matrix.shape[0])
        image: Floats = (rows - self.audio_mean) @ self.matrix
        return image if centred else image + self.text_mean

    def centre(self, text: ArrayLike) -> Floats:
        """Reports minus the mean of the *training* reports, (n, e).

        Raises:
            DataError: another width than in training, or NaN.
        """
        return _table(text, "text", self.matrix.shape[1]) - self.text_mean


def orthogonal_procrustes_map(a: ArrayLike, t: ArrayLike, *, scaled: bool = False) -> RetrievalMap:
    """The rotation (with reflection) that brings centred audio closest to centred text.

    Of unequal widths: the semi-orthogonal matrix of the smaller one.

    Args:
        a: (n, d) training recordings.
        t: (n, e) their reports.
        scaled: also fit one common length; cosines do not see it, distances do.

    Raises:
        DataError: unequal lengths, fewer than two rows, NaN, or one side constant.

    Source: Schoenemann, Psychometrika 31 (1966).

    Example:
        >>> a = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
        >>> orthogonal_procrustes_map(a, a[:, ::-1]).apply([[5.0, 2.0]]).round(6).tolist()
        [[2.0, 5.0]]
    """
    audio, text, audio_mean, text_mean = _centred(a, t)
    left, values, right = np.linalg.svd(audio.T @ text, full_matrices=False)
    matrix = left @ right
    if scaled:
        matrix = matrix * (values.sum() / np.square(audio @ matrix).sum())
    return RetrievalMap(audio_mean, text_mean, matrix, "procrustes")


def ridge_map(
    a: ArrayLike,
    t: ArrayLike,
    penalty: float | None = None,
    *,
    penalties: Sequence[float] = DEFAULT_PENALTIES,
    subjects: Sequence[Any] | NDArray[Any] | None = None,
) -> RetrievalMap:
    """Ridge regression of text on audio, the penalty chosen by closed-form leave-one-out on the training pairs.

    Args:
        a: (n, d) training recordings.
        t: (n, e) their reports.
        penalty: absolute ridge penalty; None chooses it.
        penalties: candidates, in units of the mean eigenvalue of the centred audio's second moments.
        subjects: (n,) who was recorded. Given, whole people are left out (still in closed form): with several
            recordings of a person, leaving out one of them rewards recognising the person.

    Returns:
        The map; equal errors choose the largest penalty.

    Raises:
        DataError: unequal lengths, fewer than two rows, NaN, one side constant, or a single person.
        ConfigurationError: penalties that are not above 0, or none.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a = rng.standard_normal((50, 3))
        >>> ridge_map(a, 2 * a + 1).apply([[1.0, 0.0, 0.0]]).round(2).tolist()
        [[3.0, 1.0, 1.0]]
    """
    audio, text, audio_mean, text_mean = _centred(a, t)
    left, values, right = np.linalg.svd(audio, full_matrices=False)
    projected = left.T @ text
    unit = float(np.square(values).sum()) / audio.shape[1]
    candidates = [penalty] if penalty is not None else [factor * unit for factor in penalties]
    if not candidates or not all(0 < value < np.inf for value in candidates):
        raise ConfigurationError(f"{candidates}: every penalty must be above 0", where="penalty")
    errors: dict[float, float] = {}
    if penalty is None:
        groups = _groups(subjects, len(audio))
        for value in candidates:
            errors[value] = _left_out_error(left, values, projected, text, value, groups)
        least = min(errors.values())
        penalty = max(value for value, error in errors.items() if error == least)
    shrunk = values / (np.square(values) + penalty)
    return RetrievalMap(audio_mean, text_mean, right.T @ (shrunk[:, None] * projected), "ridge", penalty, errors)


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


def _left_out_error(
    left: Floats, values: Floats, projected: Floats, text: Floats, penalty: float, groups: list[NDArray[np.int64]]
) -> float:
    """Mean squared error on left-out rows: residuals of the full fit, divided by one minus their leverage.

    The leverage counts the intercept too (the 1/n), so this is exactly what refitting without the rows, means
    included, would give.
    """
    share = np.square(values) / (np.square(values) + penalty)
    residual = text - left @ (share[:, None] * projected)
    n = len(text)
    total = 0.0
    for rows in groups:
        hat = (left[rows] * share) @ left[rows].T + 1.0 / n
        total += float(np.square(np.linalg.solve(np.eye(len(rows)) - hat, residual[rows])).sum())
    return total / text.size


def _groups(subjects: Sequence[Any] | NDArray[Any] | None, n: int) -> list[NDArray[np.int64]]:
    if subjects is None:
        return list(np.arange(n)[:, None])
    names, owner = np.unique(np.asarray(subjects).astype(str), return_inverse=True)
    if len(owner) != n:
        raise DataError(f"{len(owner)} subjects for {n} pairs", where="subjects")
    if len(names) < 2:
        raise DataError("recordings of one person only: none are left to fit on", where="subjects")
    return [np.flatnonzero(owner == person) for person in range(len(names))]


def _centred(a: ArrayLike, t: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    audio, text = _table(a, "audio"), _table(t, "text")
    if len(audio) != len(text):
        raise DataError(f"{len(audio)} recordings and {len(text)} reports; the map is fitted on pairs")
    if len(audio) < 2:
        raise DataError("one pair; a map needs at least two", where="audio")
    for name, table in (("audio", audio), ("text", text)):
        if not np.ptp(table, axis=0).any():
            raise DataError("every row is the same; no map can be fitted", where=name)
    audio_mean, text_mean = audio.mean(axis=0), text.mean(axis=0)
    return audio - audio_mean, text - text_mean, audio_mean, text_mean


def _table(values: ArrayLike, name: str, width: int | None = None) -> Floats:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise DataError(f"shape {table.shape}, expected (rows, dimensions)", where=name)
    if width is not None and table.shape[1] != width:
        raise DataError(f"{table.shape[1]} wide, the map was fitted on {width}", where=name)
    if not np.isfinite(table).all():
        raise DataError("holds NaN or infinite numbers", where=name)
    return table
