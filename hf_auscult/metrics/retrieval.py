"""Does a recording find its report, and a report its recording?"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ConfigurationError, DataError
from .arrays import Floats, Integers, numbers, one_spelling_each, same_length
from .intervals import Interval, mean_hits, person_interval

Direction = Literal["audio_to_text", "text_to_audio"]
DIRECTIONS: tuple[Direction, Direction] = ("audio_to_text", "text_to_audio")

_BLOCK = 1024  # queries scored at once
_TIE = 1e-9  # similarities closer than this (times the largest norm product) are one tie: float noise must not rank


@dataclass(frozen=True)
class QueryRanks:
    """Where each query found its target; one entry per query.

    Attributes:
        row: input row of the query (the first one that carries the text, for a text shared by several recordings).
        better: wrong candidates strictly ahead of the best target.
        tied_targets: targets at the best target's similarity (at least 1).
        tied_others: wrong candidates at that similarity.
        targets: right answers in the gallery.
        gallery: candidates.
    """

    row: Integers
    better: Integers
    tied_targets: Integers
    tied_others: Integers
    targets: Integers
    gallery: Integers

    @property
    def rank(self) -> Floats:
        """Expected rank (from 1) of the best target when ties are broken at random: the mid-rank for one target."""
        return self.better + (self.tied_targets + self.tied_others + 1) / (self.tied_targets + 1)

    def recall(self, k: int) -> Floats:
        """Chance, in [0, 1], that a target is among the first ``k`` when ties are broken at random."""
        miss = np.ones(len(self.row))
        tied = self.tied_targets + self.tied_others
        for place in range(k):
            open_place = self.better + place < k
            ratio = np.maximum(self.tied_others - place, 0) / np.maximum(tied - place, 1)
            miss = np.where(open_place, miss * ratio, miss)
        return 1.0 - miss

    def at_random(self) -> QueryRanks:
        """The same queries with every candidate tied: what embeddings that say nothing score."""
        nothing = np.zeros_like(self.better)
        return QueryRanks(self.row, nothing, self.targets, self.gallery - self.targets, self.targets, self.gallery)

    def summary(self, ks: Sequence[int]) -> dict[str, float]:
        """``R@k`` for each k and ``median_rank``."""
        figures = {f"R@{k}": float(self.recall(k).mean()) for k in ks}
        return {**figures, "median_rank": float(np.median(self.rank))}


@dataclass(frozen=True)
class RetrievalScores:
    """Retrieval in both directions.

    Attributes:
        audio_to_text: ``R@k`` and ``median_rank``.
        text_to_audio: the same keys.
        n: recordings.
        chance: the same keys for each direction, from the same galleries with every candidate tied.
        queries: per-query ranks of each direction, for intervals.
    """

    audio_to_text: dict[str, float]
    text_to_audio: dict[str, float]
    n: int
    chance: dict[str, dict[str, float]]
    queries: dict[Direction, QueryRanks]
    ks: tuple[int, ...] = (1, 5, 10)

    def to_dict(self) -> dict[str, Any]:
        """The figures without the per-query arrays, ready for JSON."""
        return {
            "audio_to_text": self.audio_to_text,
            "text_to_audio": self.text_to_audio,
            "n": self.n,
            "chance": self.chance,
        }


def bidirectional_retrieval(
    audio: ArrayLike,
    text: ArrayLike,
    *,
    ks: Sequence[int] = (1, 5, 10),
    groups: Sequence[Hashable] | None = None,
    similarity: Literal["cosine", "dot"] = "cosine",
    text_ids: Sequence[Hashable] | None = None,
) -> RetrievalScores:
    """Recall at k and median rank of paired recordings and reports, exact search, honest ties.

    Ties are broken at random *in expectation* (mid-rank, and the probability of standing among the first k), so that
    constant embeddings score exactly ``chance`` and never a perfect score.

    Args:
        audio: (n, d) embeddings of the recordings.
        text: (n, d) embeddings of their reports, row by row.
        ks: cut-offs.
        groups: (n,) gallery of each row (its dataset, say): candidates come from the query's own group only. A gallery
            pooled over datasets is largely solved by telling the datasets apart.
        similarity: "cosine" or "dot".
        text_ids: (n,) the report text itself or its hash. Rows with equal ids share one text: the gallery of texts
            holds it once (its mean embedding), there is one text query for it, and that query is answered by the
            best-ranked recording that carries it.

    Raises:
        DataError: unequal shapes, NaN, or fewer than two rows.
        ConfigurationError: unknown similarity, or a cut-off below 1.

    Source: AcuLa (arXiv:2512.04847), appendix H, with ties and repeated texts made explicit.

    Example:
        >>> scores = bidirectional_retrieval([[1, 0], [0, 1]], [[1, 0], [0.2, 1]])
        >>> scores.audio_to_text["R@1"], scores.chance["audio_to_text"]["R@1"]
        (1.0, 0.5)
    """
    left, right = numbers(audio, "audio", dimensions=(2,)), numbers(text, "text", dimensions=(2,))
    if left.shape != right.shape:
        raise DataError(f"audio {left.shape} and text {right.shape} differ", remedy="give one report row per recording")
    n = len(left)
    if n < 2:
        raise DataError("retrieval among one candidate says nothing", where="audio")
    if not ks or min(ks) < 1:
        raise ConfigurationError(f"cut-offs {tuple(ks)}; every k must be at least 1", where="ks")
    if similarity == "cosine":
        left, right = unit_rows(left), unit_rows(right)
    elif similarity != "dot":
        raise ConfigurationError(f"unknown similarity {similarity!r}", remedy="use 'cosine' or 'dot'")
    group = _codes(groups, n, "groups") if groups is not None else np.zeros(n, dtype=np.int64)
    identity = _codes(text_ids, n, "text_ids") if text_ids is not None else np.arange(n)

    found: dict[Direction, list[QueryRanks]] = {direction: [] for direction in DIRECTIONS}
    for number in np.unique(group):
        rows = np.flatnonzero(group == number)
        _, first, target = np.unique(identity[rows], return_index=True, return_inverse=True)
        texts = np.zeros((len(first), right.shape[1]))
        np.add.at(texts, target, right[rows])
        texts /= np.bincount(target)[:, None]
        tolerance = _TIE * float(np.linalg.norm(left[rows], axis=1).max() * np.linalg.norm(texts, axis=1).max())
        unique = np.arange(len(first))
        found["audio_to_text"].append(_search(left[rows], texts, target, unique, rows, tolerance))
        found["text_to_audio"].append(_search(texts, left[rows], unique, target, rows[first], tolerance))
    queries = {direction: _in_row_order(parts) for direction, parts in found.items()}
    cut = tuple(ks)
    summaries = {direction: ranks.summary(cut) for direction, ranks in queries.items()}
    chance: dict[str, dict[str, float]] = {name: ranks.at_random().summary(cut) for name, ranks in queries.items()}
    return RetrievalScores(summaries["audio_to_text"], summaries["text_to_audio"], n, chance, queries, cut)


def retrieval_intervals(
    scores: RetrievalScores, subjects: ArrayLike, *, level: float = 0.95
) -> dict[str, dict[str, Interval]]:
    """Interval of every figure over the people of the queries; the gallery stays as it is.

    Recall is a share (:func:`~hf_auscult.metrics.person_interval`); the median rank lies between the quantiles of the
    ranks at the bounds of a share of one half (Woodruff 1952). A text carried by several people counts as the query of
    the first of them.

    Args:
        scores: of :func:`bidirectional_retrieval`.
        subjects: (n,) who was recorded, in the rows given there.
        level: coverage.

    Raises:
        DataError: as :func:`~hf_auscult.metrics.person_interval`.
    """
    people = np.asarray(subjects)
    if len(people) != scores.n:
        raise DataError(f"{len(people)} subjects for {scores.n} recordings", where="subjects")
    out: dict[str, dict[str, Interval]] = {}
    for direction, ranks in scores.queries.items():
        who = people[ranks.row]
        out[direction] = {
            f"R@{k}": person_interval(mean_hits, ranks.recall(k), subjects=who, level=level) for k in scores.ks
        }
        median = float(np.median(ranks.rank))
        half = person_interval(mean_hits, (ranks.rank <= median).astype(np.float64), subjects=who, level=level)
        assert half.low is not None and half.high is not None
        # The share at or below the median is at least one half: its bounds are moved there.
        shift = half.value - 0.5
        low, high = (float(np.quantile(ranks.rank, min(max(end - shift, 0), 1))) for end in (half.low, half.high))
        out[direction]["median_rank"] = replace(
            half, value=median, low=min(low, median), high=max(high, median), method="quantiles at the bounds of a half"
        )
    return out


def zero_shot_scores(audio: ArrayLike, class_text: Mapping[str, ArrayLike]) -> Floats:
    """Cosine of each recording with each class's mean prompt; columns in the order of the mapping.

    Args:
        audio: (n, d) embeddings.
        class_text: label -> (p, d) embeddings of its p phrasings (or (d,) for one); each is normalised before the mean.

    Raises:
        DataError: no class, one under several spellings, NaN, or other widths than the audio's.

    Example:
        >>> zero_shot_scores([[2.0, 0.0]], {"wheeze": [[1.0, 0.0]], "normal": [[0.0, 3.0]]}).tolist()
        [[1.0, 0.0]]
    """
    clips = numbers(audio, "audio", dimensions=(2,))
    if not class_text:
        raise DataError("no classes", where="class_text")
    one_spelling_each(class_text, "class_text")
    columns = []
    for label, prompts in class_text.items():
        phrasings = np.atleast_2d(numbers(prompts, f"prompts of {label}", dimensions=(1, 2)))
        if phrasings.shape[1] != clips.shape[1]:
            raise DataError(
                f"prompts are {phrasings.shape[1]} wide, the audio {clips.shape[1]}", where=f"prompts of {label}"
            )
        columns.append(unit_rows(phrasings).mean(axis=0))
    scores: Floats = unit_rows(clips) @ unit_rows(np.stack(columns)).T
    return scores


def unit_rows(x: Floats) -> Floats:
    """Rows scaled to length 1; an all-zero row stays zero (its cosine with anything is 0, a tie)."""
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    scaled: Floats = np.divide(x, norm, out=np.zeros_like(x), where=norm > 0)
    return scaled


def _search(
    query: Floats, gallery: Floats, wanted: Integers, carried: Integers, row: Integers, tolerance: float
) -> QueryRanks:
    """``wanted[i]`` is the text query i is after, ``carried[j]`` the text that candidate j carries."""
    columns: list[list[Integers]] = [[], [], []]
    for start in range(0, len(query), _BLOCK):
        block = slice(start, start + _BLOCK)
        similarity = query[block] @ gallery.T
        of, target = np.nonzero(wanted[block, None] == carried[None, :])  # every query has a target
        own, starts = similarity[of, target], np.searchsorted(of, np.arange(len(similarity)))
        best = np.maximum.reduceat(own, starts)
        ahead = np.count_nonzero(similarity > best[:, None] + tolerance, axis=1)
        tied = np.count_nonzero(similarity >= best[:, None] - tolerance, axis=1) - ahead
        tied_right = np.add.reduceat((own >= best[of] - tolerance).astype(np.int64), starts)
        for column, values in zip(columns, (ahead, tied_right, tied - tied_right), strict=True):
            column.append(np.asarray(values, np.int64))
    better, tied_targets, tied_others = (np.concatenate(parts) for parts in columns)
    targets = np.bincount(carried, minlength=int(wanted.max()) + 1)[wanted]
    return QueryRanks(row, better, tied_targets, tied_others, targets, np.full(len(query), len(gallery)))


def _in_row_order(parts: list[QueryRanks]) -> QueryRanks:
    order = np.argsort(np.concatenate([part.row for part in parts]), kind="stable")
    names = ("row", "better", "tied_targets", "tied_others", "targets", "gallery")
    return QueryRanks(*(np.concatenate([getattr(part, name) for part in parts])[order] for name in names))


def _codes(values: Sequence[Hashable], n: int, name: str) -> Integers:
    numbering: dict[Hashable, int] = {}
    codes = np.array([numbering.setdefault(value, len(numbering)) for value in values], dtype=np.int64)
    same_length(**{name: codes, "audio": np.empty(n)})
    return codes
