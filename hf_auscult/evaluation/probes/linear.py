"""The linear probe: standardise, L2 logistic regression, penalty chosen on validation people. No randomness."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats, numbers
from ...metrics.ranking import auroc
from ._inputs import features_of
from .people import mean_by_person

Unit = Literal["recording", "subject"]

# Newton is exact in a few steps whatever the conditioning, but solves a (columns x columns) system; L-BFGS, for wider
# tables and several classes, then stops at probabilities exact to about 1e-3 (weak penalties) or far better (strong).
_NEWTON_COLUMNS = 1024
_NEWTON: dict[str, Any] = {"solver": "newton-cholesky", "tol": 1e-6, "max_iter": 200}
_LBFGS: dict[str, Any] = {"solver": "lbfgs", "tol": 1e-5, "max_iter": 5_000}


@dataclass(frozen=True)
class ProbeSettings:
    """How a linear probe is fitted.

    Attributes:
        penalties: grid of C, the inverse L2 strength of scikit-learn (small = strong).
        class_weight: "balanced" weighs classes inversely to their size; None leaves them.
        refit: fit again on train + validation with the chosen penalty.
        aggregate: the unit whose AUROC chooses the penalty and is the headline: single recordings, or people (mean
            score of their recordings).
        few_label_penalty: C of probes on a fraction of the labels, where no validation labels are assumed.
    """

    penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
    class_weight: Literal["balanced"] | None = "balanced"
    refit: bool = False
    aggregate: Unit = "recording"
    few_label_penalty: float = 0.01

    def __post_init__(self) -> None:
        if not self.penalties or min((*self.penalties, self.few_label_penalty)) <= 0:
            raise ConfigurationError(f"penalties {self.penalties}: give at least one, all above 0", where="penalties")
        if self.class_weight not in ("balanced", None):
            raise ConfigurationError(f"{self.class_weight!r}", where="class_weight", remedy="use 'balanced' or None")
        if self.aggregate not in ("recording", "subject"):
            raise ConfigurationError(f"{self.aggregate!r}", where="aggregate", remedy="use 'recording' or 'subject'")


class LogisticProbe:
    """Balanced L2 logistic regression on frozen features.

    Columns are standardised with the training rows. With more columns than training rows, the rows are written in an
    orthonormal basis of their own span (QR): the L2 solution lies in that span, so nothing changes but the time
    (6,373 openSMILE columns, 500 rows: 500 unknowns). The intercept is not penalised. Deterministic.

    Attributes:
        settings: how it is fitted.
        penalty: the chosen C, NaN before :meth:`fit`; equal validation AUROCs choose the strongest (smallest C).
        validation: C -> validation AUROC.
        classes: class labels in the order of the columns of :meth:`predict_proba`.

    Example:
        >>> x, y = [[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1]
        >>> probe = LogisticProbe().fit(x, y, x, y)
        >>> probe.penalty, probe.predict_proba([[3.0]]).argmax().item()
        (0.0001, 1)
    """

    def __init__(self, settings: ProbeSettings | None = None) -> None:
        self.settings = settings or ProbeSettings()
        self.penalty = float("nan")
        self.validation: dict[float, float] = {}
        self.classes: NDArray[Any] = np.empty(0)
        self._space: _Space | None = None
        self._model: Any = None

    def fit(
        self,
        x_train: ArrayLike,
        y_train: Sequence[Hashable] | NDArray[Any],
        x_val: ArrayLike,
        y_val: Sequence[Hashable] | NDArray[Any],
        *,
        subjects_val: ArrayLike | None = None,
    ) -> LogisticProbe:
        """Fit one model per penalty and keep the one with the best validation AUROC.

        Several classes: mean one-versus-rest AUROC over the classes that the validation set can rank.

        Args:
            x_train: (n, d) features.
            y_train: (n,) labels, any hashable.
            x_val: (m, d) features.
            y_val: (m,) labels.
            subjects_val: (m,) people, needed for ``aggregate="subject"``.

        Raises:
            DataError: one class only in train or validation, validation classes unknown to train, NaN, bad shapes.
            ConfigurationError: ``aggregate="subject"`` without ``subjects_val``.
        """
        labels, labels_val = np.asarray(y_train), np.asarray(y_val)
        x, held_out = features_of(x_train, labels, "x_train"), features_of(x_val, labels_val, "x_val")
        self.classes = np.unique(labels)
        if len(self.classes) < 2:
            raise DataError(f"only one class in train: {self.classes.tolist()}", where="y_train")
        unknown = np.setdiff1d(labels_val, self.classes).tolist()
        if unknown:
            raise DataError(f"validation class(es) {unknown} never occur in train", where="y_val")
        if self.settings.aggregate == "subject" and subjects_val is None:
            raise ConfigurationError("aggregate='subject' needs the validation people", where="subjects_val")
        owner = subjects_val if self.settings.aggregate == "subject" else None

        self.validation = {}
        best = -np.inf
        with _one_thread():
            self._space = space = _Space.of(x)
            path = _Path(self.settings.class_weight)
            z, z_val = space.project(x), space.project(held_out)
            for penalty in sorted(self.settings.penalties):  # strongest first: a later tie does not replace it
                model = path.fit(z, labels, penalty)
                value = _selection_auroc(labels_val, _probabilities(model, z_val), self.classes, owner)
                self.validation[penalty] = value
                if value > best:
                    best, self.penalty, self._model = value, penalty, deepcopy(model)
        if self.settings.refit:
            self._fit_once(np.concatenate([x, held_out]), np.concatenate([labels, labels_val]), self.penalty)
        return self

    def fit_fixed(
        self, x_train: ArrayLike, y_train: Sequence[Hashable] | NDArray[Any], penalty: float | None = None
    ) -> LogisticProbe:
        """Fit with one penalty (default: ``settings.few_label_penalty``) and no validation set.

        Raises:
            DataError: one class only, NaN, bad shapes.
        """
        labels = np.asarray(y_train)
        x = features_of(x_train, labels, "x_train")
        self.classes = np.unique(labels)
        self.validation = {}
        self.penalty = self.settings.few_label_penalty if penalty is None else penalty
        self._fit_once(x, labels, self.penalty)
        return self

    def predict_proba(self, x: ArrayLike) -> Floats:
        """(n, classes) probabilities, columns in the order of ``classes``.

        Raises:
            ConfigurationError: not fitted yet.
            DataError: another number of columns than in training, or NaN.
        """
        if self._space is None:
            raise ConfigurationError("the probe is not fitted", remedy="call fit first")
        return _probabilities(self._model, self._space.project(numbers(x, "x", dimensions=(2,))))

    def _fit_once(self, x: Floats, labels: NDArray[Any], penalty: float) -> None:
        with _one_thread():
            self._space = _Space.of(x)
            self._model = _Path(self.settings.class_weight).fit(self._space.project(x), labels, penalty)


def _one_thread() -> AbstractContextManager[Any]:
    """BLAS on one thread: the solvers make many small calls, on busy cores 40 times slower with two threads than one.

    It also makes the sums independent of the number of cores.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits


@dataclass(frozen=True)
class _Space:
    """Standardisation, and the basis of the training rows where there are fewer of them than columns."""

    mean: Floats
    scale: Floats
    basis: Floats | None

    @classmethod
    def of(cls, x: Floats) -> _Space:
        mean, scale = x.mean(axis=0), x.std(axis=0)
        # A constant column carries nothing; its rounding error must not be blown up to unit variance.
        scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)] = np.inf
        if len(x) >= x.shape[1]:
            return cls(mean, scale, None)
        return cls(mean, scale, np.linalg.qr(((x - mean) / scale).T)[0])

    def project(self, x: Floats) -> Floats:
        if x.shape[1] != len(self.mean):
            raise DataError(f"{x.shape[1]} columns, the probe was fitted on {len(self.mean)}", where="x")
        standard: Floats = (x - self.mean) / self.scale
        return standard if self.basis is None else standard @ self.basis


