"""Which facts a report may use. Masking takes facts away before a word is written; it never edits a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ConfigurationError
from .facts import Fact


@dataclass(frozen=True)
class Form:
    """A form of report.

    Args:
        name: how it is asked for.
        kinds: kinds of fact it states.
        without: names of facts it does not state all the same.
        noun: what a murmur is called.
        leaks: what the text still gives away of a label.
    """

    name: str
    kinds: frozenset[str]
    without: frozenset[str]
    noun: str
    leaks: str

    def keep(self, facts: Iterable[Fact]) -> tuple[Fact, ...]:
        """Facts that this form states, in their order."""
        return tuple(fact for fact in facts if fact.kind in self.kinds and fact.name not in self.without)


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            name="full",
            kinds=frozenset({"context", "finding", "diagnosis"}),
            without=frozenset(),
            noun="murmur",
            leaks="states murmur and outcome: a probe on the text alone scores 1.000",
        ),
        Form(
            name="masked",  # arXiv 2512.04847, appendix E: diagnosis and outcome terms are masked, findings stay
            kinds=frozenset({"context", "finding"}),
            without=frozenset({"murmur"}),
            noun="sound",
            leaks=(
                "still gives the murmur label away: timing, grade or location is stated exactly where a murmur is "
                "present, so a text without them means that there is none"
            ),
        ),
        Form(
            name="context",
            kinds=frozenset({"context"}),
            without=frozenset(),
            noun="",
            leaks="nothing that was heard or concluded; age, sex and size correlate with the labels as they do in life",
        ),
    )
}


def form_of(name: str) -> Form:
    """Find a form by its name.

    Raises:
        ConfigurationError: there is none of that name.

    Example:
        >>> form_of("masked").noun
        'sound'
    """
    if name not in FORMS:
        raise ConfigurationError(f"no report form {name!r}", remedy=f"choose one of {', '.join(FORMS)}")
    return FORMS[name]
