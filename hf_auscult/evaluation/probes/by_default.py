"""The default protocol on one fold: penalty from validation people or from folds of training people, then one fit."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ...metrics.arrays import Floats, Integers
from .attentive import fit_attentive
from .convex import Link, Rotation, class_weights, fit_logistic, held_out_losses, probabilities, weighted_log_loss
from .folds import Fold, grouped_folds
from .ridge import fit_ridge
from .settings import DefaultProbe
from .target import Target


def fit_by_default(
    x: Floats, goal: Target, owner: Integers, fold: Fold, settings: DefaultProbe
) -> tuple[Floats, float]:
    """(1, tested rows, outputs) scores, and the penalty that was chosen."""
    train = fold.train
    with _one_thread():
        if goal.kind == "regression":
            if fold.validation is not None:  # the closed form already leaves people out: no rows need be held back
                train = np.concatenate([train, fold.validation])
            fit = fit_ridge(x[train], goal.values[train], owner[train], settings.ridge_penalties)
            return fit.predict(x[fold.test])[None, :, None], fit.penalty
        if settings.pooling == "attentive":
            return _attentive(x, goal, owner, fold, settings)
        return _logistic(x, goal, owner, fold, settings)


def _logistic(x: Floats, goal: Target, owner: Integers, fold: Fold, settings: DefaultProbe) -> tuple[Floats, float]:
    table, link = _outputs(goal)
    train, balanced = fold.train, settings.class_weight == "balanced"
    rotation = Rotation.of(x[train])
    z = rotation.project(x[train])
    if fold.validation is None:
        inner = grouped_folds(owner[train], goal.table[train], settings.folds)
        losses = held_out_losses(z, rotation.energy, table[train], link, settings.penalties, balanced, inner)
    else:
        held = fold.validation
        both = np.concatenate([z, rotation.project(x[held])])
        rows = np.arange(len(both))
        inner = (Fold(rows[: len(z)], rows[len(z) :]),)
        every = table[np.concatenate([train, held])]
        losses = held_out_losses(both, rotation.energy, every, link, settings.penalties, balanced, inner)
    penalty = min(losses, key=lambda c: (losses[c], c))
    w = fit_logistic(z, rotation.energy, table[train], link, penalty, balanced)
    return _all_classes(probabilities(rotation.project(x[fold.test]), w, link), goal), penalty


def _attentive(
    tokens: Floats, goal: Target, owner: Integers, fold: Fold, settings: DefaultProbe
) -> tuple[Floats, float]:
    table, link = _outputs(goal)
    train, balanced = fold.train, settings.class_weight == "balanced"
    if fold.validation is None:
        parts = grouped_folds(owner[train], goal.table[train], settings.folds)
        inner = [(train[part.train], train[part.test]) for part in parts]
    else:
        inner = [(train, fold.validation)]
    losses = dict.fromkeys(sorted(settings.penalties), 0.0)
    for penalty in losses:
        for rows, held in inner:
            p = fit_attentive(tokens[rows], table[rows], link, penalty, balanced).predict(tokens[held])
            losses[penalty] += weighted_log_loss(p, table[held], class_weights(table[held], link, balanced), link)
    best = min(losses, key=lambda c: (losses[c], c))
    fit = fit_attentive(tokens[train], table[train], link, best, balanced)
    return _all_classes(fit.predict(tokens[fold.test]), goal), best


def _outputs(goal: Target) -> tuple[Integers, Link]:
    """Two exclusive classes are one column."""
    if goal.kind == "multilabel":
        return goal.table, "sigmoid"
    return (goal.table[:, 1:], "sigmoid") if len(goal.classes) == 2 else (goal.table, "softmax")


def _all_classes(probability: Floats, goal: Target) -> Floats:
    if goal.kind == "classification" and len(goal.classes) == 2:
        probability = np.concatenate([1 - probability, probability], axis=1)
    return probability[None]


def _one_thread() -> AbstractContextManager[Any]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits
