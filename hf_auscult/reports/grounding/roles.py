"""What a place in a text is the place of, and which finding a trait belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from ..lexicon import phrase
from .mention import Mention

Role = Literal["loudest", "location", "site", "any"]

_LOUDEST = phrase(
    r"loudest|best (?:heard|audible|appreciated)|(?:heard|appreciated|audible|perceived|detected) (?:best|"
    r"most \w+|loudest)|"
    r"most (?:\w+ly )?(?:audible|prominent|distinct|intense|clearly|prominently|pronounced|easily)|"
    r"(?:point of )?maxim(?:al|um)(?: (?:intensity|audibility|loudness))?|peak(?:s|ing)?|strongest|"
    r"greatest (?:intensity|audibility)|predominantly|clearest|louder"
)
_LOCATION = phrase(
    r"audible|heard|noted|detected|appreciated|present|murmurs?|sound|also|extend(?:s|ing)|spread(?:s|ing)?|"
    r"including|includes|"
    r"reveals?|revealed|perceived|found|made out|picked up|identified|observed|transmitted|as well as"
)
_SITE = phrase(
    r"auscultat\w+|record(?:ed|ing)s?|listening|capture[ds]?|captured|obtained|acquired|examin\w+|placed|"
    r"taken|stethoscope|collected|"
    r"sampled"
)
_PHASES = ("systolic murmur", "diastolic murmur", "continuous murmur")
_OF_TIMING = {"systolic": "systolic murmur", "diastolic": "diastolic murmur"}
_BREATH = ("inspiratory", "expiratory", "inspiratory and expiratory")
_SECOND = re.compile(
    r";|\b(?:together with|accompanied by|alongside|followed by|while|whereas|but|plus|and an?|and another)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r",|;|\b(?:and|with|plus|while|whereas|together|alongside|but|follow\w*|accompanied|by|then)\b", re.IGNORECASE
)


def role(text: str, start: int, end: int, place: Mention) -> Role:
    """Find what a place is the place of: from the nearest cue before it in its sentence, else the first behind.

    Example:
        >>> words = "Recorded at the apex; a murmur is loudest over the aortic area"
        >>> role(words, 22, len(words), Mention("place", "aortic", 51, 62))
        'loudest'
    """
    before = text[start : place.start]
    cues: list[tuple[int, Role]] = []
    for name, pattern in (("loudest", _LOUDEST), ("location", _LOCATION), ("site", _SITE)):
        cues += [(match.end(), name) for match in pattern.finditer(before)]  # type: ignore[misc]
    behind = text[place.end : min(end, place.end + 45)]
    if _LOUDEST.match(behind.lstrip(" ,")) or re.match(
        r"\W*(?:(?:is|was|being|as|where)\W+)*(?:the\W+)?(?:(?:site|place|location|area|point|position|it|is|"
        r"murmur)\W+)*"
        rf"(?:of\W+|where\W+|it\W+|is\W+|the\W+|at\W+|which\W+)*(?:{_LOUDEST.pattern})",
        behind,
        re.IGNORECASE,
    ):
        return "loudest"
    if cues:
        # "heard best" ends with the loudest cue and "best heard" with both: the longer reading wins a tie
        order = {"loudest": 2, "location": 1, "site": 1, "any": 0}
        return max(cues, key=lambda cue: (cue[0], order[cue[1]]))[1]
    return "any"


def owner(trait: Mention, heads: Sequence[Mention], text: str) -> str | None:
    """Find the murmur that a trait belongs to among those of its sentence; None where one murmur or none is named."""
    for kind, name in _OF_TIMING.items():
        if trait.concept == "timing" and kind in trait.value:
            return name
    if trait.value in _BREATH:
        return _breath(trait, heads, text)
    named: list[tuple[Mention, str]] = []
    for head in heads:
        kind_of: str | None = head.value if head.value in _PHASES else None
        if head.concept == "timing":
            kind_of = next((of for kind, of in _OF_TIMING.items() if kind in head.value), None)
        if kind_of:
            named.append((head, kind_of))
    if not named:
        return None
    if len({name for _, name in named}) == 1:
        return named[0][1]
    current = named[0][1]
    for (one, _), (other, name) in pairwise(named):
        parts = list(_SECOND.finditer(text, one.end, other.start)) or list(_PART.finditer(text, one.end, other.start))
        border = parts[-1].start() if parts else other.start
        if trait.start >= border:
            current = name
    return current


def _breath(trait: Mention, heads: Sequence[Mention], text: str) -> str | None:
    """What is heard in a phase of the breath: what follows at once, else what stands before."""
    heard = [head for head in heads if head.concept == "finding"]
    behind = [head for head in heard if head.start >= trait.end and not text[trait.end : head.start].strip(" -")]
    before = [head for head in heard if head.end <= trait.start]
    return behind[0].value if behind else before[-1].value if before else heard[0].value if heard else None
