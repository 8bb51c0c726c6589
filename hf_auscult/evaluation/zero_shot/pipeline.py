"""AcuLa's zero-shot pipeline: the nearest training reports, read again by a second text model, beside its floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...metrics.arrays import Floats, Integers
from ...metrics.retrieval import unit_rows, zero_shot_scores
from .evaluation_set import EvaluationSet, Row
from .neighbours import Search, nearest

SHUFFLES = 100  # enough for the 2.5 % ends of their range to rest on a few each


@dataclass(frozen=True)
class Floor:
    """AUROC when what is read is a report of somebody else than the one retrieved: mean and 95 % range of shuffles."""

    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Read:
    """What the second model makes of reports, against one kind of class text.

    Args:
        against: ``class names`` or ``sentences``.
        retrieved: of the reports retrieved for a recording.
        shuffled: of as many reports of other training people.
        own: of the recording's own report: how much of the label the second model finds in the text, and what a
            perfect retrieval would give it to read; None where a recording has none.
    """

    against: str
    retrieved: Row
    shuffled: Floor
    own: Row | None


@dataclass(frozen=True, eq=False)
class Pipeline:
    """The pipeline with the reports of one mask.

    Args:
        mask: its name.
        distinct: different training reports.
        top_k: reports that were read for a recording; fewer than asked for where there are no more.
        read: against each kind of class text.
        first: (distinct,) training row of each different report.
        neighbours: (n, top_k) places in ``first``.
        similarity: (n, top_k) cosines in the shared space.
        scores: kind of class text -> (n, C).
    """

    mask: str
    distinct: int
    top_k: int
    read: tuple[Read, ...]
    first: Integers
    neighbours: Integers
    similarity: Floats
    scores: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class ReportGallery:
    """Training reports under one mask: what is searched, and what is read.

    Args:
        mask: its name.
        texts: (m,) the reports.
        keys: (m, D) projected into the shared space: what is searched.
        values: (m, E) read by the second model.
        people: (m,) whom they are about; shuffles exchange people, because one person's reports are alike.
    """

    mask: str
    texts: Sequence[str]
    keys: Floats
    values: Floats
    people: Sequence[str]


def pipeline(
    gallery: ReportGallery,
    audio: Floats,
    own: Floats | None,
    class_texts: Mapping[str, Mapping[str, Floats]],
    tested: EvaluationSet,
    *,
    top_k: int = 5,
    search: Search = "exact",
) -> Pipeline:
    """Retrieve training reports for the test recordings and read them.

    Args:
        gallery: the training reports.
        audio: (n, D) projected recordings.
        own: (n, E) the recordings' own reports read by the second model; None where some have none.
        class_texts: kind -> class -> (p, E) read by the second model, classes in their order.
        tested: the test people.
        top_k: reports a recording.
        search: of :func:`hf_auscult.evaluation.zero_shot.neighbours.nearest`.

    Raises:
        DataError: no training report, or arrays that do not fit together.

    Source: AcuLa (arXiv:2512.04847), section IV-C. There the class nearest to the reports is the answer; the floors,
    the ceiling and the masks are ours.
    """
    if not gallery.texts:
        raise DataError("no training recording has a report", where=f"mask {gallery.mask}")
    seen: dict[str, int] = {}
    for row, text in enumerate(gallery.texts):
        seen.setdefault(text, row)
    first = np.array(list(seen.values()), np.int64)
    found = nearest(audio, gallery.keys[first], min(top_k, len(first)), search=search)
    table = unit_rows(np.asarray(gallery.values, np.float64)[first])
    rng = np.random.default_rng(tested.bootstrap.seed)
    owners = np.asarray(gallery.people)[first]
    orders = [exchanged(owners, rng) for _ in range(SHUFFLES)]
    read, scores = [], {}
    for kind, texts in class_texts.items():
        scores[kind] = zero_shot_scores(table[found.rows].mean(axis=1), texts)
        others = [tested.auroc(zero_shot_scores(table[order][found.rows].mean(axis=1), texts)) for order in orders]
        read.append(
            Read(
                against=kind,
                retrieved=tested.row("retrieved", scores[kind]),
                shuffled=_floor(others),
                own=None if own is None else tested.row("own report", zero_shot_scores(own, texts)),
            )
        )
    return Pipeline(
        mask=gallery.mask,
        distinct=len(first),
        top_k=found.rows.shape[1],
        read=tuple(read),
        first=first,
        neighbours=found.rows,
        similarity=found.similarity,
        scores=scores,
    )


def exchanged(owners: NDArray[Any], rng: np.random.Generator) -> Integers:
    """For every report one of the person who takes the place of its own.

    Example:
        >>> exchanged(np.array(["a", "a", "b"]), np.random.default_rng(4)).tolist()
        [2, 2, 1]
    """
    people, owner = np.unique(owners, return_inverse=True)
    members = [np.flatnonzero(owner == person) for person in range(len(people))]
    order = rng.permutation(len(people))
    return np.array([rng.choice(members[order[person]]) for person in owner], np.int64)


def _floor(values: Sequence[float | None]) -> Floor:
    known = [value for value in values if value is not None]
    if not known:
        return Floor(None, None, None)
    low, high = np.percentile(known, (2.5, 97.5))
    return Floor(float(np.mean(known)), float(low), float(high))
