"""Ages and sizes in a text: numbers with units, in digits or words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .mention import Mention

_ONES = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_WORD = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(_ONES[1:10])}))?|"
    rf"{'|'.join(sorted(_ONES[1:], key=len, reverse=True))})"
)
_NUMBER = rf"(?:\d+(?:\.\d+)?|{_WORD})"
_YEARS = {"year": 1.0, "yr": 1.0, "y": 1.0, "month": 1 / 12, "mo": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25}
_UNIT = r"(?P<unit{0}>years?|yrs?|y|months?|mo|weeks?|days?)"
_AGE = re.compile(
    rf"(?<![\w.])(?P<number1>{_NUMBER})[\s-]*{_UNIT.format(1)}(?:[\s,-]*(?:and[\s-]+)?(?P<number2>{_NUMBER})[\s-]*"
    rf"{_UNIT.format(2)})?(?:[\s-]+(?:old|of[\s-]+age))?(?!\w)|"
    rf"(?<!\w)(?:aged?|age[\s-]+(?:of|is|was)|age:|at[\s-]+age)[\s:]+(?:of[\s-]+)?(?P<number3>{_NUMBER})"
    rf"(?:[\s-]*{_UNIT.format(3)}(?:[\s-]+(?:old|of[\s-]+age))?)?(?![\w+-])|"
    rf"(?<![\w.])(?P<number4>{_NUMBER})\s*(?:y/o|yo)(?!\w)",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"(?<![\w.])(?:aged?\s+)?(?:between\s+)?(?P<low>\d{1,3})\s*(?:-|to|and)\s*(?P<high>\d{1,3})"
    r"(?:[\s-]*(?:years?|yrs?)(?:[\s-]+(?:old|of[\s-]+age))?|(?=[\s-]+(?:age|group|band|range))|(?=\W|$))",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"(?<![\w.])(?:aged?\s+(?:of\s+)?)?(?:(?P<one>\d{2})\s*(?:\+|(?:years?\s+)?(?:and|or)\s+(?:over|older|"
    r"above))|(?:over|above)\s+"
    r"(?P<other>\d{2}))(?:[\s-]*years?(?:[\s-]+(?:old|of[\s-]+age))?)?",
    re.IGNORECASE,
)
_DECADE = re.compile(
    rf"(?<!\w)(?:in\s+)?(?:his|her|their|the)\s+(?:early\s+|mid[\s-]*|late\s+)?(?:(?P<digits>[1-9]0)'?s|"
    rf"(?P<word>{'|'.join(word[:-1] for word in _TENS)})ies)(?!\w)",
    re.IGNORECASE,
)
_SIZES = (
    (
        "height",
        re.compile(rf"(?<![\w.])(?P<number>{_NUMBER})\s*-?(?P<unit>cm|centimet(?:er|re)s?|m|met(?:er|re)s?)(?![\w/])"),
    ),
    (
        "weight",
        re.compile(rf"(?<![\w.])(?P<number>{_NUMBER})\s*-?(?P<unit>kg|kgs|kilograms?|kilos?|g|grams?)(?![\w/])"),
    ),
    (
        "bmi",
        re.compile(
            rf"(?<!\w)(?:BMI|body[\s-]mass[\s-]index)(?:\s*\(BMI\))?[\s:]*(?:(?:is|was|of|at|"
            rf"equals)\s+)?(?P<number>{_NUMBER})"
            r"(?P<unit>\s*kg\s*/\s*m(?:²|2|\^2))?|(?<![\w.])(?P<other>\d+(?:\.\d+)?)\s*kg\s*/\s*m(?:²|2|\^2)",
            re.IGNORECASE,
        ),
    ),
)


def number(text: str) -> float:
    """Read a number in digits or words.

    Example:
        >>> number("66"), number("forty-two"), number("three")
        (66.0, 42.0, 3.0)
    """
    if text[0].isdigit():
        return float(text)
    total = 0
    for word in re.split(r"[\s-]+", text.lower()):
        total += _TENS[word] if word in _TENS else _ONES.index(word)
    return float(total)


def find(text: str) -> Iterator[Mention]:
    """Find ages in years (single, or as bounds ``low-high``), heights in cm, weights in kg and body mass indices.

    Example:
        >>> [(one.concept, one.value) for one in find("a 7-month-old, 68 cm tall, in her sixties")]
        [('age', '0.583'), ('age', '60-70'), ('height', '68')]
    """
    for match in _AGE.finditer(text):
        groups = match.groupdict()
        years, unit = 0.0, "year"
        for which in ("1", "2", "3", "4"):
            if groups.get(f"number{which}"):
                unit = (groups.get(f"unit{which}") or "year").lower()
                years += number(groups[f"number{which}"]) * _YEARS[unit if unit in _YEARS else unit.rstrip("s")]
        yield Mention("age", f"{years:.3g}" if unit.startswith("y") else f"{years:.3f}", *match.span())
    for match in _RANGE.finditer(text):
        if int(match["low"]) < int(match["high"]):
            yield Mention("age", f"{int(match['low'])}-{int(match['high'])}", *match.span())
    for match in _OPEN.finditer(text):
        yield Mention("age", f"{match['one'] or match['other']}+", *match.span())
    for match in _DECADE.finditer(text):
        first = int(match["digits"]) if match["digits"] else _TENS[f"{match['word'].lower()}y"]
        yield Mention("age", f"{first}-{first + 10}", *match.span())
    for concept, pattern in _SIZES:
        for match in pattern.finditer(text):
            value = number(match.groupdict().get("number") or match.groupdict()["other"])
            factor = {"m": 100.0, "g": 0.001}.get((match["unit"] or "").strip().lower(), 1.0)
            if (match["unit"] or "").strip().lower().startswith("met"):
                factor = 100.0
            yield Mention(concept, f"{value * factor:g}", *match.span())
