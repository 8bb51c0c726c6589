"""How a set of probabilities is off (slope, intercept), and the one number that mends over-confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .arrays import Floats, Integers, binary, class_numbers, numbers, probabilities, same_length

_EDGE = 1e-6  # probabilities are held this far from 0 and 1, whose logits are infinite
_TEMPERATURES = (0.01, 100.0)  # beyond them all probabilities are 0 and 1, or all alike


@dataclass(frozen=True)
class CalibrationLine:
    """Logistic regression of the outcome on the logit of the probability.

    Attributes:
        slope: 1 is right; below 1 the probabilities are too extreme (over-confident), above 1 too timid.
        intercept: of the same fit; 0 is right.
        in_the_large: intercept with the slope held at 1; above 0 the probabilities are too low on average.
        clipped: rows whose probability was moved to 1e-6 or 1 - 1e-6.
    """

    slope: float
    intercept: float
    in_the_large: float
    clipped: int


@dataclass(frozen=True)
class Temperature:
    """One positive number that logits are divided by; above 1 it lowers confidence, and it never changes a ranking.

    Attributes:
        value: the temperature.
        before: mean negative log-likelihood of the validation rows as they were.
        after: the same after scaling (never larger).
    """

    value: float
    before: float
    after: float

    def apply(self, logits: ArrayLike) -> Floats:
        """Probabilities of other recordings: (n,) from (n,) logits, or (n, C) from (n, C)."""
        scaled = numbers(logits, "logits", dimensions=(1, 2)) / self.value
        return np.exp(_log_probability(scaled, None))


def calibration_line(y: ArrayLike, probability: ArrayLike) -> CalibrationLine:
    """Calibration slope and intercept of binary probabilities.

    Args:
        y: (n,) labels 0/1.
        probability: (n,) of the positive class.

    Raises:
        DataError: one class only, constant probabilities, probabilities that separate the classes perfectly (the slope
            is infinite), NaN, or unequal lengths.

    Source: Cox, Biometrika 45 (1958); Van Calster et al., BMC Medicine 17 (2019).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = rng.uniform(size=4000)
        >>> line = calibration_line(rng.uniform(size=4000) < p, p)
        >>> abs(line.slope - 1) < 0.1, abs(line.in_the_large) < 0.1
        (True, True)
    """
    from scipy.optimize import brentq
    from scipy.special import expit
    from sklearn.linear_model import LogisticRegression

    labels, p = binary(y), probabilities(probability, dimensions=(1,))
    same_length(labels=labels, probabilities=p)
    if len(np.unique(labels)) < 2:
        raise DataError(f"every label is {labels[0]}: no line can be fitted", where="labels")
    held = np.clip(p, _EDGE, 1 - _EDGE)
    x = np.log(held) - np.log1p(-held)
    if np.ptp(x) < 1e-9:
        raise DataError("are all the same: the slope is undefined", where="probabilities")
    positive, negative = x[labels == 1], x[labels == 0]
    if positive.min() >= negative.max() or negative.min() >= positive.max():
        raise DataError(
            "separate the classes perfectly: the slope is infinite",
            where="probabilities",
            remedy="report the AUROC (1 or 0) and the Brier score instead",
        )
    fit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000, solver="newton-cholesky")
    free = fit.fit(((x - x.mean()) / x.std())[:, None], labels)
    slope = float(free.coef_[0, 0] / x.std())
    intercept = float(free.intercept_[0] - slope * x.mean())
    # The intercept at slope 1 makes the mean probability that of the outcomes.
    reach = float(np.abs(x).max()) + 30.0
    fixed = brentq(lambda shift: float((expit(x + shift) - labels).mean()), -reach, reach, xtol=1e-12)
    return CalibrationLine(slope, intercept, float(fixed), int((held != p).sum()))


def temperature_scaling(y: ArrayLike, logits: ArrayLike) -> Temperature:
    """Temperature with the highest likelihood of validation recordings; apply it to others.

    Args:
        y: (n,) labels 0/1 with (n,) logits, or class numbers with (n, C) logits (or log-probabilities), of validation
            people: never of those who are scored.
        logits: before the sigmoid or softmax.

    Raises:
        DataError: logits that are right (or wrong) for every row, whose best temperature is 0 (or infinite), NaN, or
            unequal lengths.

    Source: Guo et al., ICML 2017, section 4.2.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal(4000)
        >>> found = temperature_scaling(rng.uniform(size=4000) < 1 / (1 + np.exp(-x)), 3 * x)
        >>> abs(found.value - 3) < 0.3
        True
    """
    from scipy.optimize import minimize_scalar

    z = numbers(logits, "logits", dimensions=(1, 2))
    labels = binary(y) if z.ndim == 1 else class_numbers(y, z.shape[1])
    same_length(labels=labels, logits=z)

    def loss(log_temperature: float) -> float:
        return float(-_log_probability(z / np.exp(log_temperature), labels).mean())

    low, high = np.log(_TEMPERATURES)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-8})
    if min(found.x - low, high - found.x) < 1e-3:
        raise DataError(
            f"best temperature runs to {np.exp(found.x):.3g}: these logits are {'right' if found.x < 0 else 'no use'} "
            "for practically every row",
            where="logits",
            remedy="fit on more validation people, or leave the logits as they are",
        )
    before, after = loss(0.0), float(found.fun)
    return Temperature(1.0, before, before) if before <= after else Temperature(float(np.exp(found.x)), before, after)


def _log_probability(z: Floats, labels: Integers | None) -> Floats:
    """Log-probability of the label of each row; without labels of the positive class, or of every class."""
    if z.ndim == 1:
        signed = z if labels is None else np.where(labels == 1, z, -z)
        return np.asarray(-np.logaddexp(0.0, -signed), dtype=np.float64)
    normal = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    return normal if labels is None else np.take_along_axis(normal, labels[:, None], axis=1)[:, 0]
