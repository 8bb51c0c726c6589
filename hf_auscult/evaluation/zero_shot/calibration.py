"""Base rates and one temperature, fitted on validation people, that turn zero-shot scores into probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...errors import DataError
from ...metrics.arrays import Floats, class_numbers, numbers, same_length
from .probability import class_probabilities

_TEMPERATURES = (1e-3, 100.0)


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
        scores: (n, classes) of :func:`hf_auscult.evaluation.probes.zero_shot` for them.
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
