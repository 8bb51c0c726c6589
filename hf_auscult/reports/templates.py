"""Clinical prose from facts: several phrasings of each, chosen by a hash, so that order and process do not matter.

As in appendix A of arXiv 2512.04847 a text restates the given information in two or three sentences, as a specialist
would dictate it, and recommends nothing. It says nothing else either: no "normal respiratory function" where a
recording is without crackles (appendix III-E). The wordings stand in ``language/phrases.yaml``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..data.facts import VALUES, Fact
from .lexicon import language
from .masking import Mask

Choose = Callable[[str, Sequence[str]], str]
_WITH_POLARITY = ("finding", "disease", "symptom", "condition")
_PLACING = ("phase", "site", "device", "position")
_PERSONAL = ("age", "height", "weight", "bmi", "pregnancy", "country")
_TRAITS = ("timing", "shape", "grade", "pitch", "quality")
_PLACES = ("location", "heard_here", "loudest")


def phrases() -> Mapping[str, Sequence[str]]:
    """Wordings by ``concept``, ``concept=value`` or ``concept:polarity``."""
    wordings: Mapping[str, Sequence[str]] = language("phrases")["phrases"]
    return wordings


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


def write(facts: Sequence[Fact], mask: Mask | str, choose: Choose) -> str:
    """Write a report of two or three sentences that states exactly these facts, whatever their order.

    Args:
        facts: what to state; already masked.
        mask: names the noun for a murmur, or is that noun.
        choose: picks phrasings.

    Example:
        >>> write([Fact("finding", "wheeze", "wheezes", "absent")], "murmur", chooser("r1"))
        'This report is on an audio recording in a person. Wheezes cannot be heard.'
    """
    noun = mask.noun if isinstance(mask, Mask) else mask
    # Two columns may state one thing, as two experts do.
    once = {(fact.concept, fact.value, fact.polarity, fact.of): fact for fact in facts}.values()
    plain = [fact for fact in once if fact.polarity == "present" or fact.concept in _WITH_POLARITY]
    odd = [fact for fact in once if fact not in plain]
    groups = {
        "context": _history(plain, choose),
        "finding": _findings(plain, noun, choose),
        "diagnosis": _conclusions(plain, choose),
    }
    for kind, clauses in groups.items():
        clauses += _odd_traits([fact for fact in odd if fact.kind == kind], noun, choose)
    first, *rest = ["; ".join(clauses) for clauses in groups.values() if clauses] or [""]
    body = [first, "; ".join(rest)] if len(rest) == 2 else [first, *rest]
    frames, what, who = language("phrases")["frames"], _examination(plain, choose), _person(plain, choose)
    if first:
        opening = [choose("joint", frames["joint"]).format(what=what, who=who)]
    else:
        opening = [choose(f"{slot} frame", frames[slot]).format(what=what, who=who) for slot in ("what", "who")]
    sentences = [*opening, *(f"{text}." for text in body if text)]
    return " ".join(" ".join(f"{text[0].upper()}{text[1:]}" for text in sentences).split())


def _join(words: Sequence[str], last: str = "and") -> str:
    """Enumerate words in English."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _article(words: str) -> str:
    """Put a or an before words; numbers that begin with a vowel are 8, 11 and 18."""
    return f"{'an' if words[0].lower() in 'aeiou' or words.startswith(('8', '11 ', '18')) else 'a'} {words}"


def _phrase(key: str, choose: Choose, fallback: str | None = None, *, slot: str | None = None, **words: str) -> str:
    """Word one thing: the options of ``key``, or of ``fallback`` where there are none of it."""
    options = phrases().get(key) or phrases()[fallback or key]
    return choose(slot or key.partition("=")[0], options).format(**words)


def _named(value: str, noun: str, *, present: bool) -> str:
    """Name a finding; under a mask a murmur is called by the mask's noun."""
    surface: str = language("phrases")["surfaces"].get(value, (value, value))[0 if present else 1]
    return surface.replace("murmur", noun) if noun else surface


def _values(facts: Iterable[Fact]) -> list[str]:
    """Values, each once, in alphabetical order."""
    return sorted({fact.value for fact in facts})


def _of(facts: Iterable[Fact], concept: str, polarity: str = "present") -> list[Fact]:
    """Facts of one concept and polarity, in the order of their values."""
    chosen = (fact for fact in facts if fact.concept == concept and fact.polarity == polarity)
    return sorted(chosen, key=lambda fact: (fact.value, fact.of or ""))


