"""Random rows of every dataset that has facts, out of the words that its table uses."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hf_auscult.reports.facts import (
    FACTS,
    coswara,
    coughvid,
    covid19_cough,
    heart,
    hf_lung,
    icbhi,
    kauh,
    lung,
    sprsound,
)
from hf_auscult.reports.facts import uk_covid19 as uk
from hf_auscult.reports.facts.circor import CIRCOR_FIELDS

Row = dict[str, Any]
_LUNG_SITES = (*lung.SITES, None)
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
    row = _blank(*CIRCOR_FIELDS) | {"organ": "heart", "site": draw.choice((*_VALVES, "other"))}
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
    row = _lung(draw, sprsound.FIELDS) | {"disease": draw.choice((*sprsound._DISEASES, None))}
    record = draw.choice(("Normal", "CAS", "DAS", "CAS & DAS", "Poor Quality"))
    kinds = {"CAS": ("Rhonchi", "Wheeze", "Stridor"), "DAS": ("Coarse Crackle", "Fine Crackle")}
    kinds["CAS & DAS"] = (*kinds["CAS"], *kinds["DAS"], "Wheeze+Crackle")
    return row | {
        "record_annotation": record,
        "events": _events(draw, kinds.get(record, ())) if record in kinds else [],
    }


def _icbhi(draw: random.Random) -> Row:
    row = _lung(draw, icbhi.FIELDS) | {"events": _events(draw, icbhi.CYCLES)}
    row |= {
        "adult_bmi": draw.choice((28.5, None)),
        "child_weight": draw.choice((14.0, None)),
        "child_height": draw.choice((95.0, None)),
    }
    return row | {"diagnosis": draw.choice((*icbhi._DISEASES, None))}


def _hf_lung(draw: random.Random) -> Row:
    return _lung(draw, hf_lung.FIELDS) | {"events": _events(draw, hf_lung.EVENTS)}


def _kauh(draw: random.Random) -> Row:
    row = _lung(draw, kauh.FIELDS) | {"sound_type": draw.choice(tuple(kauh.SOUNDS))}
    return row | {"disease": draw.choice((*kauh.DISEASES, "COPD + heart failure", "asthma + lung fibrosis"))}


def _zchsound(draw: random.Random) -> Row:
    row = _blank(*heart.ZCHSOUND_FIELDS) | {"organ": "heart", "site": "pulmonary", "device": "ChildCare G-100"}
    row |= _person(draw, 14) | {"diagnosis": draw.choice(("NORMAL", "ASD", "VSD", "PDA", "PFO"))}
    return row | {"part": draw.choice(("clean", "noise")), "age": draw.choice((0.01, 2.37, 9.0))}


def _cinc2016(draw: random.Random) -> Row:
    row = _blank(*heart.CINC2016_FIELDS) | {"organ": "heart", "site": draw.choice((*_VALVES, None))} | _person(draw, 80)
    return row | {"reference": draw.choice(("1", "-1")), "sqi": draw.choice(("0", "1"))}


def _coughvid(draw: random.Random) -> Row:
    row = _blank(*coughvid.FIELDS) | {
        "organ": "cough",
        "status": draw.choice(("healthy", "symptomatic", "COVID-19", None)),
    }
    row |= _person(draw, 70) | {
        name: draw.choice(("True", "False", None)) for name in ("respiratory_condition", "fever_muscle_pain")
    }
    if draw.random() < 0.6:
        row |= {f"{name}_1": draw.choice(("True", "False")) for name in coughvid._SOUNDS}
        row |= {
            "quality_1": draw.choice(tuple(coughvid._QUALITIES)),
            "cough_type_1": draw.choice(tuple(coughvid._TYPES)),
        }
        row |= {
            "diagnosis_1": draw.choice((*coughvid._DIAGNOSES, None)),
            "severity_1": draw.choice(tuple(coughvid._SEVERITIES)),
        }
    return row


def _uk_covid19(draw: random.Random) -> Row:
    row = _blank(*uk.FIELDS) | {"modality": draw.choice(tuple(uk._SOUNDS)), "sex": draw.choice(_SEX)}
    row |= {"age_group": draw.choice(("18-44", "45-64", "65+", None))}
    row |= {
        "smoker_status": draw.choice(("Never smoked", "Ex-smoker", "Current smoker (1 to 10 cigarettes per day)", None))
    }
    row |= {name: draw.choice(("Yes", "No", None)) for name in uk._SYMPTOMS}
    row |= {name: draw.choice(("Yes", "No", None)) for name in uk._CONDITIONS}
    return row | {name: draw.choice(("Positive", "Negative", None)) for name in uk._RESULTS}


def _coswara(draw: random.Random) -> Row:
    row = _blank(*coswara.FIELDS) | {"modality": draw.choice(tuple(coswara._SOUNDS))} | _person(draw, 80)
    row |= {
        "country": draw.choice(("India", "United States", "Netherlands The", None)),
        "smoker": draw.choice(("y", "n", None)),
    }
    row |= {name: draw.choice(("True", None)) for name in (*coswara._SYMPTOMS, *coswara._CONDITIONS)}
    return row | {"quality": draw.choice(("0", "1", "2", None)), "covid_status": draw.choice((*coswara._STATUS, None))}


def _covid19_cough(draw: random.Random) -> Row:
    row = _blank(*covid19_cough.FIELDS) | {"organ": "cough", "device": draw.choice(("phone", "messenger"))}
    return row | {
        "covid_label": draw.choice(("positive", "negative")),
        "asymptomatic": draw.choice(("True", "False", None)),
    }


RANDOM: dict[str, Callable[[random.Random], Row]] = {name: globals()[f"_{name}"] for name in FACTS}
