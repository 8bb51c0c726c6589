"""Clinical prose from facts: several phrasings of each, chosen by a hash, so that order and process do not matter.

As in appendix A of arXiv 2512.04847 a text restates the given information in two or three sentences, as a specialist
would dictate it, and recommends nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from .facts import Fact, join
from .masking import Form

PHRASES: Mapping[str, tuple[str, ...]] = {
    "site": ("over the {value} area", "at the {value} area", "in the {value} auscultation area"),
    "site=other": (
        "outside the four valve areas",
        "at a location other than the four valve areas",
        "away from the four valve areas",
    ),
    "age_group=neonate": ("neonate", "neonatal patient", "patient in the neonatal period"),
    "age_group=infant": ("infant", "infant patient", "patient in infancy"),
    "age_group=child": ("child", "patient in childhood", "patient of child age"),
    "age_group=adolescent": ("adolescent", "adolescent patient", "patient in adolescence"),
    "age_group=young adult": ("young adult", "young adult patient", "patient in young adulthood"),
    "sex": ("{value} {who}", "{who} ({value})", "{who} of {value} sex"),
    "height": ("{value} cm tall", "with a height of {value} cm", "measuring {value} cm"),
    "weight": ("weighing {value} kg", "with a body weight of {value} kg", "whose weight is {value} kg"),
    "pregnancy_status": ("who is pregnant", "currently pregnant", "with a pregnancy at the time of the examination"),
    "murmur=absent": (
        "No murmur is heard.",
        "There is no murmur.",
        "The heart sounds are free of murmurs.",
        "A murmur is absent.",
    ),
    "murmur=unknown": (
        "Whether there is a murmur could not be determined.",
        "The presence of a murmur remains unknown.",
        "It could not be decided if a murmur is there.",
    ),
    "murmur=present": ("is heard", "is present", "can be heard"),
    "timing": ("{value}", "{value} in timing", "of {value} timing"),
    "shape": ("{value}-shaped", "of {value} shape", "with a {value} contour"),
    "grading": ("grade {value}", "graded {value}", "of grade {value}"),
    "pitch": ("{value}-pitched", "of {value} pitch", "{value} in pitch"),
    "quality": ("{value} in quality", "of {value} quality", "with a {value} character"),
    "murmur_locations": ("over the {value}", "at the {value}", "in the {value}"),
    "most_audible_location": ("loudest at the {value}", "best heard at the {value}", "most audible at the {value}"),
    "murmur_here=yes": (
        "including the place of this recording",
        "and so also where this recording was made",
        "which includes the place of this recording",
    ),
    "murmur_here=no": (
        "but not at the place of this recording",
        "though not where this recording was made",
        "which does not include the place of this recording",
    ),
    "outcome": (
        "The clinical outcome is {value}.",
        "Overall, the outcome of the examination is {value}.",
        "The cardiac evaluation finds the outcome to be {value}.",
    ),
}
"""At least three phrasings of each fact; ``name=value`` where the wording depends on the value."""

FRAMES: Mapping[str, tuple[str, ...]] = {
    "joint": (
        "Auscultation {site} was performed in {who}.",
        "In {who}, the heart was auscultated {site}.",
        "This recording was made {site} of {who}.",
    ),
    "site": (
        "The heart was auscultated {site}.",
        "This recording was made {site}.",
        "Auscultation was performed {site}.",
    ),
    "who": ("The person examined is {who}.", "The subject is {who}.", "The examination is that of {who}."),
}

Choose = Callable[[str, Sequence[str]], str]
_NOWHERE = "at an unnamed location"
_PHASES = ("systolic", "diastolic")
_TRAITS = ("timing", "shape", "grading", "pitch", "quality")


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


def write(facts: Sequence[Fact], form: Form, choose: Choose) -> str:
    """Write a report of two or three sentences that states exactly these facts.

    Args:
        facts: what to state; already masked.
        form: names the noun for a murmur.
        choose: picks phrasings.
    """
    given = {fact.name: fact for fact in facts}
    findings = _findings(given, form.noun, choose)
    site, who = _site(given, choose), _who(given, choose)
    if findings:
        opening = [choose("joint", FRAMES["joint"]).format(site=site, who=who)]
    else:
        opening = [choose("site frame", FRAMES["site"]).format(site=site)]
        opening.append(choose("who frame", FRAMES["who"]).format(who=who))
    outcome = [_phrase(given["outcome"], choose)] if "outcome" in given else []
    return " ".join(" ".join([*opening, *findings, *outcome]).split())


def _site(given: Mapping[str, Fact], choose: Choose) -> str:
    return _phrase(given["site"], choose) if "site" in given else _NOWHERE


def _who(given: Mapping[str, Fact], choose: Choose) -> str:
    who = _phrase(given["age_group"], choose) if "age_group" in given else "patient"
    if "sex" in given:
        who = choose("sex", PHRASES["sex"]).format(value=given["sex"].value, who=who)
    more = [_phrase(given[name], choose) for name in ("height", "weight", "pregnancy_status") if name in given]
    return ", ".join([_article(who), *more])


def _findings(given: Mapping[str, Fact], noun: str, choose: Choose) -> list[str]:
    """The sentence on what was heard, as a list of none or one."""
    murmur = given.get("murmur")
    if murmur is not None and murmur.value != "present":
        return [_phrase(murmur, choose)]
    heard = [_sound(given, phase, noun, choose) for phase in _PHASES]
    phrases = [phrase for phrase in heard if phrase]
    places = _places(given, choose)
    if murmur is None and not phrases and not places:
        return []
    verb = _phrase(murmur, choose) if murmur is not None else choose("verb", ("is heard", "is noted", "can be heard"))
    subject = " together with ".join(phrases) or f"a {noun}"
    return [f"{subject[0].upper()}{subject[1:]} {verb}{places}."]


def _sound(given: Mapping[str, Fact], phase: str, noun: str, choose: Choose) -> str:
    """Noun phrase as in "a holosystolic, grade I/VI murmur of low pitch": long phrasings stand after the noun."""
    before: list[str] = []
    after: list[str] = []
    for trait in _TRAITS:
        fact = given.get(f"{phase}_murmur_{trait}")
        if fact is None:
            continue
        phrase = choose(fact.name, PHRASES[trait]).format(value=fact.value)
        (after if phrase.startswith(("of ", "with ", "graded ")) or " in " in phrase else before).append(phrase)
    if not before and not after:
        return ""
    named = _article(", ".join([*before[:-1], f"{before[-1]} {noun}"]) if before else noun)
    return f"{named} {join(after)}" if after else named


def _places(given: Mapping[str, Fact], choose: Choose) -> str:
    """Where it is heard, to stand behind the verb."""
    places = ""
    if "murmur_locations" in given:
        places = f" {_phrase(_in_areas(given['murmur_locations']), choose)}"
    if "murmur_here" in given:
        places += f", {_phrase(given['murmur_here'], choose)}"
    if "most_audible_location" in given:
        places += f", {_phrase(_in_areas(given['most_audible_location']), choose)}"
    return places


def _in_areas(fact: Fact) -> Fact:
    return replace(fact, value=f"{fact.value} {'areas' if ' and ' in fact.value else 'area'}")


def _phrase(fact: Fact, choose: Choose) -> str:
    options = PHRASES.get(f"{fact.name}={fact.value}") or PHRASES[fact.name]
    return choose(fact.name, options).format(value=fact.value)


def _article(words: str) -> str:
    return f"{'an' if words[0].lower() in 'aeiou' else 'a'} {words}"
