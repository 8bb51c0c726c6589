"""From a text to what it says, one thing at a time: mentions with their polarity, owner and role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ...data.facts import Fact, Polarity
from ...files import Serialisable
from ..lexicon import NEUTRAL, TERM_CONCEPTS, ancestors, lexicon, words
from .mentions import VALVES, Mention, find_mentions, plain, sentences, squeezed
from .negation import linked, polarities, triggers
from .unlisted import unlisted

Role = Literal["loudest", "location", "site", "any"]
TRAITS: tuple[str, ...] = ("timing", "shape", "grade", "pitch", "quality")
PHASES: tuple[str, ...] = ("systolic murmur", "diastolic murmur", "continuous murmur")
_OF_TIMING = {"systolic": "systolic murmur", "diastolic": "diastolic murmur"}
_BREATH = ("inspiratory", "expiratory", "inspiratory and expiratory")
_AT_ONCE = 20  # characters, as in "no murmur was heard at the"
_IN_COUGH = {"wheeze": "wheezing cough", "stridor": "stridor in cough"}
"""What is heard in a cough, where that is what was listened for."""


@dataclass(frozen=True)
class Statement(Serialisable):
    """One thing that a text says.

    Args:
        concept: of :data:`hf_auscult.data.facts.CONCEPTS`, or of the lexicon's additions, such as
            ``recommendation``.
        value: in the lexicon's spelling.
        polarity: whether it is said to be there, not to be there, or to be undecided.
        of: the finding or disease that a trait belongs to, where the text names it.
        start: of the words in the text.
        end: behind them.
        text: the words.
        rest: whether it speaks of the rest only, as in ``no other adventitious sounds``.
        only: whether a place is said to be the only one, as in ``confined to the mitral area``.
    """

    concept: str
    value: str
    polarity: Polarity
    of: str | None
    start: int
    end: int
    text: str
    rest: bool = False
    only: bool = False


def read_statements(text: str, facts: Sequence[Fact]) -> list[Statement]:
    """Read a text sentence by sentence.

    Args:
        text: of the report.
        facts: whose own words are names too.
    """
    original, (text, places) = text, squeezed(plain(text))
    mentions = [_in_context(text, mention, facts) for mention in find_mentions(text, facts)]
    coughs = any(fact.concept == "sound" and "cough" in fact.value for fact in facts)
    result: list[Statement] = []
    for start, end in sentences(text):
        inside = [mention for mention in mentions if start <= mention.start < end]
        statements = _sentence(text, start, end, inside)
        if any(fact.concept == "location" for fact in facts):
            statements = _with_places_denied(text, statements)
        symptoms = sum(one.concept == "symptom" and one.polarity == "present" for one in statements) - 1
        if coughs and symptoms < 2:
            statements = [
                replace(one, concept="sound") if one.value == "cough" and _recorded(text, start, end, one) else one
                for one in statements
            ]
        denials = [(trigger.start, trigger.end) for trigger in triggers(text, start, end, inside)]
        beyond = unlisted(text[start:end], *_moved(inside, denials, -start), facts)
        statements += [
            Statement(word.concept, word.value, "present", None, start + word.start, start + word.end, "")
            for word in beyond
        ]
        result += sorted(statements, key=lambda one: one.start)
    result = [replace(one, text=text[one.start : one.end]) for one in result]
    if len(text) == len(original):
        return result
    spans = [(one, places[one.start], places[one.end - 1] + 1) for one in result]
    return [replace(one, start=start, end=end, text=original[start:end]) for one, start, end in spans]


def _with_places_denied(text: str, statements: Sequence[Statement]) -> list[Statement]:
    """What is denied of a murmur at once is denied of the place behind it: "no murmur was heard at the apex"."""
    result = [*statements]
    for index, (murmur, place) in enumerate(pairwise(statements), 1):
        denied = (murmur.value, murmur.polarity, place.concept) == ("murmur", "absent", "location")
        if denied and place.start - murmur.end <= _AT_ONCE and "," not in text[murmur.end : place.start]:
            result[index] = replace(place, polarity="absent")
    return result


def _recorded(text: str, start: int, end: int, cough: Statement) -> bool:
    """Whether "a cough" is the recording, where coughs were recorded, and no symptom that somebody tells of."""
    behind = re.compile("[,;:]").search(text, cough.end, end)
    told = words("roles", "complaint")
    before = told.search(text, start, cough.start)
    return cough.polarity == "present" and not (
        before or told.search(text, cough.end, behind.start() if behind else end)
    )


def _moved(
    mentions: Sequence[Mention], spans: Sequence[tuple[int, int]], by: int
) -> tuple[list[Mention], list[tuple[int, int]]]:
    moved = [replace(mention, start=mention.start + by, end=mention.end + by) for mention in mentions]
    return moved, [(start + by, end + by) for start, end in spans]


def _in_context(text: str, mention: Mention, facts: Sequence[Fact]) -> Mention:
    """Added sounds are the heart's where the heart was recorded, and the apex is the lungs' elsewhere."""
    sounds = {fact.value for fact in facts if fact.concept == "sound"}
    heart = "heart" in sounds or (not sounds and any("murmur" in fact.value for fact in facts))
    if mention.concept == "phase" and any(fact.concept == "timing" for fact in facts):
        return replace(
            mention, concept="timing", value="inspiratory" if mention.value == "inhalation" else "expiratory"
        )
    if mention.value == "adventitious sound at a place":
        return replace(mention, value="adventitious sound")
    if mention.value == "added sound":
        return replace(mention, value="abnormal heart sound" if heart else "adventitious sound")
    if mention.value in _IN_COUGH and any(fact.value == _IN_COUGH[mention.value] for fact in facts):
        return replace(mention, value=_IN_COUGH[mention.value])
    if mention.concept != "place" or not sounds:
        return mention
    if heart:
        return replace(mention, concept=NEUTRAL) if mention.value == "bilateral" else mention
    if mention.value == "mitral" and re.search("ap", text[mention.start : mention.end]):
        return replace(mention, value="upper")
    return (
        replace(mention, concept=NEUTRAL)
        if mention.value in VALVES and "area" not in text[mention.start : mention.end]
        else mention
    )


def _sentence(text: str, start: int, end: int, mentions: Sequence[Mention]) -> list[Statement]:
    kinds = (*TERM_CONCEPTS, "smoking", "pregnancy", "outcome", *lexicon().additions)
    deniable = [
        each for each in mentions if each.concept in kinds and each.concept != "detail" and each.value != "course"
    ]
    polarity_of = dict(zip(deniable, polarities(text, start, end, mentions, deniable), strict=True))
    heads = [mention for mention in mentions if mention.concept in ("finding", "timing")]
    result: list[Statement] = []
    for mention in mentions:
        if mention.concept == NEUTRAL:
            continue
        concept, polarity = mention.concept, polarity_of.get(mention, mention.polarity)
        of, rest, only = None, False, False
        if mention in polarity_of:
            of_a_sign = concept == "outcome" and _of_a_sign(text, mention, mentions)
            if of_a_sign or _modified(text, mention, deniable, polarity_of):
                continue
            rest = polarity == "absent" and _speaks_of_rest(text, start, mention, end, polarity_of)
        elif mention.concept in TRAITS or mention.concept == "severity":
            if _before_denied(text, mention, polarity_of):
                continue
            of = _disease(mention, mentions) if concept == "severity" else owner(mention, heads, text)
            denied = _negated(text, start, mention, deniable) or words("negation", "absent_mark").match(
                text, mention.end
            )
            polarity = "absent" if denied else "present"
        elif concept == "place":
            concept, only = role(text, start, end, mention), _nowhere_else(text, start, mention)
            polarity = "absent" if _negated(text, start, mention, deniable) else "present"
            if mention.value == "here" and result and not text[result[-1].end : mention.start].strip(" ,"):
                polarity = result[-1].polarity  # "not at the aortic area, where this recording was made"
        elif concept == "detail" and _before_denied(text, mention, polarity_of):
            continue
        start_of, end_of = mention.start, mention.end
        statement = Statement(concept, mention.value, polarity, of, start_of, end_of, text[start_of:end_of], rest, only)
        result.append(statement)
    return result


def _modified(
    text: str, mention: Mention, deniable: Sequence[Mention], polarity_of: Mapping[Mention, Polarity]
) -> bool:
    """Whether a denied murmur is one kind of murmur only: "no diastolic murmur" leaves the systolic one."""
    index = deniable.index(mention)
    if mention.value != "murmur" or polarity_of[mention] == "present" or not index:
        return False
    before = deniable[index - 1]
    return before.value in PHASES and linked(text, before, mention) and "," not in text[before.end : mention.start]


def _of_a_sign(text: str, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether "normal" is said of a sign ("saturation is normal", "normal heart rate"), not of the examination."""
    for sign in (other for other in mentions if other.concept == "sign"):
        between = text[sign.end : mention.start].strip()
        if sign.end <= mention.start and (not between or words("roles", "predicate").fullmatch(between)):
            return True
        if mention.end <= sign.start and not text[mention.end : sign.start].strip():
            return True
    return False


