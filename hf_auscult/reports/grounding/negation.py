"""Which mentions a sentence denies or leaves undecided: triggers, and how far each reaches.

A trigger reaches one list of mentions ("no crackles, wheezes or rhonchi"), the nearest before or behind it; what stands
between a trigger and its list, and between two of a list, may be any words but those that begin something else. So
"no crackles in this 66-year-old man with pneumonia" denies the crackles and nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..lexicon import phrase
from ..schema import Polarity
from .mention import Mention

_SENSED = (
    r"(?:heard|present|audible|detected|detectable|found|seen|there|evident|apparent|appreciated|appreciable|"
    r"reported|noted|"
    r"observed|identified|documented|recorded|recognised|recognized|experienced|described|discernible|"
    r"discerned|picked up|"
    r"demonstrated|included|mentioned|made out|endorsed|noticed|perceived|registered|confirmed|marked|listed|a feature|"
    r"part of|distinguished|elicited|annotated|perceptible|complained of)"
)
_DECIDED = (
    r"(?:determined?|decided?|assess(?:ed)?|established?|ascertain(?:ed)?|judged?|"
    r"confirmed?(?: or (?:excluded|ruled out|denied))?|"
    r"evaluated?|verified|verify|resolved?|clarified|settled|told|said|inferred|concluded|known|ruled out|excluded)"
)
_BE = r"(?:is|are|was|were|be|been|being|remains?|remained)"
_NOTHING = phrase(
    r"no (?:doubt|change|matter|(?:lack|absence) of)|not only|not (?:limited|necessarily)|without (?:doubt|difficulty)|"
    r"not (?:entirely |completely |fully |wholly |quite )?(?:free (?:of|from)|without|absent|devoid of|"
    r"lacking|negative for|"
    r"absence of)"
)
_UNKNOWN_AHEAD = phrase(
    rf"(?:can ?not|could not|can't|couldn't|unable to|not possible to|impossible to)(?: be)? (?:\w+ly )?{_DECIDED}"
    r"(?: (?:from|on|in|with) (?:this|the) \w+)? (?:whether|if)|"
    r"(?:unclear|unknown|uncertain|undetermined|undecided|indeterminate|not (?:known|clear|certain|stated|"
    r"possible to say|"
    r"determined|decided|recorded))(?: (?:from|on|in) (?:this|the) \w+)? (?:whether|if|as to)|"
    r"(?:indeterminate|equivocal|questionable|uncertain|undetermined|inconclusive) (?:for |as to |regarding )?"
    r"(?:the )?(?:presence of )?"
)
_UNKNOWN_BEHIND = phrase(
    rf"(?:can ?not|could not|can't|couldn't|can neither|"
    rf"could neither)(?: be)?(?: \w+ly)? {_DECIDED}(?: nor (?:excluded|ruled out))?|"
    rf"{_BE}(?: \w+ly)? (?:unknown|undetermined|uncertain|unclear|indeterminate|undecided|inconclusive|"
    rf"equivocal|open|in doubt|"
    r"not (?:known|determined|established|determinable|clear|certain|decided)|under validation)|"
    r"(?:status|presence|state)?:? ?unknown"
)
_ABSENT_BEHIND = phrase(
    rf"(?:can ?not|could not|can't|couldn't|(?:{_BE} )?(?:not|never)|(?:is|are|was|were)n't|neither)(?: (?:be|"
    rf"been|being))?"
    rf"(?: (?:\w+ly|also|otherwise))? {_SENSED}|"
    rf"(?:{_BE}|recorded as|noted as|reported as|noted to be|found to be|described as|documented as|marked|marked as) "
    r"(?:\w+ly |also |all |both |likewise )?(?:absent|denied|ruled out|excluded|lacking|missing|negative|nil|none|"
    r"not (?:a feature|part))|"
    rf"(?:do|does|did) not (?:belong|appear|occur|feature|arise|exist)|(?:is|are|was|were|do|does|did|has|"
    rf"have|had) not(?=\s*(?:[.,;]|$|in\b|over\b|at\b))|"
    r"(?:goes|go|went) (?:un)?(?:heard|detected)|:? ?(?:absent|none|negative|nil)(?=\s*(?:[.,;)]|$|and\b|in\b|"
    r"throughout\b))|: ?no"
)
_ABSENT_AHEAD = phrase(
    r"no(?: longer)?|not(?: (?:a|an|the|any|accompanied by|associated with|complicated by|known to have|"
    r"reported to have|"
    r"been diagnosed with|diagnosed with|suffering from|positive for|indicative of|suggestive of))?|without|"
    r"(?:in )?(?:the |an |a |complete )*absence of|absent|free (?:of|from)|"
    r"lack(?:s|ing)?(?: of)?|devoid of|denie[sd]|denying|negative for|never|neither|"
    r"nor(?: (?:is|are|was|were|does|do|did|has|have)(?: (?:there|he|she|they|it|the \w+|"
    r"this \w+))?(?: any)?)?|rather than|instead of|"
    r"(?:rul(?:es|ed|ing)|rule) out|exclud(?:es|ed|ing|e)|(?:fails?|failed|failing) to \w+|none of|unaccompanied by|"
    r"(?:can ?not|could not|can't|couldn't|(?:do|does|did|was|were|is|are|has|have|had)n't)|un(?:marked|complicated) by"
)
EXCEPT = phrase(
    r"except(?:ing)?(?: for| that)?|apart from|aside from|other than|with the exception of|but for|save for|"
    r"beyond|besides"
)
OTHER = phrase(r"other|further|additional|else|remaining|otherwise|extra|more")
_BREAK = phrase(
    r"but|however|although|though|while|whereas|yet|except|apart|aside|besides|who|whose|which|whom|in|at|over|on|with|"
    r"from|by|during|despite|because|since|given|when|where|within|throughout|consistent|indicating|"
    r"indicates?|suggesting|"
    r"suggests?|suggestive|diagnosed|reveals?|revealed|shows?|showed|demonstrates?|demonstrated|is|are|was|"
    r"were|be|has|have|had|"
    r"does|do|did|can|could|may|might|will|would|presents?|presented|exhibits?|displays?|reports|confirms?|produces?|"
    r"this|these|positive|present|accompanied|compatible|along|together|characteri[sz]ed|there|remains?|appears?|after|"
    r"before|only|instead|just|supporting|reflecting|leaving|judged|classified|rated|deemed|considered|"
    r"labell?ed|graded|alongside|for|aged"
)
_CLAUSE = phrase(
    r"but|however|although|though|while|whereas|yet|is|are|was|were|has|have|had|does|do|did|reveals?|revealed|shows?|"
    r"showed|demonstrates?|demonstrated|presents?|exhibits?|reports|confirms?|denies|remains?|appears?|can|"
    r"could|who|which"
)
_COPULA = re.compile(r"\s*\b(?:is|are|was|were)\s*$", re.IGNORECASE)
_INFINITIVE = re.compile(
    r"\s*(?:be|been|have|has|had|reveal|show|demonstrate|exhibit|display|present|confirm|indicate|suggest|report)?\b"
    r"(?:\s*with\b)?",
    re.IGNORECASE,
)
_JOIN = re.compile(r"[,/&]|\b(?:and|or|nor|including|plus|like)\b|such as|as well as", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_LIST_WORDS, _NOUN_WORDS, _AHEAD_WORDS, _BEHIND_WORDS = 7, 2, 7, 9


@dataclass(frozen=True)
class Trigger:
    """Words that deny or leave open, and on which side their list stands."""

    start: int
    end: int
    polarity: Polarity | None
    side: Literal["ahead", "behind", "either"]


_KINDS: tuple[tuple[re.Pattern[str], Polarity | None, Literal["ahead", "behind"]], ...] = (
    (_NOTHING, None, "ahead"),
    (_UNKNOWN_AHEAD, "unknown", "ahead"),
    (_UNKNOWN_BEHIND, "unknown", "behind"),
    (_ABSENT_BEHIND, "absent", "behind"),
    (_ABSENT_AHEAD, "absent", "ahead"),
)


def triggers(text: str, start: int, end: int, mentions: Sequence[Mention]) -> list[Trigger]:
    """Find the triggers of a sentence, outside the mentions, in their order; of several at a place the first kind."""
    taken = [(one.start, one.end) for one in mentions]
    found: list[Trigger] = []
    for pattern, polarity, side in _KINDS:
        for match in pattern.finditer(text, start, end):
            span = match.span()
            if any(span[0] < b and a < span[1] for a, b in taken):
                continue
            taken.append(span)
            found.append(Trigger(*span, polarity, side))
    return sorted((one for one in found if one.polarity), key=lambda one: one.start)


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
    marks = triggers(text, start, end, mentions)
    for mark in marks:
        chosen = _ahead(text, mark, deniable) if mark.side == "ahead" else _behind(text, mark, deniable, result)
        if (
            not chosen
            and mark.side == "ahead"
            and re.match(r"denie|exclud|rule|absent", text[mark.start : mark.end], re.I)
        ):
            chosen = _behind(text, mark, deniable, result)
        if not chosen and mark.side == "behind" and mark.polarity == "absent":
            chosen = _ahead(text, mark, deniable)
        for place in chosen:
            one = deniable[place]
            if one.polarity == "absent" and _words(text[mark.end : one.start]) > 1:
                continue  # "no fever, healthy": what denies by itself is denied only where the trigger touches it
            if result[place] is None:
                result[place] = mark.polarity
    return [_composed(one, said) for one, said in zip(deniable, result, strict=True)]


def _composed(mention: Mention, said: Polarity | None) -> Polarity:
    if said is None or said == "unknown":
        return said or mention.polarity
    return "present" if mention.polarity == "absent" else "absent"


def _words(gap: str) -> int:
    return len(_WORD.findall(gap))


def linked(text: str, one: Mention, other: Mention) -> bool:
    """Whether two mentions stand in one list or noun phrase."""
    gap = text[one.end : other.start]
    if _BREAK.search(gap) or EXCEPT.search(gap):
        return False
    if _JOIN.search(gap):
        return _words(gap) <= _LIST_WORDS
    return one.concept == other.concept and _words(gap) <= _NOUN_WORDS


def _ahead(text: str, mark: Trigger, deniable: Sequence[Mention]) -> list[int]:
    chosen: list[int] = []
    for place, one in enumerate(deniable):
        if one.start < mark.end:
            continue
        if not chosen:
            gap = text[mark.end : one.start]
            said = text[mark.start : mark.end].lower()
            if mark.polarity == "unknown":
                reaches = _words(gap) <= _BEHIND_WORDS
            else:
                verb = _INFINITIVE.match(gap) if "n't" in said or "not" in said else None
                reaches = not _BREAK.search(gap[verb.end() :] if verb else gap) and _words(gap) <= _AHEAD_WORDS
            if not reaches:
                return []
        elif not linked(text, deniable[place - 1], one):
            break
        chosen.append(place)
    return chosen


def _behind(text: str, mark: Trigger, deniable: Sequence[Mention], result: Sequence[Polarity | None]) -> list[int]:
    chosen: list[int] = []
    for place in range(len(deniable) - 1, -1, -1):
        one = deniable[place]
        if one.end > mark.start:
            continue
        if not chosen:
            gap = _COPULA.sub("", text[one.end : mark.start])
            if _words(gap) > _BEHIND_WORDS or (mark.polarity == "absent" and _CLAUSE.search(gap)):
                return []
        elif not linked(text, one, deniable[place + 1]):
            break
        if result[place] is not None:
            break
        chosen.append(place)
    return chosen
