"""Borda count: which model ranks best over many tasks, whatever the scale of their figures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DataError
from .arrays import Floats, numbers


@dataclass(frozen=True)
class BordaCount:
    """Points of each model in each task.

    Attributes:
        tasks: rows of ``points``.
        models: columns of ``points``.
        points: (tasks, models), from 1 (last) to the number of models (first); tied models share the mean.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    points: Floats

    def score(self, tasks: Collection[str] | None = None) -> dict[str, float]:
        """Mean points of each model over all tasks, or over some (those of one sound type, say).

        Raises:
            DataError: no task, or one that is not in the table.
        """
        rows = range(len(self.tasks)) if tasks is None else [self._row(task) for task in tasks]
        if not len(rows):
            raise DataError("no tasks to average over", where="tasks")
        return dict(zip(self.models, self.points[list(rows)].mean(axis=0).tolist(), strict=True))

    def _row(self, task: str) -> int:
        if task not in self.tasks:
            raise DataError(f"{task!r} is not among {', '.join(self.tasks)}", where="tasks")
        return self.tasks.index(task)


def borda_count(
    scores: ArrayLike,
    *,
    tasks: Sequence[str],
    models: Sequence[str],
    higher_is_better: bool | Sequence[bool] = True,
) -> BordaCount:
    """Points 1..models per task by rank, averaged over tasks by :meth:`BordaCount.score`.

    AuscultaBench's figure 4 follows from its table 1 this way: over T10-T16 AuscultaBase is first six times and second
    once in macro F1, hence 34 / 7 = 4.86 of 5. The paper does not say what ties earn; here models with equal figures
    share the mean of the ranks they occupy (four baselines tie in its T16), so that the sum of points per task is
    fixed. A model without a figure is refused: an average over fewer tasks is another contest.

    Args:
        scores: (tasks, models) figures.
        tasks: names of the rows.
        models: names of the columns.
        higher_is_better: for all tasks, or one per task (False for MAE).

    Raises:
        DataError: NaN (a task that was not run), other shapes, names twice, or no rows.

    Source: AuscultaBench (AuscultaBase paper), figure 4 and table 1.

    Example:
        >>> borda_count([[0.9, 0.8, 0.8]], tasks=["T1"], models=["a", "b", "c"]).score()
        {'a': 3.0, 'b': 1.5, 'c': 1.5}
    """
    from scipy.stats import rankdata

    table = numbers(scores, "scores", dimensions=(2,))
    if table.shape != (len(tasks), len(models)):
        raise DataError(f"{table.shape} figures for {len(tasks)} tasks and {len(models)} models", where="scores")
    for name, names in (("tasks", tasks), ("models", models)):
        if len(set(names)) != len(names):
            raise DataError("holds a name twice", where=name)
    if len(models) < 2:
        raise DataError("one model has nobody to rank against", where="models")
    direction = np.broadcast_to(np.asarray(higher_is_better), (len(tasks),))
    points = rankdata(np.where(direction[:, None], table, -table), axis=1)
    return BordaCount(tuple(tasks), tuple(models), points)
