"""Whether a report says what its facts say, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...errors import DataError
from ..lexicon import TERM_CONCEPTS, ancestors
from ..schema import Fact
from .compare import Judged, judge
from .knowledge import Knowledge
from .statement import Statement
from .statements import read

_GROUPS = ("adventitious sound", "illness", "dry or wet cough")
_PHASES = ("systolic murmur", "diastolic murmur", "continuous murmur")


@dataclass(frozen=True)
class Grounding:
    """How a report stands to its facts.

    Args:
        text: of the report.
        contradictions: statements that the facts rule out.
        unsupported: statements that the facts neither hold nor rule out.
        stated: facts that the report states.
        omitted: facts that it leaves out.
        dataset: that the recording is of, for :func:`summarise`.
    """

    text: str
    contradictions: tuple[Statement, ...]
    unsupported: tuple[Statement, ...]
    stated: tuple[Fact, ...]
    omitted: tuple[Fact, ...]
    dataset: str | None = None

    @property
    def consistent(self) -> bool:
        """Whether nothing in it contradicts the facts."""
        return not self.contradictions

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "text": self.text,
            "dataset": self.dataset,
            "consistent": self.consistent,
            "contradictions": [one.to_dict() for one in self.contradictions],
            "unsupported": [one.to_dict() for one in self.unsupported],
            "stated": [asdict(one) for one in self.stated],
            "omitted": [asdict(one) for one in self.omitted],
        }


def check(text: str, facts: Sequence[Fact], *, dataset: str | None = None) -> Grounding:
    """Compare a report with the facts it was written from (arXiv 2512.04847, III-E, by rule instead of by a reader).

    A statement is supported where a fact says it or entails it: a wheeze is an adventitious sound, and where no
    adventitious sound is heard there is no wheeze. It contradicts where a fact rules it out, or where it stands in the
    place of one that is left out: another disease than the diagnosis, a diastolic murmur for a systolic one. Anything
    else that a fact could have said, and every clinical word that no fact covers, is unsupported.

    The reading is by patterns and English only. A phrase that the lexicon lacks is not seen, which hides additions
    rather than inventing them.

    Args:
        text: the report.
        facts: that it may state.
        dataset: that the recording is of.

    Raises:
        DataError: an empty text.

    Example:
        >>> facts = [Fact("finding", "wheeze", "wheezes"), Fact("sex", "male", "sex"), Fact("age", "66", "age")]
        >>> result = check("No wheezes in this 66-year-old man, who should be followed up.", facts)
        >>> [one.text for one in result.contradictions], [one.concept for one in result.unsupported]
        (['wheezes'], ['recommendation', 'recommendation'])
    """
    if not text.strip():
        raise DataError("an empty report", where=dataset, remedy="generate it again")
    known = Knowledge(facts)
    statements = read(text, known.facts)
    judged = [judge(one, known, statements) for one in statements]
    stated = {fact for one in judged if one.verdict in ("supported", "unsupported") for fact in one.facts}
    phases = {name for one in statements if one.polarity == "present" for name in _phases(one)}
    judged = [_in_place(one, known, stated, phases) for one in judged]
    return Grounding(
        text,
        tuple(one.statement for one in judged if one.verdict == "contradicted"),
        tuple(one.statement for one in judged if one.verdict == "unsupported"),
        tuple(fact for fact in known.facts if fact in stated),
        tuple(fact for fact in known.facts if fact not in stated),
        dataset,
    )


def _in_place(one: Judged, known: Knowledge, stated: set[Fact], phases: set[str]) -> Judged:
    """A thing that the facts do not name contradicts them where it stands for one of its kind that is left out."""
    said = one.statement
    if one.verdict != "unsupported" or said.polarity != "present":
        return one
    if said.concept == "quality":
        left = [fact for fact in known.of_concept("quality") if fact not in stated]
        return replace(one, verdict="contradicted") if left else one
    if said.concept not in TERM_CONCEPTS or said.value in ("illness", "infection", "respiratory infection"):
        return one
    if said.value in _PHASES:
        theirs = {item.term for item in known.terms if item.term in _PHASES and item.polarity == "present"}
        return replace(one, verdict="contradicted") if theirs and not theirs & phases else one
    groups = ancestors(said.value) & set(_GROUPS)
    for item in known.terms:
        if item.fact is None or item.polarity != "present" or item.fact in stated:
            continue
        if item.fact.concept not in ("finding", "disease") or not ancestors(item.term) & groups:
            continue
        if item.term not in ancestors(said.value) and said.value not in ancestors(item.term):
            return replace(one, verdict="contradicted")
    return one


def _phases(one: Statement) -> tuple[str, ...]:
    """Phases of the heart that a statement puts a murmur in."""
    if one.concept == "timing":
        return tuple(f"{kind} murmur" for kind in ("systolic", "diastolic") if kind in one.value)
    return (one.value,) if one.value in _PHASES else ()
