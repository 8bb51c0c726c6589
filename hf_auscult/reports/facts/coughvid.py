"""COUGHVID: what volunteers said of themselves, and what up to three experts heard."""

from __future__ import annotations

from ..schema import Fact
from .cells import Cells, Row

_SOUNDS = {
    "dyspnea": "dyspnoea",
    "wheezing": "wheezing cough",
    "stridor": "stridor in cough",
    "choking": "choking",
    "congestion": "congestion",
}
_TYPES = {"dry": "dry cough", "wet": "wet cough", "unknown": None}
_DIAGNOSES = {
    "COVID-19": "COVID-19",
    "lower_infection": "lower respiratory tract infection",
    "upper_infection": "upper respiratory tract infection",
    "obstructive_disease": "obstructive disease",
    "healthy_cough": "healthy cough",
}
_SEVERITIES = {"mild": "mild", "severe": "severe", "pseudocough": "pseudocough", "unknown": None}
_QUALITIES = {"good": "good", "ok": "acceptable", "poor": "poor", "no_cough": None}
_EXPERTS = (1, 2, 3)
FIELDS: tuple[str, ...] = (
    *("organ", "age", "sex", "respiratory_condition", "fever_muscle_pain", "status"),
    *(
        f"{name}_{expert}"
        for expert in _EXPERTS
        for name in ("quality", "cough_type", *_SOUNDS, "nothing", "diagnosis", "severity")
    ),
)


def coughvid_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that COUGHVID states of a recording.

    Where experts disagree on something, nothing is stated of it: whom to believe is not for a report to decide. Where
    they agree, each gives a fact with a field of their own. An expert who heard no cough, or who ticked both a sound
    and "nothing", says nothing of sounds.

    Raises:
        DataError: a column is missing, or holds a word that COUGHVID does not use.

    Example:
        >>> row = dict.fromkeys(FIELDS) | {"recording_id": "r", "cough_type_1": "dry", "cough_type_2": "dry"}
        >>> [(fact.value, fact.field) for fact in coughvid_facts(row)]
        [('dry cough', 'cough_type_1'), ('dry cough', 'cough_type_2')]
    """
    cells = Cells(row, FIELDS)
    cells.words("sound", "organ", ("cough",))
    cells.years()
    cells.words("sex", "sex", ("female", "male"))
    cells.flags("symptom", {"fever_muscle_pain": "fever or muscle pain"}, absent=True)
    cells.flags("condition", {"respiratory_condition": "respiratory condition"}, absent=True)
    opinions = [fact for expert in _EXPERTS for fact in _opinion(row, expert)]
    cells.facts += [fact for fact in opinions if not any(_differ(fact, other) for other in opinions)]
    status = cells.word("status", ("healthy", "symptomatic", "COVID-19"))
    if status == "symptomatic":
        cells.add("symptom", "symptom", "status")
    else:
        cells.add("disease", status, "status")
    return tuple(cells.facts)


def _opinion(row: Row, expert: int) -> list[Fact]:
    cells = Cells(row, ())
    quality = f"quality_{expert}"
    cells.words("recording_quality", quality, _QUALITIES)
    if cells.text(quality) == "no_cough":
        return []
    cells.words("finding", f"cough_type_{expert}", _TYPES)
    sounds = {f"{name}_{expert}": value for name, value in _SOUNDS.items()}
    if not (cells.flag(f"nothing_{expert}") and any(cells.flag(field) for field in sounds)):
        cells.flags("finding", sounds, absent=True)
    cells.words("disease", f"diagnosis_{expert}", _DIAGNOSES)
    cells.words("severity", f"severity_{expert}", _SEVERITIES)
    return cells.facts


def _differ(one: Fact, other: Fact) -> bool:
    """Whether two opinions are about the same thing and do not say the same."""
    if one.concept != other.concept:
        return False
    if one.concept != "finding":
        return one.value != other.value
    types = {value for value in _TYPES.values() if value}
    if one.value in types and other.value in types:
        return one.value != other.value
    return one.value == other.value and one.polarity != other.polarity