class _Path:
    """Logistic regressions from strong to weak penalty, each started at the last solution."""

    def __init__(self, class_weight: str | None) -> None:
        from sklearn.linear_model import LogisticRegression

        self.model = LogisticRegression(class_weight=class_weight, warm_start=True)

    def fit(self, z: Floats, labels: NDArray[Any], penalty: float) -> Any:
        classes = np.unique(labels)
        if len(classes) < 2:
            raise DataError(f"only one class in train: {classes.tolist()}", where="y_train")
        solver = _NEWTON if len(classes) == 2 and z.shape[1] <= _NEWTON_COLUMNS else _LBFGS
        self.model.set_params(**solver)
        return self.model.set_params(C=penalty).fit(z, labels)


def _probabilities(model: Any, z: Floats) -> Floats:
    probabilities: Floats = model.predict_proba(z)
    return probabilities


def _selection_auroc(y: NDArray[Any], probability: Floats, classes: NDArray[Any], owner: ArrayLike | None) -> float:
    table = (y[:, None] == classes[None, :]).astype(np.int64)
    if owner is not None:
        table, probability = mean_by_person(table, probability, owner)
    ranked = [c for c in range(len(classes)) if 0 < table[:, c].sum() < len(table)]
    if not ranked:
        raise DataError(
            f"only one class among the {len(table)} validation rows",
            where="y_val",
            remedy="choose the penalty with fit_fixed, or repair the split",
        )
    if len(classes) == 2:
        return auroc(table[:, 1], probability[:, 1])
    return float(np.mean([auroc(table[:, c], probability[:, c]) for c in ranked]))
