"""Which mentions a sentence denies or leaves undecided: triggers, and how far each reaches.

A trigger reaches one list of mentions ("no crackles, wheezes or rhonchi"), the nearest before or behind it; what stands
between a trigger and its list, and between two of a list, may be any words but those that begin something else. So
"no crackles in this 66-year-old man with pneumonia" denies the crackles and nothing more. The words, and how far they
reach, stand in ``language/negation.yaml``. The idea is NegEx's (Chapman et al. 2001, doi:10.1006/jbin.2001.1029), with
lists and clauses instead of a window of words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ...data.facts import Polarity
from ..lexicon import language, words
from .mentions import Mention
from .unlisted import is_neutral

Side = Literal["mark", "ahead", "behind"]
"""Where a trigger's list stands; a mark stands right behind its list and goes before every other trigger."""
_KINDS: tuple[tuple[str, Polarity | None, Side], ...] = (
    ("present_mark", "present", "mark"),
    ("absent_mark", "absent", "mark"),
    ("unknown_mark", "unknown", "mark"),
    ("nothing", None, "ahead"),
    ("unknown_ahead", "unknown", "ahead"),
    ("hedge_ahead", "unknown", "ahead"),
    ("unknown_behind", "unknown", "behind"),
    ("absent_behind", "absent", "behind"),
    ("absent_ahead", "absent", "ahead"),
)
_OF_THE_PERSON = ("pregnancy", "smoking")
"""Concepts that stand in "unclear whether this pregnant woman has a murmur" without being unclear."""
_SINGULAR = re.compile(r"(?:is|was|has|being|does|isn't|wasn't|hasn't|doesn't|I|we|one|you|they)\b")
"""Verbs of one thing: "cough and headache, fever being absent" denies the fever alone, "fever we did not find", too."""


@dataclass(frozen=True)
class Trigger:
    """Words that deny or leave open, and on which side their list stands."""

    start: int
    end: int
    polarity: Polarity
    side: Side
    hedge: bool = False


def triggers(text: str, start: int, end: int, mentions: Sequence[Mention]) -> list[Trigger]:
    """Find the triggers of a sentence, outside the mentions: marks first; of several at a place the first kind."""
    taken = [(mention.start, mention.end) for mention in mentions]
    result: list[Trigger] = []
    for name, polarity, side in _KINDS:
        for match in words("negation", name).finditer(text, start, end):
            span = match.span()
            if any(span[0] < b and a < span[1] for a, b in taken):
                continue
            taken.append(span)
            if polarity is not None:
                result.append(Trigger(*span, polarity, side, name == "hedge_ahead"))
    return sorted(result, key=lambda trigger: (trigger.side != "mark", trigger.start))


def polarities(
    text: str, start: int, end: int, mentions: Sequence[Mention], deniable: Sequence[Mention]
) -> list[Polarity]:
    """Give the polarity of each deniable mention of a sentence.

    Args:
        text: of the report.
        start: of the sentence.
        end: of the sentence.
        mentions: everything found in it; triggers do not stand inside.
        deniable: those that can be denied, in their order.
    """
    result: list[Polarity | None] = [None] * len(deniable)
    for trigger in triggers(text, start, end, mentions):
        behind = trigger.side != "ahead"
        reached = _behind(text, trigger, deniable, result) if behind else _ahead(text, trigger, deniable)
        if not reached and not behind and words("negation", "either_side").match(text[trigger.start : trigger.end]):
            reached = _behind(text, trigger, deniable, result)
        if not reached and trigger.side == "behind" and trigger.polarity == "absent":
            reached = _ahead(text, trigger, deniable)
        for index in reached:
            mention = deniable[index]
            if trigger.hedge and mention.concept != "finding":
                continue
            between = text[trigger.end : mention.start] or text[mention.end : trigger.start]
            if mention.polarity == "absent" and _count(re.sub(r"\b(an?|any|the)\b", "", between)) > 0:
                continue  # "no fever, healthy": what denies by itself is denied only where the trigger touches it
            result[index] = result[index] or trigger.polarity
    return [_composed(mention, polarity) for mention, polarity in zip(deniable, result, strict=True)]


