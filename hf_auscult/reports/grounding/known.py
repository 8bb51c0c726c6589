"""The facts of a report, put so that statements can be compared with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...data.facts import Fact, Polarity
from ..lexicon import TERM_CONCEPTS, ancestors, lexicon, terms_of
from .statements import phases_of

_SWAP: dict[Polarity, Polarity] = {"present": "absent", "absent": "present", "unknown": "unknown"}

_EJECTION = ("mid-systolic", "early-systolic")
"""When an ejection murmur is heard: it ends before the second sound, so that it is never holosystolic."""


@dataclass(frozen=True)
class KnownTerm:
    """A term that a fact states, or entails.

    Args:
        term: of the lexicon.
        polarity: of the term.
        fact: that states it; None where a trait entails it.
    """

    term: str
    polarity: Polarity
    fact: Fact | None


class Knowledge:
    """Facts by what they can be compared with.

    Args:
        facts: of the report.

    Example:
        >>> known = Knowledge([Fact("finding", "crackle", "f", "absent"), Fact("finding", "wheeze", "f", "absent")])
        >>> known.absent("adventitious sound"), known.absent("stridor")
        (True, False)
    """

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = tuple(dict.fromkeys(facts))
        self.terms: list[KnownTerm] = []
        for fact in self.facts:
            if fact.concept in TERM_CONCEPTS:
                term, own = terms_of(fact.value)
                self.terms.append(KnownTerm(term, _SWAP[fact.polarity] if own == "absent" else fact.polarity, fact))
                if fact.polarity == "present":
                    self.terms += [KnownTerm(other, "absent", None) for other in lexicon().rules_out.get(term, ())]
            elif fact.concept == "severity" and fact.value == "asymptomatic":
                self.terms.append(KnownTerm("any symptom", "absent", fact))
            elif fact.concept == "timing" and fact.polarity == "present" and "systolic" in fact.value:
                ejection: Polarity = "present" if fact.value in _EJECTION else "absent"
                self.terms.append(KnownTerm("ejection systolic murmur", ejection, None))
        stated = {known.term for known in self.terms}
        for fact in self.facts:
            if fact.polarity != "present":
                continue
            entailed = [fact.of] if fact.of and fact.kind == "finding" else []
            entailed += phases_of("timing", fact.value) if fact.concept == "timing" else ()
            for term in (terms_of(name)[0] for name in entailed):
                if term not in stated:
                    stated.add(term)
                    self.terms.append(KnownTerm(term, "present", None))

    def of_concept(self, *concepts: str) -> list[Fact]:
        """Facts of some concepts, concept by concept."""
        return [fact for concept in concepts for fact in self.facts if fact.concept == concept]

    def outcomes(self) -> set[str]:
        """Outcomes that the facts state."""
        return {fact.value for fact in self.of_concept("outcome") if fact.polarity == "present"}

    def present(self, term: str) -> bool:
        """Whether the facts say that something is there: itself, or a kind of it."""
        return any(known.polarity == "present" and term in ancestors(known.term) for known in self.terms)

    def absent(self, term: str) -> bool:
        """Whether the facts say that something is not there: itself, what it is a kind of, or all of its kinds."""
        if any(known.polarity == "absent" and known.term in ancestors(term) for known in self.terms):
            return True
        covered = lexicon().covered
        return term in covered and all(self.absent(kind) for kind in covered[term])

    def abnormal(self) -> bool:
        """Whether something abnormal is heard."""
        return self.present("adventitious sound") or self.present("abnormal heart sound")

    def ill(self) -> bool:
        """Whether there is a diagnosis."""
        return self.present("illness") or any(
            known.polarity == "present" and known.fact is not None and known.fact.concept == "disease"
            for known in self.terms
        )
