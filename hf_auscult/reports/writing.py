"""Texts that were checked against their facts: what fails the check is dropped, written again, or kept and marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import GenerationError
from .generators import Failed, Generator, Outcome, Request, Written
from .grounding import Grounding, Statement, check

Policy = Literal["drop", "regenerate", "keep"]
POLICIES: tuple[Policy, ...] = ("drop", "regenerate", "keep")
ATTEMPTS = 3
"""How often a text is written until it passes, under ``regenerate``."""


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
        return self.grounding is not None and is_grounded(self.grounding)


def is_grounded(grounding: Grounding) -> bool:
    """Whether a text contradicts nothing and adds nothing."""
    return grounding.consistent and not grounding.unsupported


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
    judge = checker or (lambda request, text: check(text, request.facts))
    asked = list(enumerate(requests))
    written = False
    for attempt in range(attempts if on_ungrounded == "regenerate" else 1):
        again: list[tuple[int, Request]] = []
        answered: set[int] = set()
        try:
            for number, outcome in generator.write([request for _, request in asked]):
                answered.add(number)
                place, request = asked[number]
                first = requests[place]
                if isinstance(outcome, Failed):
                    yield place, Checked(first, outcome, None, attempt + 1)
                    continue
                written = True
                grounding = judge(first, outcome.text)
                if is_grounded(grounding) or on_ungrounded == "keep":
                    yield place, Checked(first, outcome, grounding, attempt + 1)
                elif on_ungrounded == "regenerate" and attempt + 1 < attempts:
                    again.append((place, replace(request, attempt=attempt + 1, correction=complaint(grounding))))
                else:
                    reason = Failed("ungrounded", f"{complaint(grounding)} {outcome.text}")
                    yield place, Checked(first, reason, grounding, attempt + 1)
        except GenerationError as error:
            if not written:
                raise
            owed = [asked[number][0] for number in range(len(asked)) if number not in answered]
            for place in [*owed, *(place for place, _ in again)]:
                yield place, Checked(requests[place], Failed("not_tried", str(error)))
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
    return ", ".join(dict.fromkeys(f'"{one.text}"' for one in statements))


__all__ = ["ATTEMPTS", "POLICIES", "Checked", "Policy", "Written", "complaint", "is_grounded", "write_checked"]