def _speaks_of_rest(text: str, start: int, mention: Mention, end: int, polarity_of: Mapping[Mention, Polarity]) -> bool:
    """Whether something denied is so but for what the sentence excepts, or is called other (within three words)."""
    if words("negation", "other").search(text, max(start, mention.start - 22), mention.end):
        return True
    excepted = words("negation", "except").search(text, start, end)
    return excepted is not None and any(
        other is not mention and polarity == "present" and mention.value in ancestors(other.value)
        for other, polarity in polarity_of.items()
    )


def _before_denied(text: str, trait: Mention, polarity_of: Mapping[Mention, Polarity]) -> bool:
    """Whether a trait stands before a word that is denied or undecided: "no harsh murmur" says nothing of harshness."""
    head = next((mention for mention in polarity_of if mention.start >= trait.end), None)
    return (
        head is not None
        and polarity_of[head] != "present"
        and linked(text, trait, head)
        and "," not in text[trait.end : head.start]
    )


def _disease(severity: Mention, mentions: Sequence[Mention]) -> str | None:
    named = [mention for mention in mentions if mention.concept in ("disease", "condition")]
    behind = [mention for mention in named if mention.start >= severity.end]
    return (behind or named[::-1])[0].value if named else None


def _negated(text: str, start: int, mention: Mention, deniable: Sequence[Mention]) -> bool:
    """Whether one of the six words before denies it, and nothing nearer; 40 characters hold them."""
    nearer = max((other.end for other in deniable if other.end <= mention.start), default=0)
    near = text[max(nearer, start, mention.start - 40) : mention.start].lower()
    before = re.findall(r"[\w']+,?", re.sub(r"\bnot (only|just|limited|confined|restricted)\b", "", near))
    return any(words("roles", "not").fullmatch(word) for word in before[-6:]) and "," not in "".join(before[-2:])


