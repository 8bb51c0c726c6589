"""Texts checked against their facts: what fails is dropped, written again, or kept and marked; and sets, once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import GenerationError
from ..files import Serialisable
from .generators import Failed, Generator, Outcome, Request
from .grounding import Grounding, GroundingSummary, Statement, check, summarise
from .report_set import read_set

Policy = Literal["drop", "regenerate", "keep"]
ATTEMPTS = 3
"""Texts a request under ``regenerate``: each is paid for, and what fails twice with its faults named rarely passes."""


@dataclass(frozen=True)
class Checked:
    """What became of one request.

    Args:
        request: as it was asked first.
        outcome: the text, or why there is none.
        grounding: of the text; None where there is none.
        attempts: texts written for it.
    """

    request: Request
    outcome: Outcome
    grounding: Grounding | None = None
    attempts: int = 1

    @property
    def grounded(self) -> bool:
        """Whether there is a text that states nothing but its facts."""
        return self.grounding is not None and self.grounding.grounded


def write_checked(
    requests: Sequence[Request],
    generator: Generator,
    *,
    on_ungrounded: Policy = "drop",
    attempts: int = ATTEMPTS,
    checker: Callable[[Request, str], Grounding] | None = None,
) -> Iterator[tuple[int, Checked]]:
    """Write and check.

    A generator that gives up (wrong key, no chat template) before anything was written raises; later, what it still
    owes is a failure ``not_tried``, so that what there is can be kept.

    Args:
        requests: what to write.
        generator: what writes.
        on_ungrounded: ``drop`` a text that contradicts or adds (a failure ``ungrounded``); ``regenerate`` it, telling
            the generator what was wrong, and drop it if it never passes; or ``keep`` it, marked.
        attempts: texts a request under ``regenerate``.
        checker: request and text in, grounding out; :func:`hf_auscult.reports.grounding.check` by default.

    Yields:
        (position in ``requests``, what became of it), once each, in any order.

    Raises:
        GenerationError: nothing can be written at all.
    """
    checked = checker or (lambda request, text: check(text, request.facts))
    asked = list(enumerate(requests))
    written = False
    for attempt in range(attempts if on_ungrounded == "regenerate" else 1):
        again: list[tuple[int, Request]] = []
        answered: set[int] = set()
        try:
            for number, outcome in generator.write([request for _, request in asked]):
                answered.add(number)
                position, request = asked[number]
                first = requests[position]
                if isinstance(outcome, Failed):
                    yield position, Checked(first, outcome, None, attempt + 1)
                    continue
                written = True
                grounding = checked(first, outcome.text)
                if grounding.grounded or on_ungrounded == "keep":
                    yield position, Checked(first, outcome, grounding, attempt + 1)
                elif on_ungrounded == "regenerate" and attempt + 1 < attempts:
                    again.append((position, replace(request, attempt=attempt + 1, correction=complaint(grounding))))
                else:
                    reason = Failed("ungrounded", f"{complaint(grounding)} {outcome.text}")
                    yield position, Checked(first, reason, grounding, attempt + 1)
        except GenerationError as error:
            if not written:
                raise
            owed = [asked[number][0] for number in range(len(asked)) if number not in answered]
            for position in [*owed, *(position for position, _ in again)]:
                yield position, Checked(requests[position], Failed("not_tried", str(error)))
            return
        asked = again
        if not asked:
            return


def complaint(grounding: Grounding) -> str:
    """What is wrong with a text, in a sentence or two."""
    parts = []
    if grounding.contradictions:
        parts.append(f"It contradicts the information: {_quoted(grounding.contradictions)}.")
    if grounding.unsupported:
        parts.append(f"It adds what is not given: {_quoted(grounding.unsupported)}.")
    return " ".join(parts)


def _quoted(statements: Sequence[Statement]) -> str:
    return ", ".join(dict.fromkeys(f'"{statement.text}"' for statement in statements))


@dataclass(frozen=True)
class UngroundedReport:
    """A report of a set that contradicts its facts or adds to them.

    Args:
        recording_id: with the segment's number.
        draw: number of the paraphrase.
        text: the report.
        contradictions: statements that the facts rule out.
        unsupported: statements that the facts neither hold nor rule out.
    """

    recording_id: str
    draw: int
    text: str
    contradictions: tuple[Statement, ...]
    unsupported: tuple[Statement, ...]


@dataclass(frozen=True)
class Verification(Serialisable):
    """What a set's check came to.

    Args:
        summary: over all reports.
        failures: report by report.
        passed: whether the shares stay within what was allowed.
    """

    summary: GroundingSummary
    failures: tuple[UngroundedReport, ...]
    passed: bool


def verify_set(folder: str | Path, *, contradictions: float = 0.0, unsupported: float = 0.0) -> Verification:
    """Check every report of a set against its facts once more.

    Args:
        folder: of the set.
        contradictions, unsupported: shares of reports that may contradict, or add something.

    Raises:
        DataError: not a set of reports.
    """
    rows = read_set(folder).rows
    groundings = [check(row.text, row.facts) for row in rows]
    failures = tuple(
        UngroundedReport(row.name, row.draw, row.text, grounding.contradictions, grounding.unsupported)
        for row, grounding in zip(rows, groundings, strict=True)
        if not grounding.grounded
    )
    summary = summarise(groundings)
    contradicting = (summary.n - summary.consistency.count) / summary.n
    passed = contradicting <= contradictions and summary.unsupported.value <= unsupported
    return Verification(summary, failures, passed)
