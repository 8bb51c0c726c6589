"""Random rows of every dataset that has facts, out of the words that its table uses."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hf_auscult.data.catalogue.coswara import facts as coswara
from hf_auscult.data.catalogue.coughvid import facts as coughvid
from hf_auscult.data.catalogue.hf_lung import facts as hf_lung
from hf_auscult.data.catalogue.icbhi import facts as icbhi
from hf_auscult.data.catalogue.sprsound import facts as sprsound
from hf_auscult.data.facts import Column
from hf_auscult.reports import FACTS

Row = dict[str, Any]


def _words(dataset: str, column: str) -> tuple[str, ...]:
    """Words that the dataset's table uses in a column."""
    (found,) = (one for one in FACTS[dataset].columns if isinstance(one, Column) and one.column == column)
    return tuple(found.facts or found.values or found.polarity)


def _columns(dataset: str, concept: str) -> tuple[str, ...]:
    """Yes-or-no columns of a concept that have a value of their own."""
    return tuple(
        one.column
        for one in FACTS[dataset].columns
        if isinstance(one, Column)
        and one.concept == concept
        and one.value not in (None, "symptom", "respiratory condition")
    )


_LUNG_SITES = tuple(site if site != "other" else None for site in _words("icbhi", "site"))
_DEVICES = ("AKG C417L", "Littmann Classic II SE", "Littmann 3200", "Welch Allyn Meditron", None)
_VALVES = ("aortic", "pulmonary", "tricuspid", "mitral")
_TIMINGS = {"systolic": ("Holosystolic", "Early-systolic", "Mid-systolic", "Late-systolic")} | {
    "diastolic": ("Early-diastolic", "Mid-diastolic", "Holodiastolic")
}
_GRADES = {"systolic": ("I/VI", "II/VI", "III/VI"), "diastolic": ("I/IV", "II/IV", "III/IV")}
_SEX = ("female", "male", None)


def _blank(*fields: str) -> Row:
    return dict.fromkeys(fields) | {"recording_id": "r"}


def _person(draw: random.Random, oldest: int) -> Row:
    age = round(draw.uniform(0.1, oldest), draw.choice((0, 1, 2)))
    return {"age": draw.choice((age or None, None)), "sex": draw.choice(_SEX)}


def _lung(draw: random.Random, fields: tuple[str, ...]) -> Row:
    row = _blank(*fields) | {"organ": "lung", "site": draw.choice(_LUNG_SITES), "device": draw.choice(_DEVICES)}
    return row | _person(draw, 90)


def _events(draw: random.Random, kinds: Any) -> list[Row]:
    return [{"type": kind} for kind in draw.sample(list(kinds), draw.randint(0, min(3, len(kinds))))]


def _circor(draw: random.Random) -> Row:
    row = _blank(*FACTS["circor"].fields) | {"organ": "heart", "site": draw.choice((*_VALVES, "other"))}
    row |= {"age_group": draw.choice(("Neonate", "Infant", "Child", "Adolescent", "Young adult", None))}
    row |= {
        "sex": draw.choice(_SEX),
        "height": draw.choice((92.0, 121.5, None)),
        "weight": draw.choice((14.0, 8.4, None)),
    }
    row |= {"pregnancy_status": draw.choice(("True", "False")), "outcome": draw.choice(("Normal", "Abnormal"))}
    row["murmur"] = draw.choice(("Present", "Absent", "Unknown"))
    if row["murmur"] != "Present":
        return row
    places = draw.sample(("AV", "PV", "TV", "MV"), draw.randint(1, 4))
    row |= {"murmur_locations": "+".join(places), "most_audible_location": draw.choice(places)}
    for phase in draw.choice((("systolic",), ("diastolic",), ("systolic", "diastolic"))):
        row |= {
            f"{phase}_murmur_timing": draw.choice(_TIMINGS[phase]),
            f"{phase}_murmur_shape": draw.choice(("Crescendo", "Decrescendo", "Diamond", "Plateau", None)),
            f"{phase}_murmur_grading": draw.choice((*_GRADES[phase], None)),
            f"{phase}_murmur_pitch": draw.choice(("Low", "Medium", "High", None)),
            f"{phase}_murmur_quality": draw.choice(("Blowing", "Harsh", "Musical", None)),
        }
    return row


def _sprsound(draw: random.Random) -> Row:
    row = _lung(draw, FACTS["sprsound"].fields) | {"disease": draw.choice((*sprsound._DISEASES, None))}
    record = draw.choice(("Normal", "CAS", "DAS", "CAS & DAS", "Poor Quality"))
    kinds = {"CAS": ("Rhonchi", "Wheeze", "Stridor"), "DAS": ("Coarse Crackle", "Fine Crackle")}
    kinds["CAS & DAS"] = (*kinds["CAS"], *kinds["DAS"], "Wheeze+Crackle")
    return row | {
        "record_annotation": record,
        "events": _events(draw, kinds.get(record, ())) if record in kinds else [],
    }


