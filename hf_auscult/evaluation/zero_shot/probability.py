"""Zero-shot scores as probabilities: offsets of wording taken out, base rate and temperature put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats, numbers


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
        scores: (n, classes) of :func:`hf_auscult.evaluation.probes.zero_shot`.
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


def _rates(prior: Mapping[int, float] | Sequence[float], classes: int) -> Floats:
    rates = np.array([prior[label] for label in range(classes)], np.float64)
    if len(prior) != classes or (rates <= 0).any() or not np.isclose(rates.sum(), 1):
        raise ConfigurationError(f"prior {prior}", remedy=f"give {classes} rates above 0 that sum to 1")
    return rates
