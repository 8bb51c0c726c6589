"""The held-out people, and what is said of scores for their recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...metrics import auroc, ece, patient_bootstrap
from ...metrics.arrays import Floats
from ..probes import Figure
from ..scoring import Predictions, figures
from ..task import BenchmarkTask
from .scores import margins

_ECE_DRAWS = 500  # it is scored one draw at a time
_GRID = 2.0**30


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Args:
        name: what was done.
        figures: ``auroc`` (macro one-versus-rest over several classes) over recordings, ``auroc_subject`` over people,
            ``macro_f1`` of the nearest class, ``ece`` where there are probabilities.
    """

    name: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Who is judged on.

    Args:
        keys: (n,) names of the recordings.
        subjects: (n,) who was recorded.
        truth: (n,) class numbers, or (n, C) of 0 and 1 where several hold at once.
        classes: names; of two, the second is the positive one.
        draws: bootstrap resamples of people.
        seed: of the bootstrap and of shuffles.
    """

    keys: tuple[str, ...]
    subjects: NDArray[Any]
    truth: NDArray[Any]
    classes: tuple[str, ...]
    draws: int = 2000
    seed: int = 0

    @property
    def several(self) -> bool:
        """Whether a recording can carry several classes."""
        return self.truth.ndim == 2

    def row(self, name: str, scores: Floats, probabilities: Floats | None = None) -> Row:
        """Figures of (n, C) scores, or of (runs, n, C), then the mean over runs."""
        runs = scores if scores.ndim == 3 else scores[None]
        ranked = np.stack([_ranking(table) for table in runs])
        metrics = ("auroc",) if self.several else ("auroc", "macro_f1")
        spec = BenchmarkTask("zero-shot", name, name, "", "", metrics)
        found = figures(
            spec,
            Predictions(self.keys, self.subjects, self.truth, ranked, self.classes),
            draws=self.draws,
            seed=self.seed,
        )
        return Row(name, found | ({} if probabilities is None else {"ece": self.ece(probabilities)}))

    def ece(self, probabilities: Floats) -> Figure:
        """Calibration error of the positive class of two, of the most probable class otherwise."""
        table = probabilities[:, 1] if len(self.classes) == 2 else probabilities
        value = float(ece(self.truth, table))
        draws = min(self.draws, _ECE_DRAWS)
        try:
            bounds = patient_bootstrap(ece, self.truth, table, subjects=self.subjects, draws=draws, seed=self.seed)
        except DataError as error:
            return Figure(value, None, str(error))
        return Figure(value, bounds)

    def auroc(self, scores: Floats) -> float | None:
        """AUROC of (n, C) scores alone, without an interval; None where it is undefined."""
        table = self.truth if self.several else np.eye(len(self.classes), dtype=np.int64)[self.truth]
        ranked = _ranking(scores)
        columns = [c for c in range(len(self.classes)) if 0 < table[:, c].sum() < len(table)]
        kept = columns[1:] if len(self.classes) == 2 else columns
        return float(np.mean([auroc(table[:, c], ranked[:, c]) for c in kept])) if kept else None


def _ranking(scores: Floats) -> Floats:
    """Margins on a binary grid of 1e-9: sums of them are exact, so means of equal scores tie however many they are."""
    ranked: Floats = np.round(margins(scores) * _GRID) / _GRID
    return ranked
