"""How much of a label is still in the texts alone: the figure that travels with a set of reports.

A classifier that never hears anything learns from the reports of some people and reads those of others. What it scores
above chance is what an aligned encoder could have learned from the texts about the label itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ConfigurationError, DataError
from ..files import Serialisable
from ..metrics import Interval, auroc, person_interval

BAG_OF_WORDS = "bag of words"
READERS: tuple[str, ...] = (BAG_OF_WORDS, "characters", "length")
"""What reads texts by itself: TF-IDF of words and pairs, of two to five characters, and the text's length."""


@dataclass(frozen=True)
class LeakageSettings:
    """How the leak is measured.

    Args:
        folds: of the cross-validation; classes of fewer people are left out, and listed.
        draws: resamples of people for the interval.
        level: of the interval; one in forty texts that say nothing lies above .5 by 95 % intervals, so ask for more
            where many are looked at.
        seed: of folds and interval.

    Raises:
        ConfigurationError: fewer than two folds.
    """

    folds: int = 5
    draws: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ConfigurationError(f"folds is {self.folds}", remedy="use 2 or more")


@dataclass(frozen=True)
class Leakage(Serialisable):
    """The label that texts give away.

    Args:
        reader: what read them: ``bag of words``, or the name given to the embeddings.
        auroc: over held-out people, with the interval over people; macro one-vs-rest for several classes.
        classes: of the label.
        counts: recordings of each class.
        subjects: people.
        positives: people with a recording of the second of two classes; None for several classes.
        left_out: classes of fewer people than folds.
        folds: of the cross-validation; no person is in two of them.
    """

    reader: str
    auroc: Interval
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    subjects: int
    positives: int | None
    left_out: tuple[str, ...]
    folds: int

    computed = ("at_chance",)

    @property
    def at_chance(self) -> bool:
        """Whether the interval includes .5 (or lies below it, where what was learned of some misleads about others)."""
        return self.auroc.low is None or self.auroc.low <= 0.5


def leakage(
    texts: Sequence[str],
    labels: Sequence[str],
    subjects: Sequence[str],
    *,
    embeddings: ArrayLike | None = None,
    reader: str = BAG_OF_WORDS,
    settings: LeakageSettings | None = None,
) -> Leakage:
    """Measure how well a label can be read off texts, by people who were not trained on.

    What the reader makes of the texts (or the embeddings, standardised) goes into L2 logistic regression, classes
    weighted alike. Scores are ranked within each fold, so that the folds' thresholds do not count.

    Args:
        texts: one a recording; several phrasings of each, as rows of their own, make the figure steadier.
        labels: class names, one a recording.
        subjects: who was recorded, one a recording.
        embeddings: (n, d) what a teacher makes of the texts; read instead of the words.
        reader: one of :data:`READERS`, or the name of what made the embeddings.
        settings: folds, resamples, level and seed.

    Raises:
        ConfigurationError: no such reader, and no embeddings.
        DataError: lengths differ, or fewer than two classes of as many people as folds.

    Example:
        >>> people = [str(number) for number in range(40)]
        >>> labels = ["ill" if number % 2 else "well" for number in range(40)]
        >>> texts = [f"The child is {label}." for label in labels]
        >>> leakage(texts, labels, people, settings=LeakageSettings(draws=50)).auroc.value
        1.0
    """
    from sklearn.model_selection import StratifiedGroupKFold

    settings = settings or LeakageSettings()
    folds, seed = settings.folds, settings.seed
    _check(texts, labels, subjects, embeddings)
    if embeddings is None and reader not in READERS:
        raise ConfigurationError(f"no reader {reader!r}", remedy=f"use one of {', '.join(READERS)}, or give embeddings")
    people = np.asarray(subjects)
    of_class = {name: len(set(people[np.asarray(labels) == name])) for name in sorted(set(labels))}
    left_out = tuple(name for name, count in of_class.items() if count < folds)
    if len(of_class) - len(left_out) < 2:
        raise DataError(f"there are not two classes of {folds} people", remedy="pass more people, or fewer folds")
    kept = np.flatnonzero(~np.isin(labels, left_out))
    texts, people = [str(text) for text in np.asarray(texts, dtype=object)[kept]], people[kept]
    embeddings = None if embeddings is None else np.asarray(embeddings)[kept]
    classes, target = np.unique(np.asarray(labels)[kept], return_inverse=True)
    scores = np.full((len(target), len(classes)), np.nan)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(target, target, people):
        scores[test] = _ranks(_scores(texts, embeddings, reader, target, train, test, len(classes)))
    ranked = scores[:, 1] if len(classes) == 2 else scores
    interval = person_interval(
        auroc, target, ranked, subjects=people, draws=settings.draws, seed=seed, level=settings.level
    )
    return Leakage(
        reader=reader,
        auroc=interval,
        classes=tuple(map(str, classes)),
        counts=tuple(int(count) for count in np.bincount(target)),
        subjects=len(set(people)),
        positives=len(set(people[target == 1])) if len(classes) == 2 else None,
        left_out=left_out,
        folds=folds,
    )


def _check(texts: Sequence[str], labels: Sequence[str], subjects: Sequence[str], embeddings: ArrayLike | None) -> None:
    lengths = {len(texts), len(labels), len(subjects)}
    lengths |= set() if embeddings is None else {len(np.asarray(embeddings))}
    if len(lengths) != 1:
        raise DataError(f"texts, labels, subjects and embeddings have lengths {sorted(lengths)}", remedy="align them")


def _scores(
    texts: Sequence[str],
    embeddings: ArrayLike | None,
    reader: str,
    target: NDArray[np.int64],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    classes: int,
) -> NDArray[np.float64]:
    """Decision values of the held-out rows, a column a class; a class without training rows scores 0."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    first: Any = StandardScaler()
    data: Any = np.asarray(texts, dtype=object)
    if embeddings is not None:
        data = np.asarray(embeddings, dtype=np.float64)
    elif reader == "length":
        data = np.asarray([(len(text), len(text.split())) for text in texts], dtype=np.float64)
    elif reader == "characters":
        first = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True, max_features=20_000
        )
    else:
        first = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"[^\s;,():]*[^\s;,():.]", sublinear_tf=True)
    # weakly regularised: texts of templates hold few words, and what leaks should be found
    model = make_pipeline(first, LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000))
    model.fit(data[train], target[train])
    decisions = model.decision_function(data[test])
    if decisions.ndim == 1:
        decisions = np.stack([-decisions, decisions], axis=1)
    scores = np.zeros((len(test), classes))
    scores[:, model.classes_] = decisions
    return scores


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    return np.asarray(rankdata(scores, axis=0) - 0.5) / len(scores)
