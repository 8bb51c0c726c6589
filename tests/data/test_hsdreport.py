from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hf_auscult.data import dataset, load_prepared, prepare
from hf_auscult.errors import DataError

from . import heart_layouts as layouts

HSDREPORT = dataset("hsdreport")
read_rows = HSDREPORT.read


def write(root: Path, labels: list[str]) -> Path:
    lines = ["path,subject_id,label,report"]
    lines += [f"wav/{number:04d}.wav,C{number},{label},No shunt." for number, label in enumerate(labels)]
    root.mkdir(exist_ok=True)
    (root / "metadata.csv").write_text("\n".join(lines) + "\n")
    return root


def test_the_papers_counts(tmp_path: Path):
    task = HSDREPORT.task("normal_abnormal")
    labels = [label for label, count in task.paper[0].expected.items() for _ in range(count)]
    rows, lost = task.select(read_rows(write(tmp_path, [*labels, *[""] * 1385])).rows)
    assert Counter(task.classes[row["label"]] for row in rows) == task.paper[0].expected
    assert lost == {"None": 1385}


def test_prepared(tmp_path: Path):
    write(tmp_path / "in", ["Normal", "Abnormal", ""] * 10)
    for number in range(30):
        layouts.tone(tmp_path / "in" / "wav" / f"{number:04d}.wav")
    report = prepare("hsdreport", tmp_path / "in", tmp_path / "out", progress=False)
    assert report.written == 30 and any("30 of 2275" in warning for warning in report.warnings)
    part = load_prepared(report.output, "normal_abnormal")["train"]
    assert part.features["label"].names == ["Normal", "Abnormal"]
    assert set(part["device"]) == {"Littmann 3200"} and set(part["report"]) == {"No shunt."}


def test_labels_are_needed_and_known(tmp_path: Path):
    rows = read_rows(write(tmp_path, ["ill"])).rows
    with pytest.raises(DataError, match="'ill'"):
        HSDREPORT.task("normal_abnormal").select(rows)
    (tmp_path / "metadata.csv").write_text("path,subject_id\n1.wav,s\n")
    with pytest.raises(DataError, match="label"):
        read_rows(tmp_path)
