"""Every value that a text names, the longest reading of each stretch: words of the lexicon, measures, places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...data.facts import VALUES, Fact, Polarity
from ..lexicon import NEUTRAL, TERM_CONCEPTS, language, lexicon, phrase, terms_of, words

VALVES: tuple[str, ...] = ("aortic", "pulmonary", "tricuspid", "mitral")
SIDES, ASPECTS, LEVELS = ("left", "right"), ("anterior", "posterior", "lateral"), ("upper", "middle", "lower")
CHEST: tuple[str, ...] = (*SIDES, *ASPECTS, *LEVELS)
_FREE = (*TERM_CONCEPTS, "device", "position", "country", "sound", "severity", "timing", "quality")
_CODES = {"cas", "das", "ct", "uri", "us"}
"""Abbreviations only where they are written in capitals: "us" is a word."""
_LONGEST = 600  # characters of a sentence
_PLAIN = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212\u2018\u2019\u00a0\u2044", "------'' /")
_END = re.compile(
    r"(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bapprox)(?<!\bDr)(?:[.!]|[?](?!\s*(?:yes|no|nil|none)\b))(?=\s|$)|;|\||\n\s*",
    re.IGNORECASE,
)
"""Where a sentence ends; not at an abbreviation, and not between a question and its answer."""


@dataclass(frozen=True)
class Mention:
    """A stretch of text that names a value.

    Args:
        concept: of the lexicon; ``place`` for a place on the body.
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
    borders = [0]
    for end in (*(match.end() for match in _END.finditer(text)), len(text)):
        while end - borders[-1] > _LONGEST:  # nobody writes such a sentence, and reading one takes its length squared
            blank = text.rfind(" ", borders[-1] + 1, borders[-1] + _LONGEST)
            borders.append(blank + 1 if blank > 0 else borders[-1] + _LONGEST)
        borders.append(end)
    return [(start, end) for start, end in pairwise(borders) if text[start:end].strip()]


def squeezed(text: str) -> tuple[str, list[int]]:
    """Make one of several blanks, or of line breaks among them; with where each character stood, and the end.

    Example:
        >>> squeezed("a  b")
        ('a b', [0, 1, 3, 4])
    """
    parts: list[str] = []
    places: list[int] = []
    for match in re.finditer(r"\s+|\S+", text):
        word = match[0]
        if word.isspace():
            parts.append("\n" if "\n" in word else " ")
            places.append(match.start())
        else:
            parts.append(word)
            places += range(match.start(), match.end())
    return "".join(parts), [*places, len(text)]


def find_mentions(text: str, facts: Sequence[Fact]) -> list[Mention]:
    """Find what a text names, in its order, none overlapping another.

    Args:
        text: as :func:`plain` gives it.
        facts: whose values, word by word, are names too, whatever the lexicon knows.
    """
    mentions = list(_of_facts(text, facts))
    mentions += [
        Mention(entry.concept, entry.value, *match.span(), entry.polarity)
        for entry in lexicon().entries
        for match in entry.regex.finditer(text)
        if match[0].lower() not in _CODES or match[0].isupper()
    ]
    mentions += [*find_measures(text), *find_places(text), *find_sexes(text)]
    taken: list[Mention] = []
    free = bytearray(b"\x01" * len(text))
    for mention in sorted(
        mentions, key=lambda each: (-_weight(each), each.start, each.concept in ("outcome", "detail"))
    ):
        if free.find(0, mention.start, mention.end) < 0:
            free[mention.start : mention.end] = bytes(mention.end - mention.start)
            taken.append(mention)
    return sorted(taken, key=lambda mention: mention.start)


def spelled(text: str, concept: str) -> str | None:
    """Value of the lexicon that a fact's own words are, such as a device, a position or a sound."""
    entries = (entry for entry in lexicon().entries if entry.concept == concept)
    return next((entry.value for entry in entries if entry.regex.fullmatch(text)), None)


def _of_facts(text: str, facts: Sequence[Fact]) -> Iterable[Mention]:
    for fact in facts:
        listed = fact.concept == "timing" and spelled(fact.value, "timing")
        if fact.concept not in _FREE or listed or fact.value in (*VALUES.get(fact.concept, ()), "cough"):
            continue
        value, polarity = terms_of(fact.value) if fact.concept in TERM_CONCEPTS else (fact.value, "present")
        escaped = re.escape(fact.value).replace(r"\ ", " ").replace(r"\-", " ")
        for match in phrase(rf"{escaped}(?:s|es)?").finditer(text):
            yield Mention(fact.concept, value, *match.span(), polarity)


def _weight(mention: Mention) -> int:
    """Length; "late systolic" is worth more than the "systolic murmur" (8 letters) that it would be cut by."""
    extra = 8 if mention.concept == "timing" else 1 if mention.concept == NEUTRAL else 0
    return mention.end - mention.start + extra


def number(text: str) -> float:
    """Read a number in digits or words.

    Example:
        >>> number("66"), number("forty-two"), number("three")
        (66.0, 42.0, 3.0)
    """
    if text[0].isdigit():
        return float(text)
    macros = language("measures")["macros"]
    small = [*macros["ones"], *macros["teens"]]
    total = 0
    for word in re.split(r"[\s-]+", text.lower()):
        total += 10 * (macros["tens"].index(word) + 2) if word in macros["tens"] else small.index(word) + 1
    return float(total)


