"""How each statement of a text stands to the facts: supported, against them, or beyond them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...data.facts import Fact
from ..lexicon import TERM_CONCEPTS, ancestors, lexicon, terms_of
from .known import Knowledge
from .mentions import VALVES, chest_parts, spelled
from .statements import PHASES, TRAITS, Statement
from .values import Verdict, compare_age, compare_place, same_grade, same_size

_SOUNDS = {
    "lungs": "lung",
    **dict.fromkeys(("heavy cough", "shallow cough", "three coughs"), "cough"),
    **dict.fromkeys(("vowel a", "vowel e", "vowel o", "fast counting", "counting at normal pace"), "voice"),
    **dict.fromkeys(("exhalation", "deep breath", "shallow breath"), "breath"),
}
"""Sound -> what it is a kind of, where that is not itself."""
_BESIDE = 80  # characters, as far as "at the aortic area, where this was recorded, I could not hear the murmur"
_SYMPTOMS_DENIED = 5
"""Denied symptoms that make "no symptoms" true: the questionnaires ask for nine and more, and state those denied."""


_NOT_NAMED = ("illness", "infection")
"""Words for diseases that name none."""


@dataclass(frozen=True)
class Comparison:
    """A statement's standing, and the facts that it states.

    Args:
        statement: of the text.
        verdict: ``None`` where it neither states nor adds anything, such as "the sex is not recorded"; ``partly`` where
            it says less than a fact, and states none.
        facts: stated by it.
    """

    statement: Statement
    verdict: Verdict | None
    facts: tuple[Fact, ...] = ()


def compare(statement: Statement, known: Knowledge, others: Sequence[Statement]) -> Comparison:
    """Compare one statement with the facts.

    Args:
        statement: of the text.
        known: the facts.
        others: every statement of the text.
    """
    concept = statement.concept
    if concept in TERM_CONCEPTS:
        verdict, facts = _rest(statement, known, others) if statement.rest else _term(statement, known)
        if verdict == "contradicted" and _only_the_breath(statement, others):
            verdict, facts = None, ()
        if verdict == "contradicted" and _denied_elsewhere(statement, known, others):
            verdict, facts = None if statement.value == "murmur" else "unsupported", ()
    elif concept in ("site", "location", "loudest", "any"):
        verdict, facts = _place(statement, known, others)
        if statement.only and verdict == "supported" and _elsewhere(others, known):
            verdict, facts = "contradicted", ()
    elif concept in TRAITS or concept == "severity":
        verdict, facts = _trait(statement, known)
    elif concept == "outcome":
        verdict, facts = _outcome(statement, known)
    elif statement.value == "infant" and any(other.value == "neonate" for other in others):
        verdict, facts = None, ()  # "baby girl, newborn" tells one age
    elif statement.text.lower() == "young" and any(fact.value == "adolescent" for fact in known.facts):
        verdict, facts = None, ()  # a young man or lady may be in their teens
    elif concept in ("age", "age_group"):
        verdict, facts = _best(known.of_concept("age", "age_group"), lambda fact: compare_age(statement.value, fact))
    elif concept == "sound":
        verdict, facts = _sound(statement, known)
    elif concept == "phase" and any(statement.value in fact.value for fact in known.of_concept("sound")):
        verdict, facts = "supported", tuple(known.of_concept("sound"))
    elif statement.value == "innocence":
        normal = known.outcomes() == {"normal"} and known.present("murmur")
        verdict, facts = "supported" if normal else "unsupported", ()
    elif concept == "health claim":
        healthy = known.absent("illness") and "healthy" in statement.text.lower()
        verdict, facts = "supported" if healthy else "unsupported", ()
    elif concept in ("pregnancy", "smoking"):
        verdict, facts = _habit(statement, known)
    else:
        verdict, facts = _one_value(statement, known)
    return Comparison(statement, verdict, facts)


_Result = tuple[Verdict | None, tuple[Fact, ...]]


def _best(facts: Sequence[Fact], verdict_of: Callable[[Fact], Verdict]) -> _Result:
    """Take the best verdict over the facts of a concept with one value."""
    verdicts = {fact: verdict_of(fact) for fact in facts}
    for verdict in ("supported", "partly", "unsupported", "contradicted"):
        having = tuple(fact for fact, item in verdicts.items() if item == verdict)
        if having:
            return verdict, having if verdict == "supported" else ()
    return "unsupported", ()


def _one_value(statement: Statement, known: Knowledge) -> _Result:
    return _best(known.of_concept(statement.concept), lambda fact: _same(statement.value, fact))


def _same(value: str, fact: Fact) -> Verdict:
    if fact.concept in ("height", "weight", "bmi"):
        return "supported" if same_size(value, fact.value) else "contradicted"
    theirs = spelled(fact.value, fact.concept) or fact.value
    if value == "electronic stethoscope" or (value == "another Littmann" and "Littmann" in theirs):
        return "partly"
    if fact.concept == "device" and value in ("bell", "diaphragm", "extended"):
        return "unsupported"
    return "supported" if value.lower() in (theirs.lower(), fact.value.lower()) else "contradicted"


def _term(statement: Statement, known: Knowledge) -> _Result:
    term, polarity = statement.value, statement.polarity
    exact = {item.polarity for item in known.terms if item.term == term}
    same = [item for item in known.terms if item.polarity == polarity and _states(term, polarity, item.term)]
    stated = tuple(item.fact for item in same if item.fact)
    if polarity in exact:
        return "supported", stated
    if polarity == "unknown":
        named = statement.concept == "disease" and term not in _NOT_NAMED
        return "contradicted" if exact else "unsupported" if named else None, ()
    if polarity == "present":
        if known.present(term) or (term == "illness" and known.present("any symptom")):
            return "supported", stated
        if any(known.present(other) for other in lexicon().rules_out.get(term, ())):
            return "contradicted", ()
        undecided = any(item.polarity != "present" and item.term in ancestors(term) for item in known.terms)
        return ("contradicted", ()) if undecided or known.absent(term) else ("unsupported", stated)
    if term == "pathological murmur" and known.present("murmur") and known.outcomes() == {"abnormal"}:
        return "contradicted", ()
    if term == "cough" and known.present("pseudocough"):
        return "supported", ()
    if known.present(term) or "unknown" in exact:
        return "contradicted", ()
    if known.absent(term) or _follows(term, known):
        return "supported", stated or _denied_kinds(term, known)
    return "unsupported", ()


def _only_the_breath(statement: Statement, others: Sequence[Statement]) -> bool:
    """Whether vesicular breathing stands beside an added sound: "vesicular breathing with wheeze" denies none."""
    heard = (ancestors(other.value) for other in others if other.polarity == "present" and other.concept == "finding")
    return "vesicular" in statement.text.lower() and any("adventitious sound" in kinds for kinds in heard)


def _denied_elsewhere(statement: Statement, known: Knowledge, others: Sequence[Statement]) -> bool:
    """Whether a murmur is denied only at a place beside it where the facts do not have it."""
    if statement.value == "adventitious sound" and statement.polarity == "absent":
        sites = known.of_concept("site")
        place = chest_parts(statement.text)
        return bool(sites and place) and any(
            compare_place(" ".join(place), fact.value) == "contradicted" for fact in sites
        )
    heard = {fact.value for fact in known.of_concept("location", "loudest")}
    if statement.value != "murmur" or statement.polarity != "absent" or not heard:
        return False
    places = [other for other in others if other.concept in ("site", "location", "any")]
    nearest = min(places, key=lambda other: abs(other.start - statement.start), default=None)
    if nearest is None or abs(nearest.start - statement.start) >= _BESIDE:
        return False
    return nearest.value not in {*heard, "all"}


def _states(term: str, polarity: str, fact: str) -> bool:
    if polarity == "present":
        return fact in ancestors(term)
    return term in ancestors(fact) if polarity == "absent" else term == fact


def _denied_kinds(term: str, known: Knowledge) -> tuple[Fact, ...]:
    return tuple(
        item.fact for item in known.terms if item.fact and item.polarity == "absent" and term in ancestors(item.term)
    )


def _follows(term: str, known: Knowledge) -> bool:
    """Whether a sweeping absence follows from facts of another concept, or from many that say the same."""
    if term == "abnormal heart sound":
        return known.outcomes() == {"normal"} or known.absent("illness")
    if term == "abnormal first or second sound":
        return known.outcomes() == {"normal"} or known.absent("abnormal heart sound")
    if term == "pathological murmur":
        return known.outcomes() == {"normal"}
    return term == "any symptom" and len(_denied_kinds(term, known)) >= _SYMPTOMS_DENIED


def _rest(statement: Statement, known: Knowledge, others: Sequence[Statement]) -> _Result:
    """Compare "no other adventitious sounds": true where the text names all that the facts have of them."""
    stated = [item.value for item in others if item.polarity == "present" and item.concept in TERM_CONCEPTS]
    kinds = [item for item in known.terms if statement.value in ancestors(item.term)]
    if any(item.polarity == "present" and not any(item.term in ancestors(term) for term in stated) for item in kinds):
        return "contradicted", ()
    denied = tuple(item.fact for item in kinds if item.polarity == "absent" and item.fact)
    return "supported" if denied or known.absent(statement.value) else "unsupported", denied


def _trait(statement: Statement, known: Knowledge) -> _Result:
    if statement.concept == "timing" and statement.of in PHASES and known.absent(statement.of):
        return "contradicted", ()
    loose = statement.of is not None and not known.present(statement.of)
    facts = [fact for fact in known.of_concept(statement.concept) if loose or _compatible(statement, fact)]
    same = tuple(fact for fact in facts if _same_trait(statement, fact))
    if statement.polarity == "absent":
        denied = tuple(fact for fact in same if fact.polarity == "absent")
        against = any(fact.polarity == "present" for fact in same)
        return "contradicted" if against else "supported" if facts else "unsupported", denied
    if any(fact.polarity != "present" for fact in same):
        return "contradicted", ()
    if same:
        return "supported", same
    if any(fact.value == "inspiratory and expiratory" and statement.value in fact.value for fact in facts):
        return "partly", ()
    return "contradicted" if facts and statement.value != "another quality" else "unsupported", ()


def _compatible(statement: Statement, fact: Fact) -> bool:
    if statement.of is None or fact.of is None:
        return True
    mine, theirs = statement.of, terms_of(fact.of)[0]
    return mine in ancestors(theirs) or theirs in ancestors(mine)


def _same_trait(statement: Statement, fact: Fact) -> bool:
    if statement.concept == "grade":
        return same_grade(statement.text, fact.value)
    return (statement.value or statement.text).lower() == fact.value.lower()


def _outcome(statement: Statement, known: Knowledge) -> _Result:
    normal = (statement.value == "normal") == (statement.polarity != "absent")
    facts = known.of_concept("outcome")
    if facts:
        same = tuple(fact for fact in facts if (fact.value == "normal") == normal)
        return "supported" if same else "contradicted", same
    fine = known.absent("adventitious sound") or known.absent("illness")
    if normal:
        if known.abnormal():
            return "contradicted", ()
        return "supported" if fine else "contradicted" if known.ill() else "unsupported", ()
    unheard = "auscult" in statement.text.lower() and known.absent("adventitious sound")
    if known.abnormal() or (known.ill() and not unheard):
        return "supported", ()
    return "contradicted" if fine else "unsupported", ()


def _habit(statement: Statement, known: Knowledge) -> _Result:
    facts, value = known.of_concept(statement.concept), statement.value
    if statement.polarity == "absent":
        if not facts:
            return "unsupported", ()
        if any(fact.value == value and fact.polarity == "present" for fact in facts):
            return "contradicted", ()
        return "supported", tuple(fact for fact in facts if fact.value == "non-smoker" or fact.polarity == "absent")
    if any(fact.polarity == "absent" and fact.value == value for fact in facts):
        return "contradicted", ()
    return _one_value(statement, known)


def _sound(statement: Statement, known: Knowledge) -> _Result:
    facts, value = known.of_concept("sound"), statement.value
    if not facts:
        return None if value in ("heart", "lung", "cough") else "unsupported", ()
    mine = _SOUNDS.get(value, value)
    for fact in facts:
        theirs = spelled(fact.value, "sound") or fact.value
        kind = _SOUNDS.get(theirs, theirs)
        if value in (theirs, fact.value) or mine == kind == "lung":
            return "supported", (fact,)
        if mine == kind or kind.startswith(mine) or kind.split()[-1] == mine:
            return ("supported", (fact,)) if value == mine else ("contradicted", ())
        if (mine == "lung" and kind != "heart") or (mine, kind) == (
            "breath",
            "lung",
        ):  # breath and cough are the lung's
            return None, ()
    return "contradicted", ()


def _place(statement: Statement, known: Knowledge, others: Sequence[Statement]) -> _Result:
    """Compare a place with the recording's site, where a murmur is heard, and where it is loudest.

    Where the places of a murmur are facts, they are all its places.
    """
    if statement.value == "bilateral" and statement.concept != "loudest" and not known.of_concept("site", "location"):
        denied = any(other.polarity == "absent" and abs(other.start - statement.start) < _BESIDE for other in others)
        return ("partly" if denied and known.absent("adventitious sound") else "unsupported"), ()
    site, location, loudest = (known.of_concept(name) for name in ("site", "location", "loudest"))
    if statement.value == "here":
        return _heard_here(statement, known)
    if statement.value == "all":
        everywhere = {fact.value for fact in location} >= set(VALVES)
        return ("supported", tuple(location)) if everywhere else ("contradicted" if location else "unsupported", ())
    if statement.concept == "loudest":
        verdict, facts = _among(statement, loudest)
        return verdict, (*facts, *(fact for fact in location if fact.value in {item.value for item in facts}))
    if statement.concept == "location":
        verdict, facts = _among(statement, location or site)
        if verdict != "supported" and not location:
            verdict, facts = max(
                (verdict, facts), _among(statement, loudest), key=lambda result: result[0] == "supported"
            )
        here = [fact for fact in site if location and verdict == "supported" and fact.value == statement.value]
        return verdict, (*facts, *here)
    if statement.concept == "site" and site:
        return _among(statement, site)
    return _among(statement, [*site, *location, *loudest])


def _elsewhere(others: Sequence[Statement], known: Knowledge) -> bool:
    """Whether a murmur has places beyond those that a text calls the only ones, all of which are right."""
    named = {item.value for item in others if item.only}
    locations = {fact.value for fact in known.of_concept("location")}
    return named <= locations and bool(locations - named)


def _among(statement: Statement, facts: Sequence[Fact]) -> _Result:
    if facts and statement.polarity == "absent":
        verdicts = {compare_place(statement.value, fact.value) for fact in facts}
        there = bool(verdicts & {"supported", "partly"})
        if all(fact.concept == "site" for fact in facts):
            return "partly" if there else "unsupported", ()
        return "contradicted" if there else "supported", ()
    return _best(facts, lambda fact: compare_place(statement.value, fact.value))


def _heard_here(statement: Statement, known: Knowledge) -> _Result:
    facts = known.of_concept("heard_here")
    if not facts or statement.concept in ("site", "any"):
        return None, ()
    same = tuple(fact for fact in facts if fact.value == ("no" if statement.polarity == "absent" else "yes"))
    return "supported" if same else "contradicted", same
