from __future__ import annotations

import subprocess
import sys

import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.reports import STRENGTHS, facts_of, generate

from .conftest import MURMUR, OTHER


@pytest.mark.parametrize("mask", STRENGTHS)
@pytest.mark.parametrize("draw", range(4))
def test_fields_are_exactly_what_the_text_depends_on(mask: str, draw: int):
    """Every used field, changed alone, changes the text; no other field does."""
    base = {**MURMUR, "pregnancy_status": "True"}
    report = generate([base], mask=mask, draws=4)[draw]
    # Findings are told without the place, but for whether the murmur is heard at it.
    told = {"recording_id"} | ({"site"} if mask == "findings" else set())
    for field in base.keys() - told:
        other = {**OTHER, "pregnancy_status": "False"}[field]
        changed = generate([{**base, field: other}], mask=mask, draws=4)[draw]
        assert (changed.text != report.text) == (field in report.fields), field


@pytest.mark.parametrize("mask", STRENGTHS)
def test_an_absent_murmur_uses_its_own_fields_only(mask: str):
    traits = [name for name in facts_of("circor").fields if name.startswith(("systolic", "diastolic"))]
    base = {**MURMUR, **dict.fromkeys([*traits, "murmur_locations", "most_audible_location"]), "murmur": "Absent"}
    report = generate([base], mask=mask)[0]
    for field in (set(base) - {"recording_id"}) & set(report.fields):
        changed = generate([{**base, field: {**OTHER, "murmur": "Unknown"}[field]}], mask=mask)[0]
        assert changed.text != report.text, field
    assert ("murmur" in report.fields) == (mask in ("none", "findings"))


def test_a_text_does_not_depend_on_its_neighbours(rows):
    together = {report.recording_id: report for report in generate(rows)}
    for row in rows[::7]:
        assert generate([row]) == [together[row["recording_id"]]]
    assert generate(rows[::-1]) == generate(rows)[::-1]


def test_a_text_does_not_depend_on_the_process():
    code = (
        "from tests_reports import MURMUR; from hf_auscult.reports import generate;"
        "print(generate([MURMUR], draws=3, seed=5)[2].text)"
    )
    code = code.replace("from tests_reports import MURMUR", f"MURMUR = {MURMUR!r}")
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert outputs == {generate([MURMUR], draws=3, seed=5)[2].text}


def test_draws_and_seeds_are_paraphrases_of_the_same_fields(rows):
    reports = generate(rows, draws=5)
    assert [report.draw for report in reports[:5]] == [0, 1, 2, 3, 4]
    for start in range(0, len(reports), 5):
        same = reports[start : start + 5]
        assert len({report.recording_id for report in same}) == 1
        assert len({report.fields for report in same}) == 1
        assert len({report.text for report in same}) >= 3
    assert [report.text for report in generate(rows, seed=1)] != [report.text for report in generate(rows)]
    assert generate(rows, draws=1) == [report for report in reports if report.draw == 0]


def test_reports_need_no_dataset_library():
    heavy = ("datasets", "hf_auscult.data.builder", "hf_auscult.data.preparation")
    code = (
        "import sys; import hf_auscult.reports;"
        f"assert not [m for m in sys.modules if m.split('.')[0] in {heavy} or m in {heavy}]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(filter(None, sys.path))})


@pytest.mark.parametrize(
    "wrong",
    [{"dataset": "circus"}, {"mask": "full"}, {"task": "murmurs"}, {"draws": 0}],
    ids=str,
)
def test_unknown_settings_are_refused_even_without_rows(wrong):
    with pytest.raises(ConfigurationError):
        generate([], **wrong)


def test_a_row_without_a_name_is_refused():
    with pytest.raises(DataError, match="recording_id"):
        generate([{**MURMUR, "recording_id": None}])