def _examination(facts: Sequence[Fact], choose: Choose) -> str:
    """Name what was recorded, where, with what."""
    sounds = [
        _phrase(f"sound={sound}", choose, "sound", value=f"the {sound}" if sound.startswith("vowel") else sound)
        for sound in _values(_of(facts, "sound"))
    ]
    parts = [_join(sounds) if sounds else _phrase("sound=", choose)]
    for concept in _PLACING:
        for fact in _of(facts, concept):
            parts.append(_phrase(f"{concept}={_family(fact)}", choose, concept, value=fact.value))
    return " ".join(parts)


def _family(fact: Fact) -> str:
    """Which wording a place takes: a valve's area, a side of the chest, or its own."""
    if fact.concept != "site":
        return fact.value
    if fact.value in VALUES["location"] and fact.value != "other":
        return "valve"
    return "chest" if fact.value.startswith(("left", "right")) else fact.value


def _person(facts: Sequence[Fact], choose: Choose) -> str:
    """Name the person by all that is stated of them."""
    groups = [_phrase("age_group", choose, value=fact.value) for fact in _of(facts, "age_group")]
    person = " / ".join(groups) or "person"
    for fact in _of(facts, "sex"):
        person = _phrase("sex", choose, value=fact.value, who=person)
    more = [_phrase(concept, choose, value=fact.value) for concept in _PERSONAL for fact in _of(facts, concept)]
    return ", ".join([_article(person), *(text.replace(" 1 years", " 1 year") for text in more)])


def _history(facts: Sequence[Fact], choose: Choose) -> list[str]:
    """Clauses on symptoms, conditions and smoking."""
    clauses: list[str] = []
    for concept in ("symptom", "condition"):
        for polarity, suffix, last in (("present", "", "and"), ("absent", ":absent", "or")):
            values = _values(_of(facts, concept, polarity))
            if concept == "symptom" and "symptom" in values:  # the column says only whether there is any
                values.remove("symptom")
                clauses.append(_phrase(f"symptom=symptom{suffix}", choose, slot=f"symptoms{suffix}"))
            if values:
                clauses.append(_phrase(f"{concept}{suffix}", choose, value=_join(values, last)))
        unknown = _values(_of(facts, concept, "unknown"))
        if unknown:
            name = _article(f"{concept} of {_join(unknown, 'or')}")
            clauses.append(_phrase("any:unknown", choose, slot=f"{concept}:unknown", value=name))
    smoking = _values(_of(facts, "smoking"))
    return [*clauses, *([_phrase("smoking", choose, value=_join(smoking))] if smoking else [])]


def _findings(facts: Sequence[Fact], noun: str, choose: Choose) -> list[str]:
    """Clauses on everything heard, and on the quality of the recording."""
    traits = [fact for fact in facts if fact.concept in _TRAITS and fact.polarity == "present"]
    places = [fact for fact in facts if fact.concept in _PLACES and fact.polarity == "present"]
    owners = {fact.of or "" for fact in (*traits, *places)}
    murmurs = any(owner.endswith(" murmur") for owner in owners)
    present = [
        _named(value, noun, present=True)
        for value in _values(_of(facts, "finding"))
        if value not in owners and not (value == "murmur" and murmurs)
    ]
    clauses = [_phrase("finding", choose, value=_join(present))] if present else []
    clauses += _described(traits, places, noun, choose)
    absent = [_named(value, noun, present=False) for value in _values(_of(facts, "finding", "absent"))]
    if absent:
        clauses.append(_phrase("finding:absent", choose, value=_join(absent, "or")))
    unknown = [_named(value, noun, present=True) for value in _values(_of(facts, "finding", "unknown"))]
    if unknown:
        clauses.append(_phrase("any:unknown", choose, slot="finding:unknown", value=_join(unknown, "or")))
    quality = _of(facts, "recording_quality")
    return clauses + [_phrase("recording_quality", choose, value=fact.value) for fact in quality]


