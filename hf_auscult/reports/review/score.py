"""Table II from a filled review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import DataError
from ...files import Serialisable
from ...texts import read_table
from ..grounding import Proportion, proportion
from .sheet import COLUMNS, QUESTIONS

_ANSWERS = {"yes": True, "y": True, "no": False, "n": False}
_NEEDED = ("number", "dataset", "recording_id", *QUESTIONS)
_REMEDY = "save the sheet again from review.html"


@dataclass(frozen=True)
class ReviewScore(Serialisable):
    """The measures of arXiv 2512.04847, Table II.

    Args:
        n: reports reviewed.
        consistent: share consistent with the facts ("metadata consistency, accuracy").
        nothing_added: share without an unsupported detail.
        unsupported: share with one ("unsupported-detail rate").
        plausible: share that is clinically plausible.
        datasets: the same per dataset.
    """

    n: int
    consistent: Proportion
    nothing_added: Proportion
    unsupported: Proportion
    plausible: Proportion
    datasets: Mapping[str, ReviewScore] = field(default_factory=dict)


_SHARES = ("consistent", "nothing_added", "unsupported", "plausible")


def score_review(file: str | Path) -> ReviewScore:
    """Score a filled review, as the page or a spreadsheet saved it, with Wilson intervals.

    Args:
        file: CSV with the columns of :data:`COLUMNS`, separated by commas or, as some spreadsheets do, semicolons.

    Raises:
        DataError: no such file, not this table, a report that stands twice, or an answer that is missing or neither yes
            nor no; it lists the reports.
    """
    path = Path(file)
    rows = _rows(path)
    numbers = [row["number"].strip() for row in rows]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise DataError(
            f"reports {', '.join(twice)} stand twice", where=path, remedy="score one reviewer's sheet at a time"
        )
    unanswered = [row["number"] for row in rows if any(not row[name].strip() for name in QUESTIONS)]
    if unanswered:
        raise DataError(
            f"{len(unanswered)} of {len(rows)} reports are not fully answered: {', '.join(unanswered[:10])}",
            where=path,
            remedy="answer all three questions of each",
        )
    odd = [
        (row["number"], row[name]) for row in rows for name in QUESTIONS if row[name].strip().lower() not in _ANSWERS
    ]
    if odd:
        raise DataError(f"report {odd[0][0]} is answered {odd[0][1]!r}", where=path, remedy="answer yes or no")
    names = sorted({row["dataset"] for row in rows})
    parts = {name: _score([row for row in rows if row["dataset"] == name], {}) for name in names}
    return _score(rows, parts)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise DataError("no such file", where=path, remedy="fill review.html and save it as CSV")
    remedy = f"keep the columns {', '.join(COLUMNS)}"
    rows = [row for _, row in read_table(path, _NEEDED, remedy=remedy, delimiters=",;")]
    if not rows:
        raise DataError("no reports", where=path, remedy=_REMEDY)
    for place, row in enumerate(rows, start=1):
        if None in row or any(row[name] is None for name in _NEEDED):
            raise DataError(f"report {place} has another number of cells", where=path, remedy=_REMEDY)
    return rows


def _score(rows: Sequence[Mapping[str, str]], parts: Mapping[str, ReviewScore]) -> ReviewScore:
    def share(name: str, answer: bool = True) -> Proportion:
        return proportion(sum(_ANSWERS[row[name].strip().lower()] is answer for row in rows), len(rows))

    added = "unsupported_detail"
    return ReviewScore(len(rows), share("consistent"), share(added, False), share(added), share("plausible"), parts)
