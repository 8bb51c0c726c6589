"""covid19-cough: the way of recording and the COVID-19 status of people whom nobody names."""

from __future__ import annotations

from ..schema import Fact
from .cells import Cells, Row

FIELDS: tuple[str, ...] = ("organ", "device", "covid_label", "asymptomatic")


def covid19_cough_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that covid19-cough states; a file that is called positive and negative has no status.

    Raises:
        DataError: a column is missing, or holds a word that the distribution does not use.

    Example:
        >>> row = {"recording_id": "r", "organ": "cough", "device": "phone", "covid_label": "positive"}
        >>> [fact.value for fact in covid19_cough_facts({**row, "asymptomatic": None})]
        ['cough', 'phone', 'COVID-19']
    """
    cells = Cells(row, FIELDS)
    cells.words("sound", "organ", ("cough",))
    cells.words("device", "device", ("phone", "messenger"))
    without = cells.flag("asymptomatic")
    if without is not None:
        cells.add("symptom", "symptom", "asymptomatic", "absent" if without else "present")
    label = cells.word("covid_label", ("positive", "negative", "contradicting duplicate"))
    if label in ("positive", "negative"):
        cells.add("disease", "COVID-19", "covid_label", "present" if label == "positive" else "absent")
    return tuple(cells.facts)
