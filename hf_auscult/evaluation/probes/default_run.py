"""The default protocol on one fold: penalty from folds of training people, then one fit on all of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from ...metrics.arrays import Floats, Integers
from .attentive import fit_attentive
from .convex import Link, Rotation, class_weights, fit_logistic, held_out_losses, probabilities, weighted_log_loss
from .folds import Fold, grouped_folds
from .ridge import fit_ridge
from .settings import ProbeSettings
from .target import Target


class _Fit(Protocol):
    def predict(self, x: Floats, /) -> Floats: ...


def fit_by_default(
    x: Floats, target: Target, owner: Integers, fold: Fold, settings: ProbeSettings
) -> tuple[Callable[[Integers], Floats], float]:
    """A function from row numbers to (1, rows, outputs) scores, and the penalty that was chosen."""
    train = fold.train
    with one_thread():
        if target.kind == "regression":
            fit = fit_ridge(x[train], target.values[train], owner[train], settings.ridge_penalties)
            return lambda rows: fit.predict(x[rows])[None, :, None], fit.penalty
        found: _Fit
        if settings.pooling == "attentive":
            found, penalty = _attentive(x, target, owner, train, settings)
        else:
            found, penalty = fit_linear(
                x[train], target.table[train], target.kind != "multilabel", owner[train], settings
            )

    def predict(rows: Integers) -> Floats:
        with one_thread():
            scores = found.predict(x[rows])
        if target.kind == "classification" and len(target.classes) == 2:
            scores = np.concatenate([1 - scores, scores], axis=1)
        return scores[None]

    return predict, penalty


class LinearFit:
    """A fitted logistic regression on frozen features.

    Args:
        rotation: of the training features.
        coefficients: (r + 1, outputs) in it, intercepts last.
        link: of the outputs.
    """

    def __init__(self, rotation: Rotation, coefficients: Floats, link: Link) -> None:
        self.rotation, self.coefficients, self.link = rotation, coefficients, link

    def predict(self, x: Floats) -> Floats:
        """(m, outputs) probabilities of (m, d) features."""
        return probabilities(self.rotation.project(x), self.coefficients, self.link)

    @property
    def weights(self) -> Floats:
        """(d, outputs): by how much a unit of each raw feature moves the log-odds."""
        weights: Floats = self.rotation.vectors @ self.coefficients[:-1] / self.rotation.scale[:, None]
        return weights


def fit_linear(
    x: Floats, classes: Integers, exclusive: bool, owner: Integers, settings: ProbeSettings
) -> tuple[LinearFit, float]:
    """Choose the penalty by the log loss of held-out training people and fit; no randomness.

    Args:
        x: (n, d) training features.
        classes: (n, classes) 0/1.
        exclusive: whether a row carries exactly one of them.
        owner: (n,) number of the person recorded.
        settings: of the probe.
    """
    table, link = _outputs(classes, exclusive)
    balanced = settings.class_weight == "balanced"
    rotation = Rotation.of(x)
    z = rotation.project(x)
    penalty = settings.penalties[0]
    if len(settings.penalties) > 1:
        folds = grouped_folds(owner, classes, settings.folds)
        losses = held_out_losses(z, rotation.energy, table, link, settings.penalties, balanced, folds)
        penalty = min(losses, key=lambda c: (losses[c], c))
    return LinearFit(rotation, fit_logistic(z, rotation.energy, table, link, penalty, balanced), link), penalty


def _attentive(
    tokens: Floats, target: Target, owner: Integers, train: Integers, settings: ProbeSettings
) -> tuple[_Fit, float]:
    table, link = _outputs(target.table[train], target.kind != "multilabel")
    tokens, balanced = tokens[train], settings.class_weight == "balanced"
    losses = dict.fromkeys(sorted(settings.penalties), 0.0)
    for penalty in losses:
        for fold in grouped_folds(owner[train], target.table[train], settings.folds):
            truth = table[fold.test]
            p = fit_attentive(tokens[fold.train], table[fold.train], link, penalty, balanced).predict(tokens[fold.test])
            losses[penalty] += weighted_log_loss(p, truth, class_weights(truth, link, balanced), link)
    best = min(losses, key=lambda c: (losses[c], c))
    return fit_attentive(tokens, table, link, best, balanced), best


def _outputs(classes: Integers, exclusive: bool) -> tuple[Integers, Link]:
    """Two exclusive classes are one column."""
    if not exclusive:
        return classes, "sigmoid"
    return (classes[:, 1:], "sigmoid") if classes.shape[1] == 2 else (classes, "softmax")


def one_thread() -> AbstractContextManager[Any]:
    """BLAS on one thread: the solver makes many small calls, on busy cores 40 times slower with two threads than one.

    It also makes the sums independent of the number of cores.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits
