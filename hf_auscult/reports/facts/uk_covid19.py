"""UK COVID-19 Vocal Audio Dataset: PCR result, symptoms and smoking of adults."""

from __future__ import annotations

from ...errors import DataError
from ..schema import Fact
from .cells import Cells, Row

_SYMPTOMS = {
    "symptom_cough_any": "cough",
    "symptom_new_continuous_cough": "new continuous cough",
    "symptom_runny_or_blocked_nose": "runny or blocked nose",
    "symptom_shortness_of_breath": "shortness of breath",
    "symptom_sore_throat": "sore throat",
    "symptom_abdominal_pain": "abdominal pain",
    "symptom_diarrhoea": "diarrhoea",
    "symptom_fatigue": "fatigue",
    "symptom_fever_high_temperature": "fever",
    "symptom_headache": "headache",
    "symptom_change_to_sense_of_smell_or_taste": "change of smell or taste",
    "symptom_loss_of_taste": "loss of taste",
    "symptom_other": "other symptom",
}
_CONDITIONS = {
    "respiratory_condition_asthma": "asthma",
    "respiratory_condition_other": "other respiratory condition",
}
_SOUNDS = {"exhalation": "exhalation", "cough": "cough", "three_cough": "three coughs"}
_RESULTS = ("covid_test_result", "influenza_a_test_result", "influenza_b_test_result")
_TESTED = {"covid_test_result": "COVID-19", "influenza_a_test_result": "influenza A"} | {
    "influenza_b_test_result": "influenza B"
}
FIELDS: tuple[str, ...] = (
    *("modality", "age_group", "sex", "smoker_status", "symptom_none", "respiratory_condition_none"),
    *(*_RESULTS, *_SYMPTOMS, *_CONDITIONS),
)


def uk_covid19_facts(row: Row) -> tuple[Fact, ...]:
    """Give every fact that the UK COVID-19 tables state of a recording's participant.

    A symptom or condition that the participant denied is stated to be absent; one that was not asked for is not
    stated. A void or unknown test states nothing.

    Raises:
        DataError: a column is missing, or holds a word that the distribution does not use.

    Example:
        >>> row = dict.fromkeys(FIELDS) | {"symptom_headache": "No", "covid_test_result": "Positive"}
        >>> [(fact.value, fact.polarity) for fact in uk_covid19_facts(row)]
        [('headache', 'absent'), ('COVID-19', 'present')]
    """
    cells = Cells(row, FIELDS)
    cells.words("sound", "modality", _SOUNDS)
    cells.add("age", _band(cells), "age_group")
    cells.words("sex", "sex", ("female", "male"))
    cells.add("smoking", _smoking(cells), "smoker_status")
    cells.flags("symptom", _SYMPTOMS, absent=True)
    cells.flags("condition", _CONDITIONS, absent=True)
    if cells.flag("symptom_none"):
        cells.add("symptom", "symptom", "symptom_none", "absent")
    if cells.flag("respiratory_condition_none"):
        cells.add("condition", "respiratory condition", "respiratory_condition_none", "absent")
    for field, disease in _TESTED.items():
        nothing = dict.fromkeys(("Unknown/Void", "Unknown", "Void", "Not tested"), None)
        result = cells.word(field, {"Positive": "present", "Negative": "absent"} | nothing)
        if result is not None:
            cells.add("disease", disease, field, "present" if result == "present" else "absent")
    return tuple(cells.facts)


def _band(cells: Cells) -> str | None:
    band = cells.text("age_group")
    if band is None or band.lower() in ("unknown", "prefer not to say"):
        return None
    if not any(character.isdigit() for character in band):
        raise DataError(f"age_group is {band!r}", where=cells.where, remedy="expected a band of years such as 18-44")
    return band


def _smoking(cells: Cells) -> str | None:
    """Vapers are no smokers that the vocabulary knows: nothing is stated of them."""
    text = cells.text("smoker_status")
    kinds = {"never": "non-smoker", "ex": "former smoker", "current smoker": "smoker"}
    silent = ("current vaper", "prefer not to say", "unknown")
    if text is None or text.lower().startswith(silent):
        return None
    for start, kind in kinds.items():
        if text.lower().startswith(start):
            return kind
    raise DataError(
        f"smoker_status is {text!r}", where=cells.where, remedy=f"expected words that begin {', '.join(kinds)}"
    )
