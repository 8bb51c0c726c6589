"""The shortcut baselines: how far age, sex, site and device go, without the sound and with its level alone."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data import DATASETS
from ..data.spec import Shortcuts
from ..errors import ConfigurationError, DataError
from ..metrics.arrays import Floats
from .probe_evaluation import EvaluationSettings, ProbeResult, evaluate_probe

METADATA, METADATA_AND_LEVEL = "metadata", "metadata + recording level"
"""Names of the two baselines in tables."""
LEVEL = ("duration", "loudness", "silence_ratio")
"""Properties of the waveform that tell nothing of the body: seconds, dBFS, share of silence."""
_MISSING_WORDS = frozenset({"", "nan", "none", "na", "n/a", "null"})


@dataclass(frozen=True)
class ShortcutSpec:
    """Which columns of a task's table may be used: by default, what is known without the sound.

    Never name a column here that restates the label.
    """

    categorical: tuple[str, ...] = ("sex", "age_group", "site", "device")
    numeric: tuple[str, ...] = ("age", "height", "weight")

    def __post_init__(self) -> None:
        twice = {name for name in self.columns if self.columns.count(name) > 1}
        if not self.columns or twice:
            problem = f"columns named twice: {sorted(twice)}" if twice else "names no column"
            raise ConfigurationError(problem, where="ShortcutSpec")

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them, categorical first."""
        return self.categorical + self.numeric

    def with_level(self) -> ShortcutSpec:
        """The same columns and the recording level: duration, loudness and share of silence of the waveform.

        Example:
            >>> ShortcutSpec(("sex",), ("age",)).with_level().numeric
            ('age', 'duration', 'loudness', 'silence_ratio')
        """
        return ShortcutSpec(self.categorical, (*self.numeric, *LEVEL))


def shortcut_spec(dataset: str, config: str) -> ShortcutSpec:
    """The metadata that a dataset's task may be guessed from, its own columns among them.

    Example:
        >>> "database" in shortcut_spec("cinc2016", "normal_abnormal").categorical
        True
    """
    usual, own = ShortcutSpec(), DATASETS[dataset].shortcuts if dataset in DATASETS else Shortcuts()
    label = own.restated.get(config, ())
    categorical = (*usual.categorical, *own.columns, "source")
    return ShortcutSpec(tuple(name for name in categorical if name not in label), (*usual.numeric, *own.numeric))


@dataclass(frozen=True)
class ShortcutFeatures:
    """Numbers made of metadata.

    Attributes:
        values: (n, d), learned on the training rows only.
        names: (d,) such as ``site=aortic``, ``age``, ``age missing``.
        used: columns that contribute.
        absent: columns that the table does not have.
        constant: columns with a single value among the training rows, dropped.
    """

    values: Floats
    names: tuple[str, ...]
    used: tuple[str, ...]
    absent: tuple[str, ...]
    constant: tuple[str, ...]


@dataclass(frozen=True)
class ShortcutResult:
    """The probe's figures on metadata, and which columns they rest on."""

    probe: ProbeResult
    used: tuple[str, ...]
    absent: tuple[str, ...]
    constant: tuple[str, ...]

    def to_dict(self, *, scores: bool = False) -> dict[str, Any]:
        """Ready for JSON."""
        columns = {"used": list(self.used), "absent": list(self.absent), "constant": list(self.constant)}
        return {**self.probe.to_dict(scores=scores), "columns": columns}


