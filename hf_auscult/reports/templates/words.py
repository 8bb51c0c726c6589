"""Choices among wordings, and the small grammar that joins them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from ..schema import Fact
from .phrases import PHRASES, SURFACES

Choose = Callable[[str, Sequence[str]], str]


def chooser(*key: object) -> Choose:
    """Make a choice among phrasings that depends on the key and the slot's name only.

    Example:
        >>> chooser("50782_AV_1", 0)("site", ("a", "b")) == chooser("50782_AV_1", 0)("site", ("a", "b"))
        True
    """

    def choose(slot: str, options: Sequence[str]) -> str:
        digest = hashlib.sha256("\t".join(map(str, (*key, slot))).encode()).digest()
        return options[int.from_bytes(digest[:8], "big") % len(options)]

    return choose


def join(words: Sequence[str], last: str = "and") -> str:
    """Enumerate words in English.

    Example:
        >>> join(["aortic", "mitral", "tricuspid"])
        'aortic, mitral and tricuspid'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def article(words: str) -> str:
    """Put a or an before words."""
    first = words[0].lower()
    return f"{'an' if first in 'aeiou' or words.startswith(('8', '11 ', '18')) else 'a'} {words}"


def capital(words: str) -> str:
    """Begin words with a capital letter."""
    return f"{words[0].upper()}{words[1:]}"


def phrase(key: str, choose: Choose, fallback: str | None = None, **slots: str) -> str:
    """Word one thing: the options of ``key``, or of ``fallback`` where there are none of it."""
    options = PHRASES.get(key) or PHRASES[fallback or key]
    return choose(key.partition("=")[0], options).format(**slots)


def named(value: str, noun: str, *, there: bool) -> str:
    """Name a finding; under a mask a murmur is called by the mask's noun."""
    surface = SURFACES.get(value, (value, value))[0 if there else 1]
    return surface.replace("murmur", noun) if noun else surface


def values(facts: Iterable[Fact]) -> list[str]:
    """Values, each once, in alphabetical order."""
    return sorted({fact.value for fact in facts})


def of_concept(facts: Iterable[Fact], concept: str, polarity: str = "present") -> list[Fact]:
    """Facts of one concept and polarity, in the order of their values."""
    return sorted(
        (fact for fact in facts if fact.concept == concept and fact.polarity == polarity),
        key=lambda fact: (fact.value, fact.of or ""),
    )
