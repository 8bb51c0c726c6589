"""What a report says, one thing at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..schema import Polarity


@dataclass(frozen=True)
class Statement:
    """One thing that a text says.

    Args:
        concept: of :data:`hf_auscult.reports.schema.CONCEPTS`, or of the lexicon's additions, such as
            ``recommendation``.
        value: in the lexicon's spelling.
        polarity: whether it is said to be there, not to be there, or to be undecided.
        of: the finding or disease that a trait belongs to, where the text names it.
        start: of the words in the text.
        end: behind them.
        text: the words.
        rest: whether it speaks of the rest only, as in ``no other adventitious sounds``.
    """

    concept: str
    value: str
    polarity: Polarity
    of: str | None
    start: int
    end: int
    text: str
    rest: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)