def _nowhere_else(text: str, start: int, place: Mention) -> bool:
    """Whether a place is said to be the only one, by itself or in a list."""
    cues = list(words("roles", "only").finditer(text, start, place.start))
    return bool(cues) and not words("negation", "break").search(text, cues[-1].end(), place.start)


def role(text: str, start: int, end: int, place: Mention) -> Role:
    """Find what a place is the place of: from the nearest cue before it in its sentence, else the first behind.

    Example:
        >>> text = "Recorded at the apex; a murmur is loudest over the aortic area"
        >>> role(text, 22, len(text), Mention("place", "aortic", 51, 62))
        'loudest'
    """
    behind = text[place.end : min(end, place.end + 45)]  # as far as "is the point where the murmur is loudest" takes
    for word in re.finditer(r"\w+", behind):
        if words("roles", "cues", "loudest").match(behind, word.start()):
            if behind[: word.start()].rstrip().endswith(","):
                break  # "at the apex and the base, loudest at the apex"
            return "loudest"
        if not words("roles", "filler").fullmatch(word[0]):
            break
    cues: list[tuple[int, bool, Role]] = []
    names: tuple[Role, ...] = ("loudest", "location", "site")
    for name in names:
        # "best heard" is a cue of both kinds: the loudest wins where two end together
        matches = words("roles", "cues", name).finditer(text[start : place.start])
        cues += [(match.end(), name == "loudest", name) for match in matches]
    return max(cues, key=lambda cue: cue[:2])[2] if cues else "any"


def owner(trait: Mention, heads: Sequence[Mention], text: str) -> str | None:
    """Find the murmur that a trait belongs to among those of its sentence; None where one murmur or none is named."""
    for kind, name in _OF_TIMING.items():
        if trait.concept == "timing" and kind in trait.value:
            return name
    if trait.value in _BREATH:
        return _breath_sound(trait, heads, text)
    named = [(head, kind) for head in heads for kind in phases_of(head.concept, head.value)[:1]]
    if not named:
        return None
    current = named[0][1]
    if len({name for _, name in named}) == 1:
        return current
    for (mention, _), (other, name) in pairwise(named):
        borders = _borders(text, mention.end, other.start, ";", "second") or _borders(
            text, mention.end, other.start, ",;", "part"
        )
        if trait.start >= (borders[-1] if borders else other.start):
            current = name
    return current


def phases_of(concept: str, value: str) -> tuple[str, ...]:
    """Phases of the heart that a mention or a statement puts a murmur in."""
    if concept == "timing":
        return tuple(name for kind, name in _OF_TIMING.items() if kind in value)
    return tuple(name for name in PHASES if name in ancestors(value))


def _borders(text: str, start: int, end: int, marks: str, name: str) -> list[int]:
    """Where something else begins in a stretch: at a mark or a word of the table."""
    starts = [match.start() for match in words("roles", name).finditer(text, start, end)]
    return sorted([*starts, *(index for index in range(start, end) if text[index] in marks)])


def _breath_sound(trait: Mention, heads: Sequence[Mention], text: str) -> str | None:
    """What is heard in a phase of the breath: what follows at once, else what stands before."""
    heard = [head for head in heads if head.concept == "finding"]
    behind = [head for head in heard if head.start >= trait.end and not text[trait.end : head.start].strip(" -")]
    before = [head for head in heard if head.end <= trait.start]
    return behind[0].value if behind else before[-1].value if before else heard[0].value if heard else None
