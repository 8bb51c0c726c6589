"""A report's text as sentences, with characters of one form and at unchanged places."""

from __future__ import annotations

import re

_PLAIN = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-"}) | {
    ord("\u2018"): "'",
    ord("\u2019"): "'",
    ord("\u00a0"): " ",
    ord("\u2044"): "/",
}
_END = re.compile(r"(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bapprox)(?<!\bDr)[.!?](?=\s|$)|;|\n\s*")


def plain(text: str) -> str:
    """Write dashes, quotes and blanks in one way; every character keeps its place.

    Example:
        >>> plain("a 66\u2011year\u2011old")
        'a 66-year-old'
    """
    return text.translate(_PLAIN)


def sentences(text: str) -> list[tuple[int, int]]:
    """Give the bounds of sentences and of what semicolons part.

    Example:
        >>> [text[a:b] for text in ["Age is 2.5; male. Good."] for a, b in sentences(text)]
        ['Age is 2.5;', ' male.', ' Good.']
    """
    bounds, start = [], 0
    for match in _END.finditer(text):
        if text[start : match.end()].strip():
            bounds.append((start, match.end()))
        start = match.end()
    if text[start:].strip():
        bounds.append((start, len(text)))
    return bounds
