"""Who says of a cough of covid19-cough that it is of a person with COVID-19."""

from __future__ import annotations

from ...facts import Cells

LABELS = {"positive": "present", "negative": "absent", "contradicting duplicate": None}


def covid(cells: Cells) -> None:
    """Add COVID-19 as there or not; ``verified`` tells a test from what the caller reports."""
    polarity = cells.word("covid_label", LABELS)
    if polarity is None:
        return
    cells.add("disease", "COVID-19", "covid_label", "present" if polarity == "present" else "absent")
    if cells.flag("verified"):
        cells.sources["covid_label"] = "test"
