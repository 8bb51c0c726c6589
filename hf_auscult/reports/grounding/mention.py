"""A stretch of text that names a value."""

from __future__ import annotations

from dataclasses import dataclass

from ..schema import Polarity


@dataclass(frozen=True)
class Mention:
    """A value as a text names it.

    Args:
        concept: of the lexicon.
        value: in the lexicon's spelling.
        start: of the first character.
        end: behind the last.
        polarity: what the words say by themselves.
    """

    concept: str
    value: str
    start: int
    end: int
    polarity: Polarity = "present"