def _described(traits: Sequence[Fact], places: Sequence[Fact], noun: str, choose: Choose) -> list[str]:
    """A clause for each thing with places; findings with traits only stand in it, or in one of their own."""
    clauses = []
    owners = sorted({fact.of or "" for fact in traits})
    for place in sorted({fact.of or "" for fact in places}):
        mine = [owner for owner in owners if owner == place or (place == "murmur" and owner.endswith(" murmur"))]
        owners = [owner for owner in owners if owner not in mine]
        subjects = [_subject(owner, traits, noun, choose) for owner in mine] or [_bare(place, noun)]
        here = [fact for fact in places if (fact.of or "") == place]
        clauses.append(_clause(subjects, _where(here, place, choose), choose, place))
    if owners:
        clauses.append(_clause([_subject(owner, traits, noun, choose) for owner in owners], "", choose, "traits"))
    return clauses


def _clause(subjects: Sequence[str], where: str, choose: Choose, slot: str) -> str:
    return f"{' together with '.join(subjects)} {choose(f'verb {slot}', language('phrases')['verbs'])}{where}"


def _bare(owner: str, noun: str) -> str:
    return _named(owner, noun, present=True) if owner else "something"


def _subject(owner: str, traits: Sequence[Fact], noun: str, choose: Choose) -> str:
    """Noun phrase as in "a holosystolic, grade I/VI murmur of low pitch": long phrasings stand after the noun."""
    before: list[str] = []
    after: list[str] = []
    timing = ""
    for concept in _TRAITS:
        for fact in _of((fact for fact in traits if (fact.of or "") == owner), concept):
            timing += fact.value if concept == "timing" else ""
            text = _phrase(concept, choose, slot=f"{concept} {owner}", value=fact.value)
            late = text.startswith(("of ", "with ", "graded ")) or " in " in text
            (after if late else before).append(text)
    bare = _bare(owner, noun)
    kind, _, rest = owner.partition(" ")
    if rest == "murmur" and kind in timing:  # a holosystolic murmur is systolic
        bare = _named("murmur", noun, present=True)
    indefinite = bare.startswith(("a ", "an "))
    head = " ".join([", ".join(before), bare.partition(" ")[2] if indefinite else bare]).strip()
    subject = _article(head) if indefinite else head
    return f"{subject} {_join(after)}" if after else subject


def _where(places: Sequence[Fact], owner: str, choose: Choose) -> str:
    """Where it is heard, to stand behind the verb."""
    text = ""
    for concept in _PLACES:
        values = [fact.value for fact in _of(places, concept)]
        if not values:
            continue
        slot, areas = f"{concept} {owner}", f"{_join(values)} {'areas' if len(values) > 1 else 'area'}"
        if concept == "heard_here":
            part = _join([_phrase(f"{concept}={value}", choose, slot=slot) for value in values])
        else:
            part = _phrase(concept, choose, slot=slot, value=areas)
        text += f"{'' if concept == 'location' else ','} {part}"
    return text


def _conclusions(facts: Sequence[Fact], choose: Choose) -> list[str]:
    """Clauses on diseases, their severity and the outcome."""
    values = _values(_of(facts, "disease"))
    special = [value for value in values if f"disease={value}" in phrases()]
    clauses = [_phrase(f"disease={value}", choose, slot="disease special") for value in special]
    plain = [value for value in values if value not in special]
    if plain:
        clauses.append(_phrase("disease", choose, value=_join(plain)))
    absent = _values(_of(facts, "disease", "absent"))
    if absent:
        clauses.append(_phrase("disease:absent", choose, value=_join(absent, "or")))
    unknown = _values(_of(facts, "disease", "unknown"))
    if unknown:
        clauses.append(_phrase("any:unknown", choose, slot="disease:unknown", value=_join(unknown, "or")))
    for fact in _of(facts, "severity"):
        key = "severity=of" if fact.of else "severity"
        clauses.append(_phrase(key, choose, slot="severity", value=fact.value, of=str(fact.of)))
    return clauses + [_phrase("outcome", choose, value=fact.value) for fact in _of(facts, "outcome")]


def _odd_traits(facts: Sequence[Fact], noun: str, choose: Choose) -> list[str]:
    """Clauses on traits that are stated not to be there, or to be undecided: only declared mappings have them."""
    clauses = []
    for fact in sorted(facts, key=lambda fact: (fact.concept, fact.of or "", fact.value, fact.polarity)):
        owner = f" of {_named(fact.of, noun, present=False)}" if fact.of else ""
        what = f"the {fact.concept.replace('_', ' ')}{owner}"
        slot = f"{fact.concept} {fact.polarity}"
        clauses.append(_phrase(f"trait:{fact.polarity}", choose, slot=slot, what=what, value=fact.value))
    return clauses
