"""Does the heat lie where the sound is? Scores with the chance level that each has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import DataError
from ...metrics.arrays import Floats
from ...metrics.ranking import auroc


@dataclass(frozen=True)
class Localisation:
    """Scores of one recording's heat.

    Attributes:
        time_auroc: AUROC of the heat of annotated frames for lying within the sound; chance 0.5.
        pointing: whether the hottest annotated frame lies within the sound; chance ``time_share``.
        energy: share of the annotated frames' heat that lies within the sound; chance ``time_share``.
        time_share: share of the annotated frames that lie within the sound.
        band: share of the heat in the sound's band; chance ``band_share``.
        band_share: share of the bands whose centres lie in it.
    """

    time_auroc: float
    pointing: float
    energy: float
    time_share: float
    band: float
    band_share: float


def localise(
    heat: Floats,
    seconds_per_frame: float,
    sound: Sequence[tuple[float, float]],
    annotated: Sequence[tuple[float, float]],
    centres: Floats,
    band: tuple[float, float],
) -> Localisation:
    """Compare a recording's heat with where the sound was annotated.

    Args:
        heat: (frames, bands) of the whole recording, at least 0.
        seconds_per_frame: hop of the frames; frame i stands for its middle.
        sound: intervals (s) with the sound.
        annotated: intervals (s) that were listened to; frames outside count for nothing.
        centres: (bands,) centre frequencies in Hz.
        band: where the sound is expected, in Hz.

    Raises:
        DataError: no heat at all, or no annotated frame on one of the two sides.

    Example:
        >>> heat = np.zeros((10, 2)); heat[4] = 1
        >>> localise(heat, 0.1, [(0.4, 0.5)], [(0, 1)], np.array([100.0, 5000.0]), (50, 500)).time_auroc
        1.0
    """
    times = np.asarray((np.arange(len(heat)) + 0.5) * seconds_per_frame, np.float64)
    counted, inside = _within(times, annotated), _within(times, sound)
    inside, rows = inside[counted], heat[counted]
    if not inside.any() or inside.all():
        raise DataError(f"{int(inside.sum())} of {len(inside)} annotated frames lie within the sound")
    total = float(rows.sum())
    if not total > 0:
        raise DataError("no heat", where="heat", remedy="nothing speaks for the class: the score is low everywhere")
    over_time = rows.sum(axis=1)
    bands = (centres >= band[0]) & (centres <= band[1])
    hottest = over_time == over_time.max()
    return Localisation(
        time_auroc=auroc(inside.astype(int), over_time),
        pointing=float(inside[hottest].mean()),
        energy=float(over_time[inside].sum() / total),
        time_share=float(inside.mean()),
        band=float(rows[:, bands].sum() / total),
        band_share=float(bands.mean()),
    )


def _within(times: Floats, intervals: Sequence[tuple[float, float]]) -> np.ndarray:
    found = np.zeros(len(times), bool)
    for start, end in intervals:
        found |= (times >= start) & (times < end)
    return found