def _icbhi(draw: random.Random) -> Row:
    row = _lung(draw, FACTS["icbhi"].fields) | {"events": _events(draw, icbhi.CYCLES)}
    row |= {
        "adult_bmi": draw.choice((28.5, None)),
        "child_weight": draw.choice((14.0, None)),
        "child_height": draw.choice((95.0, None)),
    }
    return row | {"diagnosis": draw.choice((*_words("icbhi", "diagnosis"), None))}


def _hf_lung(draw: random.Random) -> Row:
    return _lung(draw, FACTS["hf_lung"].fields) | {"events": _events(draw, hf_lung.EVENTS)}


def _kauh(draw: random.Random) -> Row:
    row = _lung(draw, FACTS["kauh"].fields) | {"sound_type": draw.choice(_words("kauh", "sound_type"))}
    return row | {
        "disease": draw.choice((*_words("kauh", "disease"), "COPD + heart failure", "asthma + lung fibrosis"))
    }


def _zchsound(draw: random.Random) -> Row:
    row = _blank(*FACTS["zchsound"].fields) | {"organ": "heart", "site": "pulmonary", "device": "ChildCare G-100"}
    row |= _person(draw, 14) | {"diagnosis": draw.choice(("NORMAL", "ASD", "VSD", "PDA", "PFO"))}
    return row | {"part": draw.choice(("clean", "noise")), "age": draw.choice((0.01, 2.37, 9.0))}


def _cinc2016(draw: random.Random) -> Row:
    row = (
        _blank(*FACTS["cinc2016"].fields)
        | {"organ": "heart", "site": draw.choice((*_VALVES, None))}
        | _person(draw, 80)
    )
    return row | {"reference": draw.choice(("1", "-1")), "sqi": draw.choice(("0", "1"))}


def _coughvid(draw: random.Random) -> Row:
    row = _blank(*FACTS["coughvid"].fields) | {
        "organ": "cough",
        "status": draw.choice(("healthy", "symptomatic", "COVID-19", None)),
    }
    row |= _person(draw, 70) | {
        name: draw.choice(("True", "False", None)) for name in ("respiratory_condition", "fever_muscle_pain")
    }
    if draw.random() < 0.6:
        row |= {f"{name}_1": draw.choice(("True", "False")) for name in coughvid.SOUNDS}
        row |= {
            "quality_1": draw.choice(tuple(coughvid.QUALITIES)),
            "cough_type_1": draw.choice(tuple(coughvid.TYPES)),
        }
        row |= {
            "diagnosis_1": draw.choice((*coughvid.DIAGNOSES, None)),
            "severity_1": draw.choice(tuple(coughvid.SEVERITIES)),
        }
    return row


def _uk_covid19(draw: random.Random) -> Row:
    row = _blank(*FACTS["uk_covid19"].fields) | {
        "modality": draw.choice(_words("uk_covid19", "modality")),
        "sex": draw.choice(_SEX),
    }
    row |= {"age_group": draw.choice(("18-44", "45-64", "65+", None))}
    row |= {
        "smoker_status": draw.choice(("Never smoked", "Ex-smoker", "Current smoker (1 to 10 cigarettes per day)", None))
    }
    row |= {name: draw.choice(("Yes", "No", None)) for name in _columns("uk_covid19", "symptom")}
    row |= {name: draw.choice(("Yes", "No", None)) for name in _columns("uk_covid19", "condition")}
    return row | {name: draw.choice(("Positive", "Negative", None)) for name in _columns("uk_covid19", "disease")}


def _coswara(draw: random.Random) -> Row:
    row = (
        _blank(*FACTS["coswara"].fields) | {"modality": draw.choice(_words("coswara", "modality"))} | _person(draw, 80)
    )
    row |= {
        "country": draw.choice(("India", "United States", "Netherlands The", None)),
        "smoker": draw.choice(("y", "n", None)),
    }
    row |= {
        name: draw.choice(("True", None))
        for name in (*_columns("coswara", "symptom"), *_columns("coswara", "condition"))
    }
    return row | {
        "quality": draw.choice(("0", "1", "2", None)),
        "covid_status": draw.choice((*coswara.STATUSES, None)),
        "test_status": draw.choice(("p", "n", "na", None)),
    }


def _covid19_cough(draw: random.Random) -> Row:
    row = _blank(*FACTS["covid19_cough"].fields) | {"organ": "cough", "device": draw.choice(("phone", "messenger"))}
    return row | {
        "covid_label": draw.choice(("positive", "negative")),
        "verified": draw.choice((True, False, None)),
        "asymptomatic": draw.choice(("True", "False", None)),
    }


RANDOM: dict[str, Callable[[random.Random], Row]] = {name: globals()[f"_{name}"] for name in FACTS}
