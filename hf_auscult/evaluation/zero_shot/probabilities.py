"""Zero-shot scores as probabilities: offsets of wording taken out, base rates and a temperature put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats, class_numbers, numbers, same_length

_TEMPERATURES = (1e-3, 100.0)  # beyond them probabilities are 0 and 1, or the base rates


def class_probabilities(
    scores: ArrayLike,
    *,
    temperature: float = 0.07,
    reference: ArrayLike | None = None,
    prior: Mapping[int, float] | Sequence[float] | None = None,
) -> Floats:
    """Probabilities from cosines.

    A class whose sentences are near every recording wins everywhere. Its mean score over unlabelled ``reference``
    recordings (of the training people) is taken off first; a stated base rate is put in as a log-prior.

    Args:
        scores: (n, classes) of :func:`hf_auscult.metrics.zero_shot_scores`.
        temperature: cosines are divided by it; :func:`hf_auscult.metrics.temperature_scaling`
            finds one on labelled validation recordings.
        reference: (m, classes) scores of unlabelled recordings; None leaves the offsets in.
        prior: base rate of each class, summing to 1; None for equal ones.

    Returns:
        (n, classes), rows summing to 1.

    Raises:
        ConfigurationError: a temperature or prior that is none.
        DataError: NaN, or a reference of other classes.

    Source: contextual calibration (Zhao et al., arXiv:2102.09690) with real recordings in place of an empty input.

    Example:
        >>> class_probabilities([[0.2, 0.2]], prior=[0.9, 0.1]).round(2).tolist()
        [[0.9, 0.1]]
    """
    table = numbers(scores, "scores", dimensions=(2,))
    if not temperature > 0:
        raise ConfigurationError(f"temperature {temperature}", remedy="give a number above 0")
    if reference is not None:
        seen = numbers(reference, "reference", dimensions=(2,))
        if seen.shape[1] != table.shape[1]:
            raise DataError(f"{seen.shape[1]} classes, the scores have {table.shape[1]}", where="reference")
        table = table - seen.mean(axis=0)
    rates = np.full(table.shape[1], 1 / table.shape[1]) if prior is None else _rates(prior, table.shape[1])
    found: Floats = softmax(table / temperature + np.log(rates), axis=1)
    return found


@dataclass(frozen=True)
class ZeroShotCalibration:
    """How cosines become probabilities.

    Attributes:
        offset: mean score of each class over unlabelled recordings; taken off.
        prior: base rate of each class.
        temperature: cosines are divided by it.
        useful: whether the temperature lies within its range; without it the scores say nothing (or all) about the
            validation recordings, and the probabilities are practically the base rates (or 0 and 1).
    """

    offset: tuple[float, ...]
    prior: tuple[float, ...]
    temperature: float
    useful: bool

    def probabilities(self, scores: ArrayLike) -> Floats:
        """(n, classes) of other recordings."""
        return class_probabilities(
            scores, temperature=self.temperature, reference=[list(self.offset)], prior=list(self.prior)
        )


def calibrate_zero_shot(y: ArrayLike, scores: ArrayLike, reference: ArrayLike) -> ZeroShotCalibration:
    """Fit base rates and temperature on labelled validation recordings.

    The temperature maximises the likelihood of :func:`class_probabilities` with the offsets and base rates in place
    (:func:`hf_auscult.metrics.temperature_scaling` would divide the base rates too).

    Args:
        y: (n,) class numbers of validation recordings.
        scores: (n, classes) of :func:`hf_auscult.metrics.zero_shot_scores` for them.
        reference: (m, classes) scores of unlabelled training recordings.

    Raises:
        DataError: no rows, NaN, unknown class numbers, or other widths.

    Example:
        >>> found = calibrate_zero_shot([0, 1, 0, 1], [[1, 0], [0, 1], [0, 1], [0, 1]], [[0.5, 0.5]])
        >>> found.prior, found.useful, found.probabilities([[0, 1]]).round(2).tolist()
        ((0.5, 0.5), True, [[0.25, 0.75]])
    """
    from scipy.optimize import minimize_scalar

    table = numbers(scores, "scores", dimensions=(2,))
    seen = numbers(reference, "reference", dimensions=(2,))
    classes = table.shape[1]
    labels = class_numbers(y, classes)
    same_length(labels=labels, scores=table)
    if not len(seen) or seen.shape[1] != classes:
        raise DataError(f"{seen.shape}, the scores have {classes} classes", where="reference")
    # One recording of each class is added: a class that validation lacks is rare, not impossible.
    counts = np.bincount(labels, minlength=classes) + 1
    prior = tuple((counts / counts.sum()).tolist())
    offset = seen.mean(axis=0)

    def loss(log_temperature: float) -> float:
        p = class_probabilities(table, temperature=np.exp(log_temperature), reference=offset[None], prior=prior)
        return float(-np.log(np.maximum(p[np.arange(len(labels)), labels], 1e-300)).mean())

    low, high = np.log(_TEMPERATURES)
    best = float(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-8}).x)
    useful = bool(min(best - low, high - best) > 1e-2)
    return ZeroShotCalibration(tuple(offset.tolist()), prior, float(np.exp(best)), useful)


def _rates(prior: Mapping[int, float] | Sequence[float], classes: int) -> Floats:
    rates = np.array([prior[label] for label in range(classes)], np.float64)
    if len(prior) != classes or (rates <= 0).any() or not np.isclose(rates.sum(), 1):
        raise ConfigurationError(f"prior {prior}", remedy=f"give {classes} rates above 0 that sum to 1")
    return rates
