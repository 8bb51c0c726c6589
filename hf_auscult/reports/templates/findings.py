"""What was heard, with its traits and places, and what was concluded."""

from __future__ import annotations

from collections.abc import Sequence

from ..schema import Fact
from .phrases import PHRASES
from .words import Choose, article, join, named, of_concept, phrase, values

TRAITS = ("timing", "shape", "grade", "pitch", "quality")
PLACES = ("location", "heard_here", "loudest")


def findings(facts: Sequence[Fact], noun: str, choose: Choose) -> list[str]:
    """Clauses on everything heard, and on the quality of the recording."""
    present = values(of_concept(facts, "finding"))
    traits = [fact for fact in facts if fact.concept in TRAITS and fact.polarity == "present"]
    places = [fact for fact in facts if fact.concept in PLACES and fact.polarity == "present"]
    owners = {fact.of or "" for fact in (*traits, *places)}
    plain = [value for value in present if not _owned(value, owners)]
    clauses: list[str] = []
    if plain:
        clauses.append(phrase("finding", choose, value=join([named(value, noun, there=True) for value in plain])))
    clauses += _described(present, traits, places, noun, choose)
    absent = [named(value, noun, there=False) for value in values(of_concept(facts, "finding", "absent"))]
    if absent:
        clauses.append(phrase("finding:absent", choose, value=join(absent, "or")))
    unknown = [named(value, noun, there=True) for value in values(of_concept(facts, "finding", "unknown"))]
    if unknown:
        clauses.append(choose("finding:unknown", PHRASES["any:unknown"]).format(value=join(unknown, "or")))
    clauses += [
        phrase("recording_quality", choose, value=fact.value) for fact in of_concept(facts, "recording_quality")
    ]
    return clauses


def _owned(value: str, owners: set[str]) -> bool:
    return value in owners or (value == "murmur" and any(owner.endswith(" murmur") for owner in owners))


def _described(
    present: Sequence[str], traits: Sequence[Fact], places: Sequence[Fact], noun: str, choose: Choose
) -> list[str]:
    """A clause for each thing with places; findings with traits only stand in it, or in one of their own."""
    clauses = []
    owners = sorted({fact.of or "" for fact in traits})
    for place in sorted({fact.of or "" for fact in places}):
        mine = [owner for owner in owners if owner == place or (place == "murmur" and owner.endswith(" murmur"))]
        owners = [owner for owner in owners if owner not in mine]
        subjects = [_subject(owner, traits, noun, choose) for owner in mine] or [_bare(place, noun)]
        here = [fact for fact in places if (fact.of or "") == place]
        clauses.append(_sentence(subjects, _places(here, place, choose), choose, place))
    if owners:
        subjects = [_subject(owner, traits, noun, choose) for owner in owners]
        clauses.append(_sentence(subjects, "", choose, "traits"))
    return clauses


def _sentence(subjects: Sequence[str], places: str, choose: Choose, slot: str) -> str:
    verb = choose(f"verb {slot}", ("can be heard", "could be heard", "can be made out"))
    return f"{' together with '.join(subjects)} {verb}{places}"


def _bare(owner: str, noun: str) -> str:
    return named(owner, noun, there=True) if owner else "something"


def _subject(owner: str, traits: Sequence[Fact], noun: str, choose: Choose) -> str:
    """Noun phrase as in "a holosystolic, grade I/VI murmur of low pitch": long phrasings stand after the noun."""
    before: list[str] = []
    after: list[str] = []
    timing = ""
    for concept in TRAITS:
        for fact in of_concept((fact for fact in traits if (fact.of or "") == owner), concept):
            timing += fact.value if concept == "timing" else ""
            text = choose(f"{concept} {owner}", PHRASES[concept]).format(value=fact.value)
            late = text.startswith(("of ", "with ", "graded ")) or " in " in text
            (after if late else before).append(text)
    bare = _bare(owner, noun)
    kind, _, rest = owner.partition(" ")
    if rest == "murmur" and kind in timing:  # a holosystolic murmur is systolic
        bare = named("murmur", noun, there=True)
    indefinite = bare.startswith(("a ", "an "))
    head = " ".join([", ".join(before), bare.partition(" ")[2] if indefinite else bare]).strip()
    subject = article(head) if indefinite else head
    return f"{subject} {join(after)}" if after else subject


def _places(places: Sequence[Fact], owner: str, choose: Choose) -> str:
    """Where it is heard, to stand behind the verb."""
    text = ""
    for concept, comma in (("location", ""), ("heard_here", ","), ("loudest", ",")):
        facts = of_concept(places, concept)
        if not facts:
            continue
        if concept == "heard_here":
            parts = [choose(f"{concept} {owner}", PHRASES[f"{concept}={fact.value}"]) for fact in facts]
        else:
            areas = f"{join([fact.value for fact in facts])} {'areas' if len(facts) > 1 else 'area'}"
            parts = [choose(f"{concept} {owner}", PHRASES[concept]).format(value=areas)]
        text += f"{comma} {join(parts)}"
    return text


def conclusions(facts: Sequence[Fact], choose: Choose) -> list[str]:
    """Clauses on diseases, their severity and the outcome."""
    clauses: list[str] = []
    special = [fact for fact in of_concept(facts, "disease") if f"disease={fact.value}" in PHRASES]
    clauses += [choose("disease special", PHRASES[f"disease={value}"]) for value in values(special)]
    plain = values(fact for fact in of_concept(facts, "disease") if fact not in special)
    if plain:
        clauses.append(phrase("disease", choose, value=join(plain)))
    absent = values(of_concept(facts, "disease", "absent"))
    if absent:
        clauses.append(phrase("disease:absent", choose, value=join(absent, "or")))
    unknown = values(of_concept(facts, "disease", "unknown"))
    if unknown:
        clauses.append(choose("disease:unknown", PHRASES["any:unknown"]).format(value=join(unknown, "or")))
    for fact in of_concept(facts, "severity"):
        key = "severity=of" if fact.of else "severity"
        clauses.append(choose("severity", PHRASES[key]).format(value=fact.value, of=fact.of))
    clauses += [phrase("outcome", choose, value=fact.value) for fact in of_concept(facts, "outcome")]
    return clauses


def others(facts: Sequence[Fact], noun: str, choose: Choose) -> list[str]:
    """Clauses on traits that are stated not to be there, or to be undecided: only declared mappings have them."""
    clauses = []
    for fact in sorted(facts, key=lambda fact: (fact.concept, fact.of or "", fact.value, fact.polarity)):
        name = f"the {fact.concept.replace('_', ' ')}"
        owner = f" of {named(fact.of, noun, there=False)}" if fact.of else ""
        options = PHRASES[f"trait:{fact.polarity}"]
        clauses.append(choose(f"{fact.concept} {fact.polarity}", options).format(what=name + owner, value=fact.value))
    return clauses
