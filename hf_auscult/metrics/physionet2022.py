"""The two scores of the George B. Moody PhysioNet Challenge 2022: murmur weighted accuracy and the cost per patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..files import Serialisable
from .arrays import same_length

MURMUR = {"Present": 5.0, "Unknown": 3.0, "Absent": 1.0}
OUTCOME = {"Abnormal": 5.0, "Normal": 1.0}
REFERRED = ("Present", "Unknown", "Abnormal")
NOT_REFERRED = ("Absent", "Normal")


@dataclass(frozen=True)
class OutcomeCost(Serialisable):
    """Mean cost of a patient in US dollars, and what it is made of (each part a mean per patient)."""

    cost: float
    algorithm: float
    expert: float
    treatment: float
    error: float
    patients: int
    referred: int
    missed: int


def murmur_weighted_accuracy(y: ArrayLike, predicted: ArrayLike) -> float:
    """Accuracy over patients in which Present weighs 5, Unknown 3 and Absent 1 (Abnormal 5, Normal 1 for outcomes).

    A patient's weight is that of the *true* class. One decision per patient: the challenge reads none or several as
    "Present" ("Abnormal").

    Args:
        y: (patients,) "Present", "Unknown" or "Absent"; or "Abnormal" or "Normal".
        predicted: (patients,) from the same words.

    Raises:
        DataError: other words, a mixture of both vocabularies, no rows, or unequal lengths.

    Source: physionetchallenges.org/2022, "Scoring"; evaluation-2022, ``compute_weighted_accuracy``.

    Example:
        >>> murmur_weighted_accuracy(["Present", "Unknown", "Absent"], ["Present", "Absent", "Absent"])
        0.6666666666666666
    """
    vocabulary = OUTCOME if np.isin(np.asarray(y), list(OUTCOME)).any() else MURMUR
    truth, guess = _words(y, tuple(vocabulary), "labels"), _words(predicted, tuple(vocabulary), "predicted")
    same_length(labels=truth, predicted=guess)
    weight = np.array([vocabulary[str(word)] for word in truth])
    return float(weight[truth == guess].sum() / weight.sum())


def physionet2022_cost(outcome: ArrayLike, predicted: ArrayLike) -> OutcomeCost:
    """Mean cost per patient of screening by the algorithm, then by experts, of treatment, and of missed patients.

    With n patients, r referred, t of them abnormal, and m abnormal ones missed:
    10 n + (25 + 397 (r/n) - 1718 (r/n)^2 + 11296 (r/n)^4) n + 10000 t + 50000 m, divided by n. Lower is better.

    Args:
        outcome: (patients,) "Abnormal" or "Normal".
        predicted: (patients,) "Abnormal" or "Normal"; or a murmur decision, of which "Present" and "Unknown" refer (the
            challenge's first scoring script priced those too; the final one prices outcome decisions only).

    Raises:
        DataError: other words, no rows, or unequal lengths.

    Source: physionetchallenges.org/2022, "Scoring"; evaluation-2022, ``compute_cost``.

    Example:
        >>> physionet2022_cost(["Abnormal", "Normal"], ["Abnormal", "Normal"]).cost
        5510.0
    """
    truth = _words(outcome, tuple(OUTCOME), "outcome")
    guess = _words(predicted, (*REFERRED, *NOT_REFERRED), "predicted")
    n = same_length(outcome=truth, predicted=guess)
    ill, sent = truth == "Abnormal", np.isin(guess, REFERRED)
    share = float(sent.mean())
    expert = 25 + 397 * share - 1718 * share**2 + 11296 * share**4
    treatment, error = 10_000 * int((ill & sent).sum()) / n, 50_000 * int((ill & ~sent).sum()) / n
    total = 10 + expert + treatment + error
    return OutcomeCost(total, 10.0, expert, treatment, error, n, int(sent.sum()), int((ill & ~sent).sum()))


def _words(values: ArrayLike, allowed: tuple[str, ...], name: str) -> NDArray[np.generic]:
    array = np.asarray(values)
    if array.ndim != 1 or not len(array):
        raise DataError(f"must be one word per patient, got shape {array.shape}", where=name)
    odd = [value for value in dict.fromkeys(array.tolist()) if value not in allowed]
    if odd:
        raise DataError(f"holds {odd[:3]}, expected {', '.join(allowed)}", where=name)
    return array.astype(str)
