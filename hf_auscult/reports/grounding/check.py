"""Whether a report says what its facts say, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...data.facts import Fact
from ...errors import DataError
from ...files import Serialisable
from ..lexicon import TERM_CONCEPTS, ancestors, words
from .compare import Comparison, compare
from .known import Knowledge
from .statements import PHASES, Statement, phases_of, read_statements
from .values import Verdict

LONGEST = 20_000
"""Characters of a report that are read; the longest of a language model has some 3,000."""
_RIVALS = ("adventitious sound", "illness", "cough type")
"""What is named in place of another of the same kind contradicts: pneumonia for asthma, a wheeze for crackles."""
_GENERAL = ("illness", "infection", "respiratory infection")
"""Words too wide to stand in another's place."""
_ONCE = ("sex", "age", "age_group")
"""What a text repeats without saying it again: "this boy … he … his"."""


@dataclass(frozen=True)
class Grounding(Serialisable):
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

    computed = ("consistent",)

    @property
    def consistent(self) -> bool:
        """Whether nothing in it contradicts the facts."""
        return not self.contradictions

    @property
    def grounded(self) -> bool:
        """Whether it contradicts nothing and adds nothing."""
        return self.consistent and not self.unsupported


def check(text: str, facts: Sequence[Fact], *, dataset: str | None = None) -> Grounding:
    """Compare a report with the facts it was written from (arXiv 2512.04847, III-E, by rule instead of by a reader).

    A statement is supported where a fact says it or entails it: a wheeze is an adventitious sound, and where no
    adventitious sound is heard there is no wheeze. It contradicts where a fact rules it out, or where it stands in the
    place of one that is left out: another disease than the diagnosis, a diastolic murmur for a systolic one. Anything
    else that a fact could have said, and every clinical word that no fact covers, is unsupported.

    The reading is by patterns and English only. A word that neither the lexicon, a fact nor ``language/neutral.yaml``
    accounts for is unsupported as ``unlisted``, so that an unknown drug or sign is not passed over; a name within a
    sentence and what ends like an adverb or a participle are let pass.

    Args:
        text: the report.
        facts: that it may state.
        dataset: that the recording is of.

    Raises:
        DataError: an empty text, or one of more than 20,000 characters.

    Example:
        >>> facts = [Fact("finding", "wheeze", "wheezes"), Fact("sex", "male", "sex"), Fact("age", "66", "age")]
        >>> result = check("No wheezes in this 66-year-old man, who should be followed up.", facts)
        >>> [one.text for one in result.contradictions], [one.concept for one in result.unsupported]
        (['wheezes'], ['recommendation'])
    """
    if not text.strip():
        raise DataError("an empty report", where=dataset, remedy="generate it again")
    if len(text) > LONGEST:
        raise DataError(
            f"a report of {len(text):,} characters", where=dataset, remedy=f"give reports of up to {LONGEST:,}"
        )
    known = Knowledge(facts)
    statements = read_statements(text, known.facts)
    compared = [compare(statement, known, statements) for statement in statements]
    stating = [comparison for comparison in compared if comparison.verdict in ("supported", "unsupported")]
    stated = {fact for comparison in stating for fact in comparison.facts}
    present = [statement for statement in statements if statement.polarity == "present"]
    phases = {name for statement in present for name in phases_of(statement.concept, statement.value)}
    compared = [
        comparison
        if words("roles", "past").search(text, _clause(text, comparison.statement.start), comparison.statement.start)
        else _in_place(comparison, known, stated, phases)
        for comparison in compared
    ]
    return Grounding(
        text,
        _joined(text, compared, "contradicted"),
        _joined(text, compared, "unsupported"),
        tuple(fact for fact in known.facts if fact in stated),
        tuple(fact for fact in known.facts if fact not in stated),
        dataset,
    )


def _clause(text: str, place: int) -> int:
    """Where the sentence of a place begins."""
    return max(text.rfind(mark, 0, place) for mark in ".;\n") + 1


def _joined(text: str, compared: Sequence[Comparison], verdict: Verdict) -> tuple[Statement, ...]:
    """Statements of a verdict; those of one phrase are one, as the arranging and the echocardiogram arranged."""
    result: list[Statement] = []
    for statement in (comparison.statement for comparison in compared if comparison.verdict == verdict):
        last = result[-1] if result else None
        if last is not None and words("roles", "one_phrase").fullmatch(text[last.end : statement.start]):
            head = statement if statement.concept in TERM_CONCEPTS else last
            result[-1] = replace(head, start=last.start, end=statement.end, text=text[last.start : statement.end])
        else:
            result.append(statement)
    once = {(one.concept, one.value) if one.concept in _ONCE else one: one for one in result[::-1]}
    return tuple(sorted(once.values(), key=lambda one: one.start))


def _in_place(comparison: Comparison, known: Knowledge, stated: set[Fact], phases: set[str]) -> Comparison:
    """A thing that the facts do not name contradicts them where it stands for one of its kind that is left out."""
    statement = comparison.statement
    if comparison.verdict != "unsupported" or statement.polarity != "present":
        return comparison
    if statement.concept == "quality":
        instead = any(fact not in stated for fact in known.of_concept("quality"))
    elif statement.concept == "finding" and phases_of("finding", statement.value):
        theirs = {item.term for item in known.terms if item.term in PHASES and item.polarity == "present"}
        instead = bool(theirs) and not theirs & phases
    elif statement.concept in TERM_CONCEPTS and statement.value not in _GENERAL:
        kinds = ancestors(statement.value)
        instead = any(
            item.fact is not None
            and item.polarity == "present"
            and item.fact not in stated
            and item.fact.concept in ("finding", "disease")
            and bool(ancestors(item.term) & kinds & set(_RIVALS))
            and item.term not in kinds
            and statement.value not in ancestors(item.term)
            for item in known.terms
        )
    else:
        instead = False
    return replace(comparison, verdict="contradicted") if instead else comparison
