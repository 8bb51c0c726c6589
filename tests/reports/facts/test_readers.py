"""What each dataset's words mean, on rows as the readers give them; and on every real row that is here."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hf_auscult.data import DATASETS
from hf_auscult.data.facts import attributed, contradictions
from hf_auscult.errors import DataError
from hf_auscult.reports import FACTS

from ..grounding.random_rows import RANDOM

FIELDS = {name: facts.fields for name, facts in FACTS.items() if name != "circor"}
SIGN = {"present": "", "absent": "no ", "unknown": "? "}


def said(dataset: str, **cells: object) -> list[str]:
    row = dict.fromkeys(FIELDS[dataset]) | {"recording_id": "r1"} | cells
    return [f"{SIGN[fact.polarity]}{fact.value}" for fact in FACTS[dataset](row)]


def events(*kinds: str) -> list[dict[str, object]]:
    return [{"start": float(place), "end": place + 1.0, "type": kind} for place, kind in enumerate(kinds)]


@pytest.mark.parametrize("dataset", FIELDS)
def test_an_empty_row_states_nothing_and_a_missing_column_is_an_error(dataset: str):
    assert said(dataset) == []
    for field in FIELDS[dataset]:
        row = dict.fromkeys(FIELDS[dataset]) | {"recording_id": "r1"}
        del row[field]
        with pytest.raises(DataError, match=field):
            FACTS[dataset](row)


@pytest.mark.parametrize(
    ("dataset", "cells", "expected"),
    [
        ("sprsound", {"record_annotation": "Normal"}, ["no adventitious sound"]),
        ("sprsound", {"record_annotation": "CAS"}, ["continuous adventitious sound"]),
        ("sprsound", {"record_annotation": "Poor Quality"}, ["poor"]),
        ("sprsound", {"events": events("Normal", "Normal")}, ["no adventitious sound"]),
        ("sprsound", {"events": events("Normal", "Wheeze+Crackle")}, ["wheeze", "crackle"]),
        ("sprsound", {"disease": "Pneumonia (non-severe)"}, ["pneumonia", "non-severe"]),
        ("sprsound", {"disease": "Unknown"}, []),
        ("sprsound", {"site": "other"}, []),
        ("sprsound", {"age": 0.05}, ["neonate"]),
        ("sprsound", {"age": 14.1}, ["14.1"]),
        ("icbhi", {"events": events("normal", "crackle", "normal")}, ["crackle", "no wheeze"]),
        ("icbhi", {"events": events("crackle", "wheeze")}, ["crackle", "wheeze"]),
        ("icbhi", {"events": []}, []),
        ("icbhi", {"diagnosis": "URTI"}, ["upper respiratory tract infection"]),
        ("icbhi", {"adult_bmi": 27.4, "child_weight": 19.0, "child_height": 99.0}, ["99", "19", "27.4"]),
        ("hf_lung", {"events": events("I", "E")}, ["no adventitious sound"]),
        ("hf_lung", {"events": events("I", "D", "Rhonchi")}, ["discontinuous adventitious sound", "rhonchus"]),
        ("kauh", {"sound_type": "N"}, ["no adventitious sound"]),
        ("kauh", {"sound_type": "I C E W"}, ["crackle", "inspiratory", "wheeze", "expiratory"]),
        ("kauh", {"disease": "heart failure + lung fibrosis"}, ["heart failure", "lung fibrosis"]),
        ("kauh", {"disease": "normal"}, ["healthy"]),
        ("zchsound", {"diagnosis": "NORMAL", "part": "noise"}, ["poor", "normal"]),
        ("zchsound", {"age": 3 / 365.25}, ["neonate"]),
        ("cinc2016", {"reference": "-1"}, ["normal"]),
        ("uk_covid19", {"covid_test_result": "Negative", "age_group": "18-44"}, ["18-44", "no COVID-19"]),
        ("uk_covid19", {"covid_test_result": "Unknown/Void"}, []),
        ("uk_covid19", {"symptom_fatigue": "1", "symptom_headache": 0}, ["fatigue", "no headache"]),
        ("uk_covid19", {"symptom_none": "1"}, ["no symptom"]),
        ("uk_covid19", {"smoker_status": "Ex-smoker"}, ["former smoker"]),
        ("uk_covid19", {"smoker_status": "Current smoker (11 or more per day)"}, ["smoker"]),
        ("uk_covid19", {"smoker_status": "Prefer not to say"}, []),
        ("coughvid", {"status": "symptomatic", "fever_muscle_pain": "False"}, ["no fever or muscle pain", "symptom"]),
        ("coughvid", {"cough_type_1": "dry", "cough_type_2": "wet"}, []),
        ("coughvid", {"wheezing_1": "True", "wheezing_3": "False", "stridor_3": "False"}, ["no stridor in cough"]),
        ("coughvid", {"wheezing_1": "True", "nothing_1": "True", "severity_1": "mild"}, ["mild"]),
        ("coughvid", {"quality_1": "no_cough", "cough_type_1": "dry"}, []),
        ("coughvid", {"cough_type_1": "dry", "cough_type_2": "wet", "cough_type_3": "dry"}, ["dry cough"]),
        ("coughvid", {"severity_2": "pseudocough"}, ["pseudocough"]),
        ("coughvid", {"diagnosis_2": "COVID-19", "severity_2": "pseudocough"}, ["COVID-19"]),
        ("coughvid", {"diagnosis_2": "healthy_cough", "severity_2": "mild"}, ["healthy cough"]),
        ("coughvid", {"diagnosis_1": "healthy_cough", "quality_1": "ok"}, ["acceptable", "healthy cough"]),
        ("coswara", {"covid_status": "positive_mild", "smoker": "TRUE"}, ["smoker", "COVID-19", "mild"]),
        ("coswara", {"covid_status": "under_validation"}, ["? COVID-19"]),
        ("coswara", {"covid_status": "no_resp_illness_exposed"}, ["no respiratory illness", "exposure to COVID-19"]),
        ("coswara", {"covid_status": "healthy", "test_status": "n"}, ["healthy", "no COVID-19"]),
        ("coswara", {"covid_status": "recovered_full", "test_status": "n"}, ["recovery from COVID-19"]),
        ("coswara", {"covid_status": "positive_asymp", "fever": "True"}, ["fever", "COVID-19"]),
        ("coswara", {"smoker": "n", "fever": "False"}, ["non-smoker"]),
        ("covid19_cough", {"covid_label": "contradicting duplicate", "device": "phone"}, ["phone"]),
        ("covid19_cough", {"covid_label": "positive", "asymptomatic": True}, ["no symptom", "COVID-19"]),
    ],
)
def test_words(dataset: str, cells: dict[str, object], expected: list[str]):
    assert said(dataset, **cells) == expected


@pytest.mark.parametrize(
    ("dataset", "kinds", "expected"),
    [
        ("icbhi", ("wheeze", "normal"), (["no crackle", "wheeze"], ["no crackle", "no wheeze"])),
        ("sprsound", ("Stridor", "Normal"), (["stridor"], ["no adventitious sound"])),
        ("hf_lung", ("I", "D"), (["inhalation"], ["discontinuous adventitious sound"])),
    ],
)
def test_a_segment_states_its_own_event_only(dataset: str, kinds: tuple[str, str], expected: tuple[list[str], ...]):
    for number, kind in enumerate(kinds):
        place = {"segment": number, "segment_start": 0.0, "segment_end": 1.0, "events": events(*kinds)}
        record = {"record_annotation": "CAS & DAS"} if dataset == "sprsound" else {}
        assert said(dataset, **place, **record) == expected[number]
        assert said(dataset, **place, **record, type=kind) == expected[number]
    with pytest.raises(DataError, match="event 7"):
        said(dataset, segment=7, events=events(*kinds))
    with pytest.raises(DataError, match="hiccup"):
        said(dataset, segment=0, events=events("hiccup"))


@pytest.mark.parametrize(
    ("dataset", "field", "value"),
    [
        ("icbhi", "diagnosis", "Gout"),
        ("icbhi", "sex", "F"),
        ("icbhi", "age", "old"),
        ("icbhi", "age", 260),
        ("sprsound", "record_annotation", "Fine"),
        ("hf_lung", "site", "L1"),
        ("kauh", "sound_type", "Z"),
        ("kauh", "disease", "asthma + gout"),
        ("zchsound", "diagnosis", "TGA"),
        ("cinc2016", "reference", "2"),
        ("uk_covid19", "covid_test_result", "Maybe"),
        ("uk_covid19", "smoker_status", "Sometimes"),
        ("uk_covid19", "age_group", "old"),
        ("uk_covid19", "symptom_fatigue", "often"),
        ("coughvid", "status", "ill"),
        ("coughvid", "severity_3", "awful"),
        ("coswara", "covid_status", "positive"),
        ("coswara", "smoker", "maybe"),
        ("covid19_cough", "device", "fax"),
    ],
)
def test_an_unknown_word_is_an_error_that_names_recording_field_and_words(dataset: str, field: str, value: object):
    with pytest.raises(DataError, match=rf"^r1: {field} .*To fix: \w+"):
        said(dataset, **{field: value})


def icbhi_layout(shared: Path, folder: Path) -> Path:
    for file in (shared / "data" / "icbhi2017").glob("*.txt"):
        shutil.copy(file, folder)
    (folder / "audio_and_txt_files").symlink_to(shared / "data" / "icbhi2017_annotations_only" / "audio_and_txt_files")
    return folder


def kauh_layout(shared: Path, folder: Path) -> Path:
    (folder / "AudioFiles").mkdir()
    for line in (shared / "data" / "kauh_metadata_only" / "audio_file_names.txt").read_text().splitlines():
        (folder / "AudioFiles" / Path(line).name).touch()
    return folder


def plain(name: str) -> Callable[[Path, Path], Path]:
    return lambda shared, folder: shared / "data" / name


REAL = {
    "cinc2016": plain("cinc2016"),
    "circor": plain("circor-digiscope-1.0.3"),
    "coswara": plain("coswara_metadata_only"),
    "coughvid": plain("coughvid/public_dataset"),
    "covid19_cough": plain("covid19-cough"),
    "hf_lung": plain("hf_lung_v1_labels_only"),
    "icbhi": icbhi_layout,
    "kauh": kauh_layout,
    "sprsound": plain("sprsound"),
}


@pytest.mark.parametrize("dataset", REAL)
def test_every_real_row_can_be_read(dataset: str, shared: Path, tmp_path: Path):
    spec = DATASETS[dataset]
    rows = list(spec.read(REAL[dataset](shared, tmp_path)).rows)
    for row in rows:
        facts = FACTS[dataset](row)
        assert facts and len(set(facts)) == len(facts) and all(fact.source for fact in facts)
        assert all(attributed(one, other) for one, other in contradictions(facts))
        assert {fact.field for fact in facts} <= set(row) | {"events"}
    for task in spec.tasks:
        if task.segments:
            for row in task.select(rows)[0]:
                assert any(fact.field == "events" for fact in FACTS[dataset](row))


@pytest.mark.parametrize(
    ("dataset", "cells", "expected"),
    [
        ("coughvid", {"status": "healthy", "diagnosis_2": "COVID-19"},
         {"healthy": "self-report", "COVID-19": "expert 2"}),
        ("coughvid", {f"diagnosis_{n}": "COVID-19" for n in (1, 2, 3)}, {"COVID-19": "3 of 3 experts"}),
        ("coswara", {"covid_status": "positive_mild", "test_status": "p"}, {"COVID-19": "test", "mild": "test"}),
        ("coswara", {"covid_status": "positive_mild"}, {"COVID-19": "self-report", "mild": "self-report"}),
        ("covid19_cough", {"covid_label": "positive", "verified": True}, {"COVID-19": "test"}),
        ("covid19_cough", {"covid_label": "positive", "verified": False}, {"COVID-19": "self-report"}),
        ("icbhi", {"diagnosis": "COPD", "events": events("wheeze")},
         {"crackle": "annotator", "wheeze": "annotator", "COPD": "record"}),
    ],
)  # fmt: skip
def test_every_fact_says_who_states_it(dataset: str, cells: dict[str, object], expected: dict[str, str]):
    row = dict.fromkeys(FIELDS[dataset]) | {"recording_id": "r"} | cells
    assert {fact.value: fact.source for fact in FACTS[dataset](row)} == expected


@pytest.mark.parametrize("dataset", sorted(FACTS))
def test_what_contradicts_is_attributed(dataset: str):
    draw = random.Random(dataset)
    for _ in range(150):
        facts = FACTS[dataset](RANDOM[dataset](draw))
        assert all(fact.source for fact in facts)
        pairs = [(one, other) for one, other in contradictions(facts) if not attributed(one, other)]
        assert not pairs