def linked(text: str, first: Mention, second: Mention) -> bool:
    """Whether two mentions stand in one list or noun phrase."""
    gap = text[first.end : second.start]
    if ":" in gap or words("negation", "break").search(gap) or words("negation", "except").search(gap):
        return False
    if re.search(r"[,/&]", gap) or words("negation", "join").search(gap):
        return _count(gap) <= _reach("list")
    return first.concept == second.concept and _count(gap) <= _reach("noun")


def _composed(mention: Mention, polarity: Polarity | None) -> Polarity:
    if polarity is None or polarity == "present":
        return mention.polarity
    if polarity == "unknown":
        return polarity
    return "present" if mention.polarity == "absent" else "absent"


def _count(gap: str) -> int:
    return len(re.findall(r"\w+", gap))


def _reach(name: str) -> int:
    return int(language("negation")["reach"][name])


def _ahead(text: str, trigger: Trigger, deniable: Sequence[Mention]) -> list[int]:
    reached: list[int] = []
    for index, mention in enumerate(deniable):
        if mention.start < trigger.end or (trigger.polarity == "unknown" and mention.concept in _OF_THE_PERSON):
            continue
        if reached:
            denies = re.match("den[iy]", text[trigger.start : trigger.end], re.IGNORECASE)
            joins = "join" if denies else "alternative"
            if not linked(text, deniable[index - 1], mention) or _another_item(text, deniable, index, joins):
                break
        elif not _touches(text[trigger.start : trigger.end].lower(), trigger, text[trigger.end : mention.start]):
            return []
        reached.append(index)
    return reached


def _another_item(text: str, deniable: Sequence[Mention], index: int, joins: str) -> bool:
    """Whether a comma ends a denial: "no wheeze, COPD" denies no COPD, "no wheeze, asthma or COPD" does.

    So does "denies wheeze, asthma and COPD"; ``joins`` names the words of the table that join there.
    """
    before, mention = deniable[index - 1], deniable[index]
    joined = any(
        words("negation", joins).search(text, first.end, second.start)
        for first, second in pairwise(deniable[index - 1 :])
        if linked(text, first, second)
    )
    return not joined and _sort(before) != _sort(mention)


def _sort(mention: Mention) -> str:
    return "disease" if mention.concept == "condition" else mention.concept


def _touches(trigger_text: str, trigger: Trigger, gap: str) -> bool:
    """Whether nothing between a trigger and the mention ahead of it begins something else."""
    if trigger.polarity == "unknown":
        return _count(gap) <= _reach("behind")
    first, comma, _ = gap.partition(",")
    if comma and not all(map(is_neutral, re.findall(r"\w+", first))):
        return False  # "no apnoeas, crackles": it denies something else
    verb = re.search("n't|not", trigger_text) and words("negation", "infinitive").match(gap.lstrip())
    rest = gap.lstrip()[verb.end() :] if verb else gap
    return not words("negation", "break").search(rest) and _count(gap) <= _reach("ahead")


def _behind(text: str, trigger: Trigger, deniable: Sequence[Mention], result: Sequence[Polarity | None]) -> list[int]:
    reached: list[int] = []
    for index in range(len(deniable) - 1, -1, -1):
        mention = deniable[index]
        if mention.end > trigger.start:
            continue
        if reached:
            last = deniable[index + 1]
            gap = text[mention.end : last.start]
            another = (_sort(mention) != _sort(last) or _count(gap) > 0) and not words("negation", "join").search(gap)
            alone = trigger.side == "mark" or _SINGULAR.match(text, trigger.start)
            single = alone and not (words("negation", "join").search(gap) or re.search("[/&]", gap))
            if not linked(text, mention, last) or another or single or re.search("[()]", gap):
                break
        else:
            aside = re.sub(r",\s*(which|that|who)\b[^,]*,", "", text[mention.end : trigger.start])
            gap = words("negation", "copula").sub("", aside)
            if trigger.side == "mark" and gap.strip():
                return []
            other_clause = trigger.polarity == "absent" and words("negation", "clause").search(gap)
            if _count(gap) > _reach("behind") or other_clause:
                return []
        if result[index] is not None:
            break
        reached.append(index)
    return reached
