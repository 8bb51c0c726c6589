from __future__ import annotations

from pathlib import Path

from hf_auscult.data import load_prepared, prepare

from . import heart_layouts as layouts


def test_prepared_without_a_label(tmp_path: Path):
    lines = [f"{number}.wav,X{number // 2},{'Aortic' if number % 2 else 'Erb'},{number % 9}" for number in range(20)]
    (tmp_path / "metadata.csv").write_text("\n".join(("path,subject_id,site,age", *lines)))
    for number in range(20):
        layouts.tone(tmp_path / f"{number}.wav")
    report = prepare("xh_heartsound", tmp_path, tmp_path / "out", progress=False)
    assert list(report.configs) == ["recordings"] and report.written == 20
    parts = load_prepared(report.output, "recordings")
    assert {site for part in parts.values() for site in part["site"]} == {"aortic", "other"}
    assert any("20 of 8377" in warning for warning in report.warnings)
