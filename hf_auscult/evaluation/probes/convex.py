"""L2 logistic regression over many penalties and folds: one rotation of the features, then a few cheap steps each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import DataError
from ...metrics.arrays import Floats, Integers
from .folds import Fold

Link = Literal["softmax", "sigmoid"]


@dataclass(frozen=True)
class Rotation:
    """Standardised features in the eigenvectors of their own covariance.

    An L2 penalty does not see the rotation, and in it the curvature of the loss is nearly diagonal. Labels are not
    used, so that inner folds may share the rotation of all training rows.
    """

    mean: Floats
    scale: Floats
    vectors: Floats
    energy: Floats

    @classmethod
    def of(cls, x: Floats) -> Rotation:
        """From (n, d) training features; directions without variance are dropped."""
        mean, scale = x.mean(axis=0), x.std(axis=0)
        scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)] = np.inf
        z = (x - mean) / scale
        if len(z) >= z.shape[1]:
            energy, vectors = np.linalg.eigh(z.T @ z)
        else:
            energy, left = np.linalg.eigh(z @ z.T)
            vectors = z.T @ left / np.sqrt(np.maximum(energy, 1e-300))
        kept = energy > 1e-10 * max(float(energy[-1]), 1e-300)
        return cls(mean, scale, np.ascontiguousarray(vectors[:, kept]), energy[kept])

    def project(self, x: Floats) -> Floats:
        """(n, r) of (n, d)."""
        if x.shape[1] != len(self.mean):
            raise DataError(f"{x.shape[1]} columns, the probe was fitted on {len(self.mean)}", where="features")
        rotated: Floats = ((x - self.mean) / self.scale) @ self.vectors
        return rotated


def class_weights(table: Integers, link: Link, balanced: bool) -> Floats:
    """(n, outputs) weights of rows, mean 1 per output: every class (every side of a label) counts the same."""
    if not balanced:
        return np.ones(table.shape)
    if link == "softmax":
        size = table.sum(axis=0)
        per_class = len(table) / ((size > 0).sum() * np.maximum(size, 1))
        return np.repeat((table * per_class).sum(axis=1, keepdims=True), table.shape[1], axis=1)
    share = table.mean(axis=0)
    each = np.where(table == 1, share, 1 - share)
    return np.where((share > 0) & (share < 1), 0.5 / each, 1.0)


def fit_logistic(
    z: Floats, energy: Floats, table: Integers, link: Link, penalty: float, balanced: bool, start: Floats | None = None
) -> Floats:
    """(r + 1, outputs) coefficients, intercepts last and not penalised.

    The minimiser of scikit-learn's objective, ``C * sum of weighted losses + |w|^2 / 2``; with "sigmoid" one
    independent regression per column of the table.

    Args:
        z: (n, r) rotated features.
        energy: (r,) their sums of squares, which set the size of steps.
        table: (n, outputs) 0/1.
        link: softmax over columns, or each column by itself.
        penalty: C.
        balanced: weigh classes inversely to their size.
        start: earlier solution.
    """
    from scipy.optimize import minimize

    weights = class_weights(table, link, balanced)
    inputs, outputs = z.shape[1] + 1, table.shape[1]
    step = 1 / np.sqrt(np.append(energy / 4 + 1 / penalty, len(z) / 4))[:, None]
    ridge = np.append(np.full(inputs - 1, 1 / penalty), 0.0)[:, None]
    truth = table.astype(np.float64)

    def loss(flat: Floats) -> tuple[float, Floats]:
        w = step * flat.reshape(inputs, outputs)
        logits = z @ w[:-1] + w[-1]
        if link == "softmax":
            shifted = logits - logits.max(axis=1, keepdims=True)
            total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            value = float((weights[:, 0] * (total - (shifted * truth).sum(axis=1, keepdims=True))[:, 0]).sum())
            error = weights * (np.exp(shifted - total) - truth)
        else:
            value = float((weights * (np.logaddexp(0, logits) - truth * logits)).sum())
            error = weights * (_sigmoid(logits) - truth)
        slope = np.concatenate([z.T @ error, error.sum(axis=0, keepdims=True)]) + ridge * w
        return value + 0.5 * float((ridge * w * w).sum()), (step * slope).ravel()

    flat = np.zeros(inputs * outputs) if start is None else (start / step).ravel()
    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-10, "gtol": 1e-4, "maxcor": 20}
    found = minimize(loss, flat, jac=True, method="L-BFGS-B", options=options)
    solution: Floats = step * found.x.reshape(inputs, outputs)
    return solution


def probabilities(z: Floats, w: Floats, link: Link) -> Floats:
    """(n, outputs) of rotated features."""
    logits = z @ w[:-1] + w[-1]
    if link == "sigmoid":
        return _sigmoid(logits)
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=1, keepdims=True)
    return shares


def held_out_losses(
    z: Floats,
    energy: Floats,
    table: Integers,
    link: Link,
    penalties: Sequence[float],
    balanced: bool,
    folds: Sequence[Fold],
) -> dict[float, float]:
    """Penalty -> weighted log loss on the people left out, summed over folds.

    The log loss is defined whatever a fold contains, and moves smoothly; an AUROC over four people does neither.
    """
    losses = dict.fromkeys(sorted(penalties), 0.0)
    weights = class_weights(table, link, balanced)
    for fold in folds:
        inner, start = z[fold.train], None
        held, truth = z[fold.test], table[fold.test]
        for penalty in losses:
            start = fit_logistic(inner, energy * len(inner) / len(z), table[fold.train], link, penalty, balanced, start)
            p = probabilities(held, start, link)
            losses[penalty] += weighted_log_loss(p, truth, weights[fold.test], link)
    return losses


def weighted_log_loss(p: Floats, table: Integers, weights: Floats, link: Link) -> float:
    """Sum over rows (and labels) of -log of the probability given to what is so."""
    p = np.clip(p, 1e-12, 1 - 1e-12)
    cost = table * np.log(p) if link == "softmax" else table * np.log(p) + (1 - table) * np.log1p(-p)
    return -float((weights * cost).sum())


def _sigmoid(logits: Floats) -> Floats:
    from scipy.special import expit

    out: Floats = expit(logits)
    return out
