"""How each statement of a text stands to the facts: supported, against them, or beyond them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..lexicon import TERM_CONCEPTS, ancestors, terms_of
from ..schema import Fact
from . import slots
from .knowledge import Knowledge
from .placing import placed
from .slots import Verdict
from .statement import Statement

_TRAITS = ("timing", "shape", "grade", "pitch", "quality")
_SOUNDS = {
    **dict.fromkeys(("heart",), "heart"),
    **dict.fromkeys(("lung", "lungs"), "lung"),
    **dict.fromkeys(("cough", "heavy cough", "shallow cough", "three coughs"), "cough"),
    **dict.fromkeys(("exhalation", "breath", "deep breath", "shallow breath"), "breath"),
    **dict.fromkeys(("voice", "snoring", "bowel"), ""),
}


@dataclass(frozen=True)
class Judged:
    """A statement's standing, and the facts that it states.

    Args:
        statement: of the text.
        verdict: ``None`` where it neither states nor adds anything, such as "the sex is not recorded".
        facts: stated by it.
    """

    statement: Statement
    verdict: Verdict | None
    facts: tuple[Fact, ...] = ()


def judge(statement: Statement, known: Knowledge, others: Sequence[Statement]) -> Judged:
    """Compare one statement with the facts.

    Args:
        statement: of the text.
        known: the facts.
        others: every statement of the text.
    """
    concept = statement.concept
    if concept in TERM_CONCEPTS:
        return _term(statement, known, others)
    if concept in ("site", "location", "loudest", "any"):
        return Judged(statement, *placed(statement, known))
    if concept in _TRAITS or concept == "severity":
        return _trait(statement, known)
    if concept == "outcome":
        return _outcome(statement, known)
    if concept in ("age", "age_group"):
        return _one_of(statement, [*known.of_concept("age"), *known.of_concept("age_group")], slots.age)
    if concept == "sound":
        return _sound(statement, known)
    if concept == "phase":
        return _phase(statement, known)
    if concept == "health claim":
        fine = known.absent("illness") and "healthy" in statement.text.lower()
        return Judged(statement, "supported" if fine else "unsupported")
    if concept in ("pregnancy", "smoking"):
        return _habit(statement, known)
    return _one_of(statement, known.of_concept(concept), _same)


def _same(said: str, fact: Fact) -> Verdict:
    if fact.concept in ("height", "weight", "bmi"):
        return "supported" if slots.size(said, fact.value) else "contradicted"
    theirs = slots.recorded(fact.value, fact.concept) or fact.value
    if said == "electronic stethoscope" or (said == "another Littmann" and "Littmann" in theirs):
        return "partly"
    if fact.concept == "device" and said in ("bell", "diaphragm", "extended"):
        return "unsupported"
    return "supported" if said.lower() in (theirs.lower(), fact.value.lower()) else "contradicted"


def _one_of(statement: Statement, facts: Sequence[Fact], compare: object) -> Judged:
    """Take the best verdict over the facts of a concept with one value."""
    if not facts:
        return Judged(statement, "unsupported")
    verdicts = {fact: compare(statement.value, fact) for fact in facts}  # type: ignore[operator]
    for verdict in ("supported", "partly", "unsupported", "contradicted"):
        found = tuple(fact for fact, one in verdicts.items() if one == verdict)
        if found:
            return Judged(statement, verdict, found if verdict == "supported" else ())
    return Judged(statement, "unsupported")


def _term(statement: Statement, known: Knowledge, others: Sequence[Statement]) -> Judged:
    term, said = statement.value, statement.polarity
    exact = [one for one in known.terms if one.term == term]
    if statement.rest:
        return _rest(statement, known, others)
    stated = tuple(
        one.fact for one in known.terms if one.fact and one.polarity == said and _states(term, said, one.term)
    )
    if any(one.polarity == said for one in exact):
        return Judged(statement, "supported", stated)
    if said == "unknown":
        return Judged(statement, "contradicted" if exact else None)
    if said == "present":
        if known.present(term):
            return Judged(statement, "supported", stated)
        if any(one.polarity != "present" and one.term in ancestors(term) for one in known.terms):
            return Judged(statement, "contradicted")
        if known.absent(term):
            return Judged(statement, "contradicted")
        return Judged(statement, "unsupported", stated)
    if known.present(term) or any(one.polarity == "unknown" for one in exact):
        return Judged(statement, "contradicted")
    if known.absent(term) or _spared(term, known):
        return Judged(statement, "supported", stated or _covered(term, known))
    return Judged(statement, "unsupported")


def _states(term: str, said: str, fact: str) -> bool:
    if said == "present":
        return fact in ancestors(term)
    if said == "absent":
        return term in ancestors(fact)
    return term == fact


def _covered(term: str, known: Knowledge) -> tuple[Fact, ...]:
    return tuple(
        one.fact for one in known.terms if one.fact and one.polarity == "absent" and term in ancestors(one.term)
    )


def _spared(term: str, known: Knowledge) -> bool:
    """Whether a sweeping absence follows from facts of another concept, or from many that say the same."""
    outcomes = {fact.value for fact in known.of_concept("outcome") if fact.polarity == "present"}
    if term == "abnormal heart sound":
        return outcomes == {"normal"} or known.absent("illness")
    denied = [one for one in known.terms if one.polarity == "absent" and term in ancestors(one.term)]
    return term == "any symptom" and len(denied) >= 5


def _rest(statement: Statement, known: Knowledge, others: Sequence[Statement]) -> Judged:
    said = [one.value for one in others if one.polarity == "present" and one.concept in TERM_CONCEPTS]
    under = [one for one in known.terms if statement.value in ancestors(one.term)]
    unsaid = [
        one for one in under if one.polarity == "present" and not any(one.term in ancestors(term) for term in said)
    ]
    if unsaid:
        return Judged(statement, "contradicted")
    denied = tuple(one.fact for one in under if one.polarity == "absent" and one.fact)
    return Judged(statement, "supported" if denied or known.absent(statement.value) else "unsupported", denied)


def _trait(statement: Statement, known: Knowledge) -> Judged:
    loose = statement.of is not None and not known.present(statement.of)
    facts = [fact for fact in known.of_concept(statement.concept) if loose or _compatible(statement, fact)]
    same = tuple(fact for fact in facts if _same_trait(statement, fact))
    if statement.polarity == "absent":
        denied = tuple(fact for fact in same if fact.polarity == "absent")
        against = any(fact.polarity == "present" for fact in same)
        return Judged(statement, "contradicted" if against else "supported" if facts else "unsupported", denied)
    if any(fact.polarity != "present" for fact in same):
        return Judged(statement, "contradicted")
    if same:
        return Judged(statement, "supported", same)
    if any(fact.value == "inspiratory and expiratory" and statement.value in fact.value for fact in facts):
        return Judged(statement, "partly")
    return Judged(statement, "contradicted" if facts and statement.value != "another quality" else "unsupported")


def _compatible(statement: Statement, fact: Fact) -> bool:
    if statement.of is None or fact.of is None:
        return True
    mine, theirs = statement.of, terms_of(fact.of)[0]
    return mine in ancestors(theirs) or theirs in ancestors(mine)


def _same_trait(statement: Statement, fact: Fact) -> bool:
    if statement.concept == "grade":
        return slots.same_grade(statement.text, fact.value)
    return (statement.value or statement.text).lower() == fact.value.lower()


def _outcome(statement: Statement, known: Knowledge) -> Judged:
    said = statement.value
    if statement.polarity == "absent":
        said = "normal" if said == "abnormal" else "abnormal"
    facts = known.of_concept("outcome")
    if facts:
        same = tuple(fact for fact in facts if fact.value == said)
        return Judged(statement, "supported" if same else "contradicted", same)
    if said == "normal":
        if known.abnormal():
            return Judged(statement, "contradicted")
        fine = known.absent("adventitious sound") or known.absent("illness")
        return Judged(statement, "supported" if fine else "contradicted" if known.ill() else "unsupported")
    unheard = "auscult" in statement.text.lower() and known.absent("adventitious sound")
    if known.abnormal() or (known.ill() and not unheard):
        return Judged(statement, "supported")
    fine = known.absent("adventitious sound") or known.absent("illness")
    return Judged(statement, "contradicted" if fine else "unsupported")


def _habit(statement: Statement, known: Knowledge) -> Judged:
    facts = known.of_concept(statement.concept)
    said = statement.value
    if statement.polarity == "absent":
        if not facts:
            return Judged(statement, "unsupported")
        same = any(fact.value == said and fact.polarity == "present" for fact in facts)
        stated = tuple(fact for fact in facts if fact.value == "non-smoker" or fact.polarity == "absent")
        return Judged(statement, "contradicted" if same else "supported", () if same else stated)
    if any(fact.polarity == "absent" and fact.value == said for fact in facts):
        return Judged(statement, "contradicted")
    return _one_of(statement, facts, _same)


def _sound(statement: Statement, known: Knowledge) -> Judged:
    facts = known.of_concept("sound")
    if not facts:
        return Judged(statement, None if statement.value in ("heart", "lung", "cough") else "unsupported")
    mine = _SOUNDS.get(statement.value) or statement.value
    for fact in facts:
        theirs = slots.recorded(fact.value, "sound") or fact.value
        kind = _SOUNDS.get(theirs) or theirs
        if statement.value in (theirs, fact.value) or (mine == kind == "lung"):
            return Judged(statement, "supported", (fact,))
        if mine == kind or kind.startswith(mine) or kind.split()[-1] == mine:
            generic = statement.value == mine
            return Judged(statement, "supported" if generic else "contradicted", (fact,) if generic else ())
        if {mine, kind} == {"lung", "breath"} or (mine == "lung" and kind != "heart"):
            return Judged(statement, None)
    return Judged(statement, "contradicted")


def _phase(statement: Statement, known: Knowledge) -> Judged:
    if any(statement.value in fact.value for fact in known.of_concept("sound")):
        return Judged(statement, "supported", tuple(known.of_concept("sound")))
    return _one_of(statement, known.of_concept("phase"), _same)
