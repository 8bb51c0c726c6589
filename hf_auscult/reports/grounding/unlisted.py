"""Words of a text that neither the lexicon nor a fact nor plain English accounts for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from ...data.facts import Fact
from ..lexicon import language
from .mentions import Mention

_WORD = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Master)\.? [A-Z][a-z]+)|[^\W\d_]+(?:['/&][^\W\d_]+)*|\d+(?:[.,]\d+)*"
)
"""A word, with its title where it is somebody's name, or a number."""
_VERB = re.compile(r"[a-z]{3,}(?:s|ed|ing)")
_ARTICLE = re.compile(r"\s(?:an?|the|no|any|its|his|her|their|this|that|neither|only)\b", re.IGNORECASE)
"""An article follows a verb, "unveils a murmur", and hardly ever a noun in the plural."""
_FLAVOUR = re.compile(r"[A-Za-z]?[a-z]{2,}(?:ly|ed|ing|wise|wards?|ish|able|ible)")
"""How adverbs, participles and the like end: how something is said more often than what."""
_NAME = re.compile(r"[A-Z][a-z]+(?:'s)?")
"""Capital letters within a sentence name a person or a town."""
_COUNTED = re.compile(
    r"\b(?:bed|room|bay|cot|case|patient|subject|participant|recording|no\.?|number|item|#)\s*$", re.I
)
_ENDINGS = ("", "s", "es", "ed", "d", "ing", "ly", "ally", "er", "est", "r", "ness")


@cache
def neutral_words() -> frozenset[str]:
    """Words that add nothing, by their base forms."""
    return frozenset(word for group in language("neutral").values() for word in group.split())


@cache
def is_neutral(word: str) -> bool:
    """Whether a word adds nothing, whatever its ending.

    Example:
        >>> is_neutral("listened"), is_neutral("carries"), is_neutral("swollen")
        (True, True, False)
    """
    known = neutral_words()
    lower = re.sub(r"'(s|re|ve|ll|d|t|m)$|'$", "", word.lower())
    if lower in known or all(part in known for part in re.split("[/&']", lower)):
        return True
    for ending in _ENDINGS[1:]:
        if lower.endswith(ending) and len(lower) - len(ending) >= 2:
            stem = lower[: -len(ending)]
            doubled = stem[:-1] if len(stem) > 3 and stem[-1:] == stem[-2:-1] else stem
            changed = f"{stem[:-1]}y" if stem.endswith("i") else stem
            if {stem, f"{stem}e", doubled, changed} & known:
                return True
    return lower.endswith("ies") and f"{lower[:-3]}y" in known


def unlisted(
    text: str, mentions: Sequence[Mention], triggers: Sequence[tuple[int, int]], facts: Sequence[Fact]
) -> Iterator[Mention]:
    """Find what says something that nothing here accounts for, word by word.

    Args:
        text: as :func:`hf_auscult.reports.grounding.mentions.plain` gives it.
        mentions: what the lexicon names in it.
        triggers: stretches that deny or leave open.
        facts: whose own words are known.
    """
    stated = " ".join(f"{fact.value} {fact.of or ''}" for fact in facts)
    own = {word.lower() for word in (*re.findall(r"\w+", stated), *_WORD.findall(stated))}
    taken = bytearray(len(text))
    for start, end in [*((mention.start, mention.end) for mention in mentions), *triggers]:
        taken[start:end] = b"\x01" * (end - start)
    for match in _WORD.finditer(text):
        word = match[0]
        if len(word) == 1 and not word.isdigit():
            continue  # an abbreviation that says nothing by itself
        if " " in word or any(taken[match.start() : match.end()]) or word.lower() in own or is_neutral(word):
            continue
        if _FLAVOUR.fullmatch(word) or (_VERB.fullmatch(word) and _ARTICLE.match(text, match.end())):
            continue
        if _NAME.fullmatch(word) and text[: match.start()].rstrip()[-1:] not in ("", *".:;!?|-\n"):
            continue
        if word[0].isdigit() and _numbers_a_line(text, match):
            continue
        yield Mention("unlisted", word.lower(), *match.span())


def _numbers_a_line(text: str, match: re.Match[str]) -> bool:
    """Whether a figure only counts lines or things, as "1." and "2)" do, and "bed 4"."""
    if _COUNTED.search(text, 0, match.start()):
        return True
    begins = not text[: match.start()].strip() or text[: match.start()].rstrip(" (")[-1:] in "\n.;:"
    return begins and text[match.end() : match.end() + 1] in (".", ")", ":")
