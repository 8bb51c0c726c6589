"""What up to three experts heard in a cough of COUGHVID."""

from __future__ import annotations

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
    "obstructive_disease": "obstructive disease",
    "healthy_cough": "healthy cough",
}
SEVERITIES = {"mild": "mild", "severe": "severe", "pseudocough": "pseudocough", "unknown": None}
QUALITIES = {"good": "good", "ok": "acceptable", "poor": "poor", "no_cough": None}


def opinions(cells: Cells) -> None:
    """Add what the experts say, each with a field of their own.

    Where they disagree on something, nothing is stated of it: whom to believe is not for a report to decide. An expert
    who heard no cough, or who ticked both a sound and "nothing", says nothing of sounds.
    """
    given = [fact for expert in (1, 2, 3) for fact in _opinion(cells.row, expert)]
    cells.facts += [fact for fact in given if not any(_differ(fact, other) for other in given)]


def _opinion(row: Row, expert: int) -> list[Fact]:
    cells = Cells(row, ())
    quality = f"quality_{expert}"
    cells.words("recording_quality", quality, QUALITIES)
    if cells.text(quality) == "no_cough":
        return []
    cells.words("finding", f"cough_type_{expert}", TYPES)
    sounds = {f"{name}_{expert}": value for name, value in SOUNDS.items()}
    if not (cells.flag(f"nothing_{expert}") and any(cells.flag(field) for field in sounds)):
        for field, value in sounds.items():
            flag = cells.flag(field)
            cells.add("finding", None if flag is None else value, field, "present" if flag else "absent")
    cells.words("disease", f"diagnosis_{expert}", DIAGNOSES)
    cells.words("severity", f"severity_{expert}", SEVERITIES)
    return cells.facts


def _differ(one: Fact, other: Fact) -> bool:
    """Whether two opinions are about the same thing and do not say the same."""
    if one.concept != other.concept:
        return False
    if one.concept != "finding":
        return one.value != other.value
    if {one.value, other.value} <= {*TYPES.values()}:
        return one.value != other.value
    return one.value == other.value and one.polarity != other.polarity
