"""Coswara: what volunteers said of their health, and what they were asked to record."""

from __future__ import annotations

from ..schema import Fact, Polarity
from .cells import NO, YES, Cells, Row

_SOUNDS = {
    "breathing-deep": "deep breathing",
    "breathing-shallow": "shallow breathing",
    "cough-heavy": "heavy cough",
    "cough-shallow": "shallow cough",
    "counting-fast": "fast counting",
    "counting-normal": "counting at normal pace",
    "vowel-a": "vowel a",
    "vowel-e": "vowel e",
    "vowel-o": "vowel o",
}
_SYMPTOMS = {
    "cold": "cold",
    "cough": "cough",
    "diarrhoea": "diarrhoea",
    "fever": "fever",
    "loss_of_smell": "loss of smell or taste",
    "muscle_pain": "muscle pain",
    "breathing_difficulties": "breathing difficulties",
    "fatigue": "fatigue",
    "sore_throat": "sore throat",
}
_CONDITIONS = {
    "hypertension": "hypertension",
    "diabetes": "diabetes",
    "asthma": "asthma",
    "pneumonia": "pneumonia",
    "ischemic_heart_disease": "ischaemic heart disease",
    "chronic_lung_disease": "chronic lung disease",
    "other_respiratory": "other respiratory condition",
    "other_preexisting": "other pre-existing condition",
}
_STATUS: dict[str, tuple[tuple[str, str, Polarity], ...]] = {
    "healthy": (("disease", "healthy", "present"),),
    "positive_mild": (("disease", "COVID-19", "present"), ("severity", "mild", "present")),
    "positive_moderate": (("disease", "COVID-19", "present"), ("severity", "moderate", "present")),
    "positive_asymp": (("disease", "COVID-19", "present"), ("severity", "asymptomatic", "present")),
    "recovered_full": (("condition", "recovery from COVID-19", "present"),),
    "no_resp_illness_exposed": (
        ("disease", "respiratory illness", "absent"),
        ("condition", "exposure to COVID-19", "present"),
    ),
    "resp_illness_not_identified": (("disease", "unidentified respiratory illness", "present"),),
    "under_validation": (("disease", "COVID-19", "unknown"),),
}
_QUALITIES = {"0": "poor", "1": "acceptable", "2": "good"}
FIELDS: tuple[str, ...] = (
    *("modality", "age", "sex", "country", "smoker", "quality", "covid_status", *_SYMPTOMS, *_CONDITIONS),
)


def coswara_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that Coswara states of a recording.

    Nobody ticks "no": symptoms and conditions are stated where they are there, and an empty cell states nothing. Tests,
    vaccination, masks and CT scores are not stated.

    Raises:
        DataError: a column is missing, or holds a word that Coswara does not use.

    Example:
        >>> row = dict.fromkeys(FIELDS) | {"recording_id": "r", "fever": "True", "covid_status": "positive_mild"}
        >>> [(fact.concept, fact.value) for fact in coswara_facts(row)]
        [('symptom', 'fever'), ('disease', 'COVID-19'), ('severity', 'mild')]
    """
    cells = Cells(row, FIELDS)
    cells.words("sound", "modality", _SOUNDS)
    cells.years()
    cells.words("sex", "sex", ("female", "male"))
    cells.add("country", cells.text("country"), "country")
    cells.words("smoking", "smoker", dict.fromkeys(YES, "smoker") | dict.fromkeys(NO, "non-smoker"))
    cells.words("recording_quality", "quality", _QUALITIES)
    cells.flags("symptom", _SYMPTOMS, absent=False)
    cells.flags("condition", _CONDITIONS, absent=False)
    status = cells.word("covid_status", tuple(_STATUS))
    for concept, value, polarity in _STATUS[status] if status else ():
        of = "COVID-19" if concept == "severity" else None
        cells.add(concept, value, "covid_status", polarity, of=of)
    return tuple(cells.facts)
