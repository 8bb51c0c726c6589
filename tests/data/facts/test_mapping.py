from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.reports import FieldMapping, facts_of, generate, mask_of

CONTENT = {
    "columns": [
        {"column": "gender", "concept": "sex", "values": {"F": "female", "M": "male", "X": None}},
        {"column": "months", "concept": "age", "unit": "months"},
        {
            "column": "wheezing",
            "concept": "finding",
            "value": "wheeze",
            "polarity": {1: "present", 0: "absent", 9: None},
        },
        {"column": "phase", "concept": "timing", "of": "wheeze"},
        {"column": "diagnosis", "concept": "disease"},
    ],
    "tasks": {"wheeze": {"label": ["wheezing"], "strict": {"phase": "is stated where there is a wheeze"}}},
}
ROW = {"recording_id": "r1", "gender": "F", "months": "18", "wheezing": 1, "phase": "expiratory", "diagnosis": "asthma"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(CONTENT))
    return path


def test_a_declared_dataset_has_facts_masks_and_reports(file: Path):
    facts = facts_of(str(file))(ROW)
    assert [(fact.concept, fact.value, fact.polarity, fact.field, fact.of) for fact in facts] == [
        ("sex", "female", "present", "gender", None),
        ("age", "1.5", "present", "months", None),
        ("finding", "wheeze", "present", "wheezing", None),
        ("timing", "expiratory", "present", "phase", "wheeze"),
        ("disease", "asthma", "present", "diagnosis", None),
    ]
    kept = {strength: {fact.field for fact in mask_of(str(file), "wheeze", strength).keep(facts)}
            for strength in ("none", "paper", "strict", "context")}  # fmt: skip
    assert kept["none"] - kept["paper"] == {"wheezing", "diagnosis"}
    assert kept["paper"] - kept["strict"] == {"phase"}
    assert kept["context"] == {"gender", "months"}
    (report,) = generate([ROW], dataset=str(file), mask="strict", task="wheeze")
    assert (
        re.search("girl|female", report.text) and "wheez" not in report.text and report.fields == ("gender", "months")
    )


def test_cells_that_state_nothing_and_cells_that_state_an_absence(file: Path):
    read = facts_of(str(file))
    assert [fact.polarity for fact in read({**ROW, "wheezing": 0}) if fact.concept == "finding"] == ["absent"]
    assert not [fact for fact in read({**ROW, "wheezing": 9, "gender": "X"}) if fact.field in ("wheezing", "gender")]


@pytest.mark.parametrize(("field", "value"), [("gender", "W"), ("months", "old"), ("wheezing", 2), ("months", 9999)])
def test_cells_that_are_not_declared_are_errors(file: Path, field: str, value: object):
    with pytest.raises(DataError, match=f"^r1: {field}"):
        facts_of(str(file))({**ROW, field: value})
    with pytest.raises(DataError, match=field):
        facts_of(str(file))({name: cell for name, cell in ROW.items() if name != field})


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"concept": "mood"}, "mood"),
        ({"concept": "sex", "values": {"F": "woman"}}, "woman"),
        ({"concept": "finding", "value": "purr", "polarity": {"1": "present"}}, "purr"),
        ({"concept": "finding", "value": "wheeze"}, "contradict"),
        ({"concept": "finding", "value": "wheeze", "polarity": {"1": "yes"}}, "yes"),
        ({"concept": "age"}, "unit None"),
        ({"concept": "age", "unit": "decades"}, "decades"),
        ({"concept": "sex", "unit": "years"}, "years"),
        ({"concept": "sex", "colour": "red"}, "colour"),
    ],
)
def test_declarations_are_checked(wrong: dict[str, object], named: str):
    with pytest.raises(ConfigurationError, match=named):
        FieldMapping.from_dict({"columns": [{"column": "c", **wrong}]})


@pytest.mark.parametrize(
    "content", [{}, {"columns": []}, {"fields": []}, [1], {"columns": [{"column": "c"}]}, {"columns": ["c"]}]
)
def test_other_shapes_are_refused(content: object):
    with pytest.raises(ConfigurationError):
        FieldMapping.from_dict(content)  # type: ignore[arg-type]


def test_masks_name_columns_that_state_something():
    with pytest.raises(ConfigurationError, match="colour"):
        FieldMapping.from_dict({**CONTENT, "tasks": {"wheeze": {"label": ["colour"]}}})


def test_files(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="no such file"):
        facts_of(str(tmp_path / "none.yaml"))
    (tmp_path / "bad.yaml").write_text("columns: [")
    with pytest.raises(ConfigurationError, match="not YAML"):
        facts_of(str(tmp_path / "bad.yaml"))


def test_short_forms():
    mapping = FieldMapping.from_dict(
        {
            "columns": [
                {"columns": {"fever": "fever", "cold": "cold"}, "concept": "symptom", "polarity": "yes_only"},
                {"column": "asthma", "concept": "condition", "value": "asthma", "polarity": "yes_no"},
                {"column": "sex", "concept": "sex", "values": ["female", "male"]},
                {"column": "smoker", "concept": "smoking", "patterns": {"unknown.*": None, "never.*": "non-smoker"}},
                {"column": "places", "concept": "location", "values": {"AV": "aortic", "MV": "mitral"}, "split": "+"},
                {"column": "sound", "facts": {"N": [{"finding": "wheeze", "polarity": "absent"}],
                                              "W": [{"finding": "wheeze"}, {"timing": "late", "of": "wheeze"}]}},
                {"rule": "loud", "columns": ["level"]},
            ]
        },
        rules={"loud": lambda cells: cells.add("recording_quality", "poor", "level")},
    )  # fmt: skip
    row = {"recording_id": "r", "fever": "yes", "cold": "no", "asthma": "0", "sex": "Female", "smoker": "Never at all"}
    row |= {"places": "AV+MV", "sound": "w", "level": None}
    assert [(fact.concept, fact.value, fact.polarity) for fact in mapping(row)][:3] == [
        ("symptom", "fever", "present"),
        ("condition", "asthma", "absent"),
        ("sex", "female", "present"),
    ]
    assert mapping.fields[-1] == "level"
    assert not [fact for fact in mapping(row | {"smoker": "unknown"}) if fact.concept == "smoking"]
    for column, value in (("smoker", "sometimes"), ("places", "AV+XX"), ("sound", "?"), ("fever", "maybe")):
        with pytest.raises(DataError, match=f"^r: {column}"):
            mapping(row | {column: value})
    assert [fact.value for fact in mapping(row)][3:] == ["non-smoker", "aortic", "mitral", "wheeze", "late", "poor"]


@pytest.mark.parametrize(
    "wrong", [{"facts": {"a": []}, "concept": "sex"}, {"concept": "sex", "values": ["female", "none"]}]
)
def test_short_forms_are_checked(wrong: dict[str, object]):
    with pytest.raises(ConfigurationError):
        FieldMapping.from_dict({"columns": [{"column": "c", **wrong}]})
    with pytest.raises(ConfigurationError, match="no rule"):
        FieldMapping.from_dict({"columns": [{"rule": "loud", "columns": ["c"]}]})
