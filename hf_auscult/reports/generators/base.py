"""What every generator takes and gives: requests in, texts or typed failures out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ...data.facts import Fact

Reason = Literal[
    "no_facts",  # nothing is left to state once the mask has taken its share
    "refused",  # the model declines, or a content filter does
    "truncated",  # cut at the token limit
    "empty",
    "malformed",  # not the JSON that was asked for
    "unreachable",  # time-outs, dropped connections, 429 and 5xx after every retry
    "rejected",  # the endpoint turns this request down, e.g. for its length
    "budget",  # the next call could exceed --max-cost
    "not_tried",  # given up after too many failures in a row
    "ungrounded",  # contradicts its facts or adds to them, see hf_auscult.reports.grounding
]


@dataclass(frozen=True)
class Request:
    """One text to write.

    Args:
        recording_id: what it is about.
        facts: what it may state; already masked.
        noun: what a murmur is called.
        organ: whose specialist writes.
        seed, draw: another of either gives another phrasing, where the generator draws at random.
        attempt: 0, or the number of texts that the grounding check turned down.
        correction: what was wrong with the last of them.
    """

    recording_id: str
    facts: tuple[Fact, ...]
    noun: str = "murmur"
    organ: str = "heart"
    seed: int = 0
    draw: int = 0
    attempt: int = 0
    correction: str | None = None


@dataclass(frozen=True)
class Written:
    """A text."""

    text: str


@dataclass(frozen=True)
class Failed:
    """No text, and why."""

    reason: Reason
    detail: str = ""


Outcome = Written | Failed


class Generator(Protocol):
    """Something that writes reports."""

    name: str

    def settings(self) -> dict[str, Any]:
        """Everything that the texts depend on besides the requests; plain values."""

    def write(self, requests: Sequence[Request]) -> Iterator[tuple[int, Outcome]]:
        """Yield (position in ``requests``, outcome) once each, in any order."""
