"""What up to three experts heard in a cough of COUGHVID, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from ...facts import Cells, Fact, Row

SOUNDS = {
    "dyspnea": "dyspnoea",
    "wheezing": "wheezing cough",
    "stridor": "stridor in cough",
    "choking": "choking",
    "congestion": "congestion",
}
TYPES = {"dry": "dry cough", "wet": "wet cough", "unknown": None}
DIAGNOSES = {
    "COVID-19": "COVID-19",
    "lower_infection": "lower respiratory tract infection",
    "upper_infection": "upper respiratory tract infection",
    "obstructive_disease": "obstructive lung disease",
    "healthy_cough": "healthy cough",
}
SEVERITIES = {"mild": "mild", "severe": "severe", "pseudocough": "pseudocough", "unknown": None}
QUALITIES = {"good": "good", "ok": "acceptable", "poor": "poor", "no_cough": None}
EXPERTS = (1, 2, 3)


def opinions(cells: Cells) -> None:
    """Add what most of the experts say who were asked, question by question; a tie states nothing.

    The source says who they are: ``expert 2`` for the only one who answered, else ``2 of 3 experts``. An expert who
    heard no cough, or who ticked both a sound and "nothing", says nothing of sounds. ``pseudocough`` is a kind of
    cough, whatever column it stands in, and is not stated beside a disease; a severity is that of the disease.
    """
    answers: dict[str, list[tuple[int, Fact]]] = defaultdict(list)
    for expert in EXPERTS:
        for question, fact in _opinion(cells.row, expert).items():
            answers[question].append((expert, fact))
    agreed = {question: chosen for question, given in answers.items() if (chosen := _majority(given))}
    disease, severity = agreed.get("diagnosis"), agreed.get("severity")
    if severity is not None and disease is not None:
        healthy = disease.value == "healthy cough"
        if healthy != (severity.concept == "finding"):
            del agreed["severity"]
        elif not healthy:
            agreed["severity"] = replace(severity, of=disease.value)
    cells.facts += agreed.values()


def _majority(answers: list[tuple[int, Fact]]) -> Fact | None:
    """What more than half of those who answered say, as the first of them says it."""
    for expert, fact in answers:
        same = sum((other.value, other.polarity) == (fact.value, fact.polarity) for _, other in answers)
        if 2 * same > len(answers):
            source = f"expert {expert}" if len(answers) == 1 else f"{same} of {len(answers)} experts"
            return replace(fact, source=source)
    return None


def _opinion(row: Row, expert: int) -> Mapping[str, Fact]:
    """What one expert says, by question."""
    cells = Cells(row, ())
    given: dict[str, Fact] = {}

    def add(question: str, concept: str, words: Mapping[str, str | None]) -> None:
        field = f"{question}_{expert}"
        if (value := cells.word(field, words)) is not None:
            given[question] = Fact(concept, value, field)

    add("quality", "recording_quality", QUALITIES)
    if cells.text(f"quality_{expert}") == "no_cough":
        return {}
    add("cough_type", "finding", TYPES)
    flags = {name: cells.flag(f"{name}_{expert}") for name in SOUNDS}
    if not (cells.flag(f"nothing_{expert}") and any(flags.values())):
        for name, flag in flags.items():
            if flag is not None:
                given[name] = Fact("finding", SOUNDS[name], f"{name}_{expert}", "present" if flag else "absent")
    add("diagnosis", "disease", DIAGNOSES)
    word = cells.word(f"severity_{expert}", SEVERITIES)
    if word is not None:
        given["severity"] = Fact("finding" if word == "pseudocough" else "severity", word, f"severity_{expert}")
    return given
