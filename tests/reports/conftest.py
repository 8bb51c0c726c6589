"""Rows of the bundled sample as plain mappings, read without hf_auscult.data: reports must not need it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hf_auscult.reports import facts_of

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample"
SITES = {"AV": "aortic", "PV": "pulmonary", "TV": "tricuspid", "MV": "mitral", "Phc": "other"}

MURMUR = {
    "recording_id": "1_MV",
    "organ": "heart",
    "site": "mitral",
    "age_group": "Child",
    "sex": "female",
    "height": "98.0",
    "weight": "15.9",
    "pregnancy_status": "False",
    "murmur": "Present",
    "murmur_locations": "AV+MV",
    "most_audible_location": "AV",
    "systolic_murmur_timing": "Holosystolic",
    "systolic_murmur_shape": "Plateau",
    "systolic_murmur_grading": "II/VI",
    "systolic_murmur_pitch": "Low",
    "systolic_murmur_quality": "Blowing",
    "diastolic_murmur_timing": "Early-diastolic",
    "diastolic_murmur_shape": "Decrescendo",
    "diastolic_murmur_grading": "I/IV",
    "diastolic_murmur_pitch": "High",
    "diastolic_murmur_quality": "Harsh",
    "outcome": "Abnormal",
    "campaign": "CC2015",
    "additional_id": "50379",
    "recording_locations": "AV+MV",
    "patient_id": "1",
}

OTHER = {
    "organ": None,
    "site": "tricuspid",
    "age_group": "Infant",
    "sex": "male",
    "height": "99.0",
    "weight": "16.9",
    "pregnancy_status": "True",
    "murmur": "Absent",
    "murmur_locations": "MV+PV",
    "most_audible_location": "PV",
    "systolic_murmur_timing": "Early-systolic",
    "systolic_murmur_shape": "Diamond",
    "systolic_murmur_grading": "III/VI",
    "systolic_murmur_pitch": "Medium",
    "systolic_murmur_quality": "Musical",
    "diastolic_murmur_timing": "Mid-diastolic",
    "diastolic_murmur_shape": "Plateau",
    "diastolic_murmur_grading": "II/IV",
    "diastolic_murmur_pitch": "Low",
    "diastolic_murmur_quality": "Blowing",
    "outcome": "Normal",
    "campaign": "CC2014",
    "additional_id": None,
    "recording_locations": "PV",
    "patient_id": "2",
}
"""Another value for every column of MURMUR."""


@pytest.fixture(scope="session")
def rows() -> list[dict[str, object]]:
    with (SAMPLE / "training_data.csv").open(newline="") as stream:
        people = {row["Patient ID"]: row for row in csv.DictReader(stream)}
    found: list[dict[str, object]] = []
    for line in (SAMPLE / "RECORDS").read_text().splitlines():
        name = line.split("/")[1]
        person, site = name.split("_")[:2]
        row: dict[str, object] = {key.lower().replace(" ", "_"): value for key, value in people[person].items()}
        row |= {"recording_id": name, "organ": "heart", "site": SITES[site], "age_group": row["age"]}
        found.append(row | {key: row.get(key) for key in facts_of("circor").fields})
    return found
