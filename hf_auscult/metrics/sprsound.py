"""The scores of the BioCAS grand challenges on SPRSound: classification (2022, 2023) and event detection (2024, 2025).

The compression track of 2024 and 2025 (compression ratio, PRD, correlation) judges codecs and is not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from ..files import Serialisable
from .arrays import one_spelling_each
from .icbhi import icbhi_score

Event = tuple[float, float, str]
"""Start and end in seconds, and the kind of sound."""


@dataclass(frozen=True)
class SprsoundScore(Serialisable):
    """``score`` is the mean of ``average`` and ``harmonic``, the two means of sensitivity and specificity."""

    score: float
    average: float
    harmonic: float
    sensitivity: float
    specificity: float


def sprsound_score(y: ArrayLike, predicted: ArrayLike, *, normal: object = "Normal") -> SprsoundScore:
    """Score of one task of 2022 or 2023, events or records, with two or more classes.

    Sensitivity pools everything that is not normal (records of poor quality, too) and counts what got its own class;
    specificity is the share of the normal ones that were called so.

    Args:
        y: (n,) true classes.
        predicted: (n,) decided classes.
        normal: which class is the normal one.

    Raises:
        DataError: no normal or nothing else, no rows, missing labels, or unequal lengths.

    Source: Zhang et al., "Grand Challenge on Respiratory Sound Classification", BioCAS 2022 and 2023.

    Example:
        >>> truth = ["Normal", "Normal", "CAS", "DAS", "Poor Quality", "CAS & DAS"]
        >>> sprsound_score(truth, ["Normal", "Normal", "CAS", "CAS", "Poor Quality", "Normal"]).score.__round__(4)
        0.7083
    """
    found = icbhi_score(y, predicted, normal=normal)
    total = found.sensitivity + found.specificity
    harmonic = 2 * found.sensitivity * found.specificity / total if total else 0.0
    return SprsoundScore((total / 2 + harmonic) / 2, total / 2, harmonic, found.sensitivity, found.specificity)


@dataclass(frozen=True)
class DetectionScore(Serialisable):
    """Event-based F-score and error rate, and the counts they are made of; a share of nothing is None."""

    f_score: float | None
    error_rate: float | None
    precision: float | None
    recall: float | None
    correct: int
    substituted: int
    deleted: int
    inserted: int


def event_detection_score(
    reference: Sequence[Sequence[Event]],
    estimated: Sequence[Sequence[Event]],
    *,
    collar: float = 0.2,
    share_of_length: float = 0.5,
) -> DetectionScore:
    """Event-based F-score and error rate over all events of all recordings, the scores of 2024 and 2025.

    An event is found where one of its kind starts within ``collar`` of it and ends within the larger of ``collar`` and
    ``share_of_length`` of its length; as many as possible are paired one to one. Of the rest, those at the place of an
    event of another kind are substitutions.

    Args:
        reference: for each recording its annotated events.
        estimated: for each recording the detected ones.
        collar: tolerance in seconds.
        share_of_length: tolerance of the end as a share of the annotated event's length.

    Raises:
        DataError: different numbers of recordings, an event that ends before it starts, or one kind under several
            spellings.

    Source: Mesaros, Heittola & Virtanen, Applied Sciences 6 (2016), sections 3.2 and 3.3 (there with these tolerances).

    Example:
        >>> truth = [[(0.0, 1.0, "Wheeze"), (2.0, 3.0, "Normal")]]
        >>> event_detection_score(truth, [[(0.1, 1.2, "Wheeze"), (2.0, 3.0, "Rhonchi")]]).to_dict()["error_rate"]
        0.5
    """
    if len(reference) != len(estimated):
        raise DataError(f"{len(reference)} recordings annotated, {len(estimated)} detected", where="events")
    one_spelling_each(dict.fromkeys(kind for side in (reference, estimated) for found in side for *_, kind in found))
    counts = np.zeros(4, dtype=np.int64)
    for truth, found in zip(reference, estimated, strict=True):
        for start, end, kind in (*truth, *found):
            if not end >= start:
                raise DataError(f"{kind} from {start:g} to {end:g} s ends before it starts", where="events")
        same = _pairs(truth, found, collar, share_of_length, alike=True)
        left_truth = [event for place, event in enumerate(truth) if place not in same]
        left_found = [event for place, event in enumerate(found) if place not in same.values()]
        substituted = len(_pairs(left_truth, left_found, collar, share_of_length, alike=False))
        counts += (len(same), substituted, len(left_truth) - substituted, len(left_found) - substituted)
    correct, substituted, deleted, inserted = (int(count) for count in counts)
    annotated, detected = correct + substituted + deleted, correct + substituted + inserted
    return DetectionScore(
        f_score=2 * correct / (annotated + detected) if annotated + detected else None,
        error_rate=(substituted + deleted + inserted) / annotated if annotated else None,
        precision=correct / detected if detected else None,
        recall=correct / annotated if annotated else None,
        correct=correct,
        substituted=substituted,
        deleted=deleted,
        inserted=inserted,
    )


def _pairs(
    truth: Sequence[Event], found: Sequence[Event], collar: float, share_of_length: float, *, alike: bool
) -> dict[int, int]:
    """Annotated event -> detected event, as many as can be."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not truth or not found:
        return {}
    starts, ends = (np.array([[event[side] for event in truth]]).T for side in (0, 1))
    near = np.abs(starts - np.array([event[0] for event in found])) <= collar + 1e-9
    reach = np.maximum(collar, share_of_length * (ends - starts))
    near &= np.abs(ends - np.array([event[1] for event in found])) <= reach + 1e-9
    kinds = np.array([event[2] for event in found]) == np.array([[event[2] for event in truth]]).T
    matched = maximum_bipartite_matching(csr_array((near & (kinds == alike)).astype(np.int8)), perm_type="column")
    return {row: int(column) for row, column in enumerate(matched) if column >= 0}
