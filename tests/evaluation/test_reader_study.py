"""A model beside readers, on a study with the paper's figures."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.evaluation.reader_study import read_scores, reader_study


@pytest.fixture
def study(tmp_path):
    """50 ill and 50 healthy children; readers find 19 of 50 and raise no alarm, the model 40 of 50 with 18 alarms."""
    lines = ["recording_id,subject_id,truth,reader,decision,age,sex"]
    for reader in range(5):
        for case in range(100):
            ill = case < 50
            found = ill and (case + 3 * reader) % 50 < 19
            facts = f"r{case},p{case},{'CHD' if ill else 'normal'}"
            lines.append(
                f"{facts},c{reader},{'CHD' if found else 'normal'},{0.5 if case % 2 else 4},{'fm'[case % 4 > 1]}"
            )
    file = tmp_path / "decisions.csv"
    file.write_text("\n".join(lines))
    scores = {f"r{case}": 0.9 if case < 40 or 50 <= case < 68 else 0.1 for case in range(100)}
    return file, scores


def test_the_papers_figures(study):
    file, scores = study
    found = reader_study(file, scores, positive="CHD", threshold=0.5, draws=100)
    assert (found.people, found.recordings) == (100, 100)
    rows = {(row.reader, row.group): row for row in found.rows}
    model, reader = rows["model", "everybody"].figures, rows["c0", "everybody"].figures
    assert [model[name].value for name in ("sensitivity", "specificity", "accuracy")] == [0.8, 0.64, 0.72]
    assert [reader[name].value for name in ("sensitivity", "specificity", "accuracy")] == [0.38, 1.0, 0.69]
    assert reader["specificity"].low < 1 == reader["specificity"].high
    point = rows["model", "everybody"].confusion
    assert (point.true_positive, point.false_negative, point.false_positive, point.true_negative) == (40, 10, 18, 32)
    assert {group for _, group in rows} == {"everybody", "age: <1", "age: 3-18", "sex: f", "sex: m"}
    gap = found.differences["c0"]
    assert gap["sensitivity"].value == pytest.approx(0.42) and gap["sensitivity"].low > 0
    assert gap["specificity"].value == pytest.approx(-0.36) and gap["specificity"].high < 0
    assert gap["accuracy"].low < 0.03 < gap["accuracy"].high
    over = found.readers["sensitivity"]
    assert over.value == pytest.approx(0.42) and over.readers == 5 and over.low > 0 and over.p_value < 0.001
    assert "positive = CHD" in found.table().markdown() and "40 / 10 / 18 / 32" in found.table().markdown()


def test_groups_of_few_people_of_a_class_are_refused(study):
    file, scores = study
    kept = [
        line for line in file.read_text().splitlines() if not line.startswith(tuple(f"r{n}," for n in range(2, 24)))
    ]
    file.write_text("\n".join(kept))
    rows = {(row.reader, row.group): row for row in reader_study(file, scores, positive="CHD", threshold=0.5).rows}
    assert set(rows["c0", "sex: f"].figures) == {"specificity"} and rows["c0", "sex: f"].confusion is not None
    assert set(rows["c0", "everybody"].figures) == {"sensitivity", "specificity", "accuracy"}


def test_comparisons_are_corrected_over_the_table(study, tmp_path, capsys):
    from hf_auscult.cli import main

    file, scores = study
    table = tmp_path / "scores.csv"
    table.write_text("recording_id,score\n" + "".join(f"{name},{score}\n" for name, score in scores.items()))
    assert read_scores(table) == scores
    comparison = reader_study(file, scores, positive="CHD", threshold=0.5).comparison()
    assert len(comparison.rows) == 5 * 3 + 3 and "18 comparisons" in comparison.header[-1]
    found = reader_study(file, scores, positive="CHD", threshold=0.5)
    raw = [gap.p_value for figures in found.differences.values() for gap in figures.values()]
    assert all(row[-1] >= p for row, p in zip(comparison.rows, raw, strict=False))
    arguments = ["readers", str(file), "--scores", str(table), "--positive", "CHD", "--threshold", "0.5"]
    assert main(arguments) == 0 and "readers like these" in capsys.readouterr().out
    with pytest.raises(DataError, match="recording_id and score"):
        read_scores(file)


def test_the_class_order_does_not_matter(study):
    file, scores = study
    turned = {name: -score for name, score in scores.items()}
    found = reader_study(file, turned, positive="normal", threshold=-0.5, draws=100)
    model = next(row for row in found.rows if (row.reader, row.group) == ("model", "everybody"))
    assert (model.figures["sensitivity"].value, model.figures["specificity"].value) == (0.64, 0.8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("reader,", "clinician,"), "reader"),
        (lambda text: text.rsplit("\n", 1)[0], "99 of 100"),
        (lambda text: text + "\n" + text.rsplit("\n", 1)[1], "twice"),
        (lambda text: text.replace("r0,p0,CHD,c1", "r0,p0,normal,c1"), "other facts"),
        (lambda text: text.replace("CHD", "VSD"), "every or no"),
        (lambda text: text.replace("CHD,c2,normal", "CHD,c2,Normal"), "'normal', 'Normal'"),
        (lambda text: text.replace("r7,p7,CHD,c2", "r7,p7,CHD,C2"), "'c2', 'C2'"),
        (lambda text: re.sub(r"(?m)^(r[04],.*),f$", r"\1,F", text), "'F', 'f'"),
    ],
)
def test_incomplete_studies_are_refused(study, change, message):
    file, scores = study
    file.write_text(change(file.read_text()))
    with pytest.raises(DataError, match=message):
        reader_study(file, scores, positive="CHD", threshold=0.5, draws=50)


def test_every_recording_needs_a_score(study):
    file, scores = study
    with pytest.raises(DataError, match="no score"):
        reader_study(file, dict(list(scores.items())[1:]), positive="CHD", threshold=0.5)


def test_one_reader_allows_no_claim_about_readers(study):
    file, scores = study
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line for number, line in enumerate(lines) if number <= 100))
    found = reader_study(file, scores, positive="CHD", threshold=0.5, draws=50)
    assert found.readers == {} and set(found.differences) == {"c0"}
    assert np.isfinite(found.differences["c0"]["accuracy"].value)
