"""COVID-19 in Coswara, by the person's own word or by a test."""

from __future__ import annotations

from ...facts import Cells

_POSITIVE = {"positive_mild": "mild", "positive_moderate": "moderate", "positive_asymp": "asymptomatic"}
_OTHER = {"healthy": ("disease", "healthy", "present"), "under_validation": ("disease", "COVID-19", "unknown")}
_OTHER |= {"resp_illness_not_identified": ("disease", "unidentified respiratory illness", "present")}
_OTHER |= {"recovered_full": ("condition", "recovery from COVID-19", "present")}
_OTHER |= {"no_resp_illness_exposed": ("disease", "respiratory illness", "absent")}
STATUSES = (*_POSITIVE, *_OTHER)


def status(cells: Cells) -> None:
    """Add the status; a positive test is the source of COVID-19, a negative one says that there is none.

    After a recovery the test may be of either time, and says nothing.
    """
    word = cells.word("covid_status", STATUSES)
    tested = cells.word("test_status", {"p": "p", "n": "n", "na": None, "ut": None})
    if word in _POSITIVE:
        cells.add("disease", "COVID-19", "covid_status")
        cells.add("severity", _POSITIVE[word], "covid_status", of="COVID-19")
        if tested == "p":
            cells.sources["covid_status"] = "test"
    elif word is not None:
        concept, value, polarity = _OTHER[word]
        cells.add(concept, value, "covid_status", polarity)  # type: ignore[arg-type]
        if word == "no_resp_illness_exposed":
            cells.add("condition", "exposure to COVID-19", "covid_status")
        if tested == "n" and word not in ("recovered_full", "under_validation"):
            cells.add("disease", "COVID-19", "test_status", "absent")