def find_measures(text: str) -> Iterator[Mention]:
    """Find ages in years (single, or as bounds ``low-high``), heights in cm, weights in kg and body mass indices.

    Example:
        >>> [(one.concept, one.value) for one in find_measures("a 7-month-old, 68 cm tall, in her sixties")]
        [('age', '0.583'), ('height', '68'), ('age', '60-70')]
    """
    table = language("measures")
    for concept, units in table["units"].items():
        for match in words("measures", "exact", concept).finditer(text):
            short = re.fullmatch(r"(\d+)/(12|52)", match[0])
            parts = [
                (number(part["number"]), (part["unit"] or "").lower().rstrip("s"))
                for part in words("measures", "quantity").finditer(
                    re.sub(r"^[MFmf]/?\s?(?=\d)|(?<=[a-z])(?=\d)|[MF]$", " ", match[0])
                )
            ]
            if short:
                parts = [(float(short[1]), "month" if short[2] == "12" else "week")]
            if not parts or (concept == "age" and _lasts(text, match)):
                continue
            if concept == "age" and parts[0][1][:2] in ("we", "wk") and 22 <= parts[0][0] <= 43:
                continue  # of gestation: an age of half a year is written in months
            if concept == "age":
                years = sum(value * units.get(unit, 1) for value, unit in parts)
                text_of = f"{years:.3g}" if parts[-1][1][:1] in ("", "y") else f"{years:.3f}"
            else:
                text_of = f"{parts[0][0] * units.get(parts[0][1], 1):g}"
            lead = re.match(r"[a-z]{3,},? (?=of |aged |\d)", match[0], re.IGNORECASE)  # leaves "lady" to the sexes
            letter = re.match(r"[MFmf]/?\s?(?=\d)", match[0])
            start = match.start() + max(one.end() if one else 0 for one in (lead, letter))
            yield Mention(concept, text_of, start, match.end() - (match[0][-1] in "MF"))
    for match in words("measures", "between").finditer(text):
        low, high = (int(figure) for figure in re.findall(r"\d+", match[0]))
        if low < high:
            yield Mention("age", f"{low}-{high}", *match.span())
    for match in words("measures", "above").finditer(text):
        yield Mention("age", f"{re.findall(r'[0-9]+', match[0])[0]}+", *match.span())
    for match in words("measures", "decade").finditer(text):
        digits = re.search(r"\d+", match[0])
        first = int(digits[0]) if digits else int(number(f"{match[0].split()[-1][:-3]}y"))
        yield Mention("age", f"{first}-{first + 10}", *match.span())


def _lasts(text: str, match: re.Match[str]) -> bool:
    """Whether figures with a unit of time are no age: "in six weeks", "two days ago", "ten years' history"."""
    if re.search(r"old|age|y/?o", match[0], re.IGNORECASE):
        return False
    before, behind = text[max(0, match.start() - 24) : match.start()], text[match.end() : match.end() + 14]
    cue = list(words("measures", "lasting_before").finditer(before))
    return bool(cue and not before[cue[-1].end() :].strip(" ,")) or bool(
        words("measures", "lasting_behind").match(behind.lstrip(" '"))
    )


_SEX = re.compile(
    r"(?:(?<=\d)|(?<=\d\s)|(?<=yo\s)|(?<=yr\s)|(?<=old\s)|(?<=[,.;:(/]\s)|(?<=^)|(?<=[,.;:(/\n]))"
    r"([MF])(?=[\s,.;:)/\d]|$)|^([mf])(?=\s?\d)"
)
"""A capital M or F by itself: behind an age, or between marks."""


def find_sexes(text: str) -> Iterator[Mention]:
    """Find the letters that ward notes have for the sexes.

    Example:
        >>> [one.value for one in find_sexes("66M with COPD. F, 5 years.")]
        ['male', 'female']
    """
    for match in _SEX.finditer(text):
        yield Mention("sex", "male" if match[0] in "Mm" else "female", *match.span())


def chest_parts(place: str) -> frozenset[str]:
    """Take a place on the chest apart.

    Example:
        >>> sorted(chest_parts("posterior left chest")), sorted(chest_parts("trachea"))
        (['left', 'posterior'], [])
    """
    return frozenset(name for name in CHEST if words("places", "parts", name).search(place))


def find_places(text: str) -> Iterator[Mention]:
    """Find places; one on the chest is named by its parts, in the order of :data:`CHEST`.

    Example:
        >>> [one.value for one in find_places("over the posterior left lung and the trachea")]
        ['trachea', 'left posterior']
    """
    for value in language("places")["places"]:
        for match in words("places", "places", value).finditer(text):
            yield Mention("place", value, *match.span())
    for match in words("places", "chest").finditer(text):
        parts = chest_parts(match[0])
        around = text[max(0, match.start() - 6) : match.end() + 14]
        if not parts or words("places", "elsewhere").search(around):
            continue
        trunk = words("places", "trunk").search(match[0])
        if trunk or parts & {"anterior", "posterior"} or (parts & {*SIDES, *ASPECTS} and len(parts) > 1):
            yield Mention("place", " ".join(name for name in CHEST if name in parts), *match.span())
