"""Reports from templates: no model, no cost, the same text on every machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..templates import chooser, write
from .base import Outcome, Request, Written


class TemplateGenerator:
    """Writes with :mod:`hf_auscult.reports.templates`: states every fact of a request and no other.

    A text depends on its request alone.

    Example:
        >>> from hf_auscult.reports import Fact
        >>> request = Request("1_MV", (Fact("finding", "murmur", "murmur", polarity="absent"),))
        >>> [(place, outcome)] = TemplateGenerator().write([request])
        >>> "murmur" in outcome.text
        True
    """

    name = "template"

    def settings(self) -> dict[str, Any]:
        """What the texts depend on besides the requests."""
        return {"generator": self.name}

    def write(self, requests: Sequence[Request]) -> Iterator[tuple[int, Outcome]]:
        """Yield a text for every request, in order."""
        for place, request in enumerate(requests):
            key = (request.recording_id, request.seed, request.draw)
            again = (request.attempt,) if request.attempt else ()
            yield place, Written(write(request.facts, request.noun, chooser(*key, *again)))