def shortcut_features(
    rows: Iterable[Mapping[str, Any]], spec: ShortcutSpec | None = None, train_mask: ArrayLike | None = None
) -> ShortcutFeatures:
    """One-hot categories and filled-in numbers, learned on the training rows.

    Missing values (None, NaN, "", "nan", "NA") become a category of their own, or the training median plus a flag
    column. A category that train never saw is all zeros. A column absent from every row is named, not guessed.

    Args:
        rows: one mapping per recording.
        spec: the columns; default: :class:`ShortcutSpec`.
        train_mask: (n,) True for training rows.

    Raises:
        ConfigurationError: no ``train_mask``.
        DataError: no rows or training rows, a numeric column with text in it (column and row are named), or no column
            left to use.

    Example:
        >>> table = [{"sex": "F", "age": 4}, {"sex": "M", "age": None}, {"sex": "F", "age": 8}]
        >>> made = shortcut_features(table, ShortcutSpec(("sex",), ("age",)), [True, True, False])
        >>> made.names, made.values[1].tolist()
        (('sex=F', 'sex=M', 'age missing'), [0.0, 1.0, 1.0])
    """
    spec = spec or ShortcutSpec()
    table = list(rows)
    if train_mask is None:
        raise ConfigurationError("which rows are for training?", where="train_mask", remedy="pass split == 'train'")
    train = np.asarray(train_mask, dtype=np.bool_)
    if not table or train.shape != (len(table),) or not train.any():
        raise DataError(f"{len(table)} rows, training mask {train.shape} with {int(train.sum())} rows", where="rows")
    absent = tuple(name for name in spec.columns if not any(name in row for row in table))
    blocks: list[Floats] = []
    names: list[str] = []
    used: list[str] = []
    constant: list[str] = []
    for name in spec.columns:
        if name in absent:
            continue
        column = [row.get(name) for row in table]
        encode = _one_hot if name in spec.categorical else _filled
        block, labels = encode(name, column, train)
        if not labels:
            constant.append(name)
            continue
        blocks.append(block)
        names.extend(labels)
        used.append(name)
    if not blocks:
        raise DataError(
            f"no shortcut column can be used: absent {list(absent)}, constant {constant}",
            where="rows",
            remedy="name the table's own metadata columns in a ShortcutSpec",
        )
    return ShortcutFeatures(np.concatenate(blocks, axis=1), tuple(names), tuple(used), absent, tuple(constant))


def evaluate_shortcuts(
    rows: Iterable[Mapping[str, Any]],
    labels: Sequence[Hashable] | NDArray[Any],
    subjects: ArrayLike,
    split: Sequence[str] | NDArray[Any],
    spec: ShortcutSpec | None = None,
    settings: EvaluationSettings | None = None,
    *,
    positive: Hashable | None = None,
) -> ShortcutResult:
    """The probe that evaluates embeddings, on metadata instead.

    Args:
        rows: one mapping per recording.
        labels: as in :func:`~hf_auscult.evaluation.probe_evaluation.evaluate_probe`, like the rest.
        subjects: who was recorded.
        split: "train", "validation" or "test".
        spec: the columns; metadata alone by default, ``ShortcutSpec().with_level()`` adds the recording level.
        settings: of the evaluation; all labels by default.
        positive: the positive class of two.

    Raises:
        DataError: as :func:`shortcut_features` and ``evaluate_probe``.
        LeakageError: a person stands in two splits.
    """
    made = shortcut_features(rows, spec, np.asarray(split).astype(str) == "train")
    settings = settings or EvaluationSettings(fractions=(1.0,))
    probe = evaluate_probe(made.values, labels, subjects, split, settings, positive=positive)
    return ShortcutResult(probe, made.used, made.absent, made.constant)


def _one_hot(name: str, column: list[Any], train: NDArray[np.bool_]) -> tuple[Floats, list[str]]:
    levels = np.array(["missing" if _is_missing(value) else str(value) for value in column])
    known = np.unique(levels[train])
    if len(known) < 2:
        return np.empty((len(column), 0)), []
    return (levels[:, None] == known[None, :]).astype(np.float64), [f"{name}={level}" for level in known]


def _filled(name: str, column: list[Any], train: NDArray[np.bool_]) -> tuple[Floats, list[str]]:
    values = np.array([_number(name, row, value) for row, value in enumerate(column)])
    missing = np.isnan(values)
    known = values[train & ~missing]
    if not len(known):
        return np.empty((len(column), 0)), []
    filled = np.where(missing, np.median(known), values)
    blocks, labels = [], []
    if np.ptp(known) > 0:
        blocks.append(filled)
        labels.append(name)
    if missing[train].any():  # nothing to learn about a flag that never occurs in train
        blocks.append(missing.astype(np.float64))
        labels.append(f"{name} missing")
    return np.stack(blocks, axis=1) if blocks else np.empty((len(column), 0)), labels


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return True
    return isinstance(value, str) and value.strip().lower() in _MISSING_WORDS


def _number(name: str, row: int, value: Any) -> float:
    if _is_missing(value):
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{value!r} is not a number", where=f"row {row}, column {name}", remedy="list the column as categorical"
        ) from error
    if math.isinf(number):
        raise DataError("is infinite", where=f"row {row}, column {name}")
    return number
