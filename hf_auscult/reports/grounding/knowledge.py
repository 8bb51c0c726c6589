"""The facts of a report, put so that statements can be compared with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..lexicon import TERM_CONCEPTS, ancestors, terms_of
from ..lexicon.terms import COVERED
from ..schema import Fact, Polarity

_SWAP: dict[Polarity, Polarity] = {"present": "absent", "absent": "present", "unknown": "unknown"}


@dataclass(frozen=True)
class Known:
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
        self.terms: list[Known] = []
        for fact in self.facts:
            if fact.concept in TERM_CONCEPTS:
                term, polarity = terms_of(fact.value)
                self.terms.append(Known(term, _turned(polarity, fact.polarity), fact))
            elif fact.concept == "severity" and fact.value == "asymptomatic":
                self.terms.append(Known("any symptom", "absent", fact))
        stated = {known.term for known in self.terms}
        for fact in self.facts:
            entailed = [fact.of] if fact.of and fact.kind == "finding" else []
            if fact.concept == "timing":
                entailed += [f"{kind} murmur" for kind in ("systolic", "diastolic") if fact.value.endswith(f"-{kind}")]
                entailed += [f"{kind} murmur" for kind in ("systolic", "diastolic") if fact.value == f"holo{kind}"]
            for name in entailed:
                term = terms_of(name)[0]
                if term not in stated and fact.polarity == "present":
                    stated.add(term)
                    self.terms.append(Known(term, "present", None))

    def of_concept(self, concept: str) -> list[Fact]:
        """Facts of one concept."""
        return [fact for fact in self.facts if fact.concept == concept]

    def present(self, term: str) -> bool:
        """Whether the facts say that something is there: itself, or a kind of it."""
        return any(known.polarity == "present" and term in ancestors(known.term) for known in self.terms)

    def absent(self, term: str) -> bool:
        """Whether the facts say that something is not there: itself, what it is a kind of, or all of its kinds."""
        if any(known.polarity == "absent" and known.term in ancestors(term) for known in self.terms):
            return True
        return term in COVERED and all(self.absent(kind) for kind in COVERED[term])

    def abnormal(self) -> bool:
        """Whether something abnormal is heard."""
        return self.present("adventitious sound") or self.present("abnormal heart sound")

    def ill(self) -> bool:
        """Whether there is a diagnosis."""
        return self.present("illness") or any(
            known.polarity == "present" and known.fact is not None and known.fact.concept == "disease"
            for known in self.terms
        )


def _turned(own: Polarity, said: Polarity) -> Polarity:
    return _SWAP[said] if own == "absent" else said
