"""The default probe where a benchmark's validation people are wanted for something else: penalty by folds of people."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..metrics.arrays import Floats, Integers
from ..metrics.resampling import People
from ._inputs import features_of
from .linear import LogisticProbe, _one_thread, _Path, _probabilities, _selection_auroc, _Space


def people_folds(subjects: ArrayLike, labels: Sequence[Hashable] | NDArray[Any], folds: int = 5) -> Integers:
    """(n,) number of each row's fold: people stay whole, and every set of labels is spread evenly over the folds.

    Who is in which fold follows from the ids, not from the order of the rows.

    Raises:
        DataError: fewer people than folds.

    Example:
        >>> people_folds(["a", "a", "b", "c"], [0, 1, 0, 0], folds=2).tolist() in ([0, 0, 0, 1], [0, 0, 1, 0])
        True
    """
    people = People.of(subjects)
    if len(people) < folds:
        raise DataError(f"{len(people)} people for {folds} folds", where="subjects", remedy="use fewer folds")
    carried: dict[int, set[str]] = {}
    for owner, label in zip(people.owner.tolist(), np.asarray(labels).tolist(), strict=True):
        carried.setdefault(owner, set()).add(str(label))
    names = people.names.tolist()
    ranked = sorted(
        range(len(names)), key=lambda who: (sorted(carried[who]), hashlib.sha256(str(names[who]).encode()).digest())
    )
    fold = np.empty(len(names), np.int64)
    fold[ranked] = np.arange(len(names)) % folds
    return fold[people.owner]


class GroupedProbe(LogisticProbe):
    """:class:`LogisticProbe` that chooses its penalty by cross-validation over people instead of on validation people.

    Example:
        >>> x, y = [[-2.0], [-1.0], [-3.0], [1.0], [2.0], [3.0]], [0, 0, 0, 1, 1, 1]
        >>> probe = GroupedProbe().fit_grouped(x, y, list("abcdef"), folds=3)
        >>> probe.predict_proba([[4.0]]).argmax().item()
        1
    """

    def fit_grouped(
        self, x: ArrayLike, y: Sequence[Hashable] | NDArray[Any], subjects: ArrayLike, *, folds: int = 5
    ) -> GroupedProbe:
        """Choose the penalty by the mean AUROC over folds of people, then fit all rows with it.

        With fewer people than folds there are as many folds as people of the rarest class; where that leaves fewer than
        two, ``settings.few_label_penalty`` is used.

        Raises:
            DataError: one class only, NaN, bad shapes.
        """
        labels = np.asarray(y)
        table = features_of(x, labels, "x")
        self.classes = np.unique(labels)
        if len(self.classes) < 2:
            raise DataError(f"only one class in train: {self.classes.tolist()}", where="y")
        owner = np.asarray(subjects)
        rarest = min(len(np.unique(owner[labels == name])) for name in self.classes)
        usable = min(folds, rarest)
        if usable < 2:
            self.fit_fixed(table, labels)
            return self
        fold = people_folds(owner, labels, usable)
        with _one_thread():
            self.validation = self._walk(table, labels, fold)
        if not self.validation:
            self.fit_fixed(table, labels)
            return self
        # Strongest first: a weaker penalty must do better to replace it.
        self.penalty = max(self.validation, key=lambda penalty: (self.validation[penalty], -penalty))
        self._fit_once(table, labels, self.penalty)
        return self

    def _walk(self, x: Floats, labels: NDArray[Any], fold: Integers) -> dict[float, float]:
        """Penalty -> mean AUROC over folds, from strong to weak until two in a row have done worse than the best.

        Weak penalties take many times longer to fit, and on embeddings they hardly ever win.
        """
        paths = [self._path(x, labels, fold != number) for number in range(int(fold.max()) + 1)]
        found: dict[float, float] = {}
        worse = 0
        for penalty in sorted(self.settings.penalties):
            values = [path.auroc(penalty, self.classes) for path in paths if path is not None]
            known = [value for value in values if value is not None]
            if not known:
                break
            value = float(np.mean(known))
            worse = worse + 1 if found and value <= max(found.values()) else 0
            found[penalty] = value
            if worse == 2:
                break
        return found

    def _path(self, x: Floats, labels: NDArray[Any], train: NDArray[np.bool_]) -> _Fold | None:
        """One fold's training and held-out rows; None where a class is missing from the training part."""
        if len(np.unique(labels[train])) < len(self.classes):
            return None
        space = _Space.of(x[train])
        path = _Path(self.settings.class_weight)
        return _Fold(path, space.project(x[train]), labels[train], space.project(x[~train]), labels[~train])


@dataclass(frozen=True, eq=False)
class _Fold:
    """A fold, whose fits go from strong to weak penalties, each started at the last solution."""

    path: _Path
    z: Floats
    labels: NDArray[Any]
    held: Floats
    truth: NDArray[Any]

    def auroc(self, penalty: float, classes: NDArray[Any]) -> float | None:
        """Of the held-out people; None where they are all of one class."""
        try:
            scored = _probabilities(self.path.fit(self.z, self.labels, penalty), self.held)
            return _selection_auroc(self.truth, scored, classes, None)
        except DataError:
            return None
