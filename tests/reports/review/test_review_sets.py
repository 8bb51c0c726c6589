"""A review of sets of reports: stratified, with sound of every kind, and scored when it is filled."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import datasets
import pytest

from hf_auscult.cli import main
from hf_auscult.data import prepare
from hf_auscult.errors import ConfigurationError
from hf_auscult.reports.generate_set import generate_set, plan_set
from hf_auscult.reports.report_set import read_set
from hf_auscult.reports.review import QUESTIONS
from hf_auscult.reports.review.review_sets import review_sets


@pytest.fixture(scope="module")
def folders(shared, tmp_path_factory) -> dict[str, tuple[Path, Path]]:
    """Name -> (prepared, set); CoughVID's slice is one ogg and one webm."""
    patch = pytest.MonkeyPatch()
    root = tmp_path_factory.mktemp("review")
    patch.setattr(datasets.config, "HF_DATASETS_CACHE", root / "cache")
    found = {}
    for name, source in (("icbhi", "icbhi2017"), ("coughvid", "coughvid")):
        found[name] = (root / name, root / f"{name}_reports")
        prepare(name, shared / "data" / source, found[name][0], progress=False)
        generate_set(plan_set(found[name][0]), found[name][1], progress=False)
    yield found
    patch.undo()


def test_a_review_is_written_and_scored(folders, tmp_path, capsys):
    prepared, sets = zip(*folders.values(), strict=True)
    arguments = ["reports", "review", *map(str, sets), "--n", "5", "--audio", *map(str, prepared)]
    assert main([*arguments, "--output", str(tmp_path / "review"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    with Path(found["sheet"]).open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    heard = len(read_set(folders["coughvid"][1]).rows)  # its webm needs the extra `codec`
    assert heard in (1, 2)
    assert sorted(row["dataset"] for row in rows) == ["coughvid"] * heard + ["icbhi"] * (5 - heard)
    page = Path(found["page"]).read_text("utf-8")
    assert page.count("data:audio/") == 5 and "http://" not in page.replace("http://www.w3.org", "")
    assert main(["reports", "score", found["sheet"]]) == 2
    assert "not fully answered" in capsys.readouterr().err
    with Path(found["sheet"]).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        for place, row in enumerate(rows):
            writer.writerow(row | dict.fromkeys(QUESTIONS, "yes") | {"unsupported_detail": "no" if place else "yes"})
    assert main(["reports", "score", found["sheet"]]) == 0
    text = capsys.readouterr().out
    assert "consistent with the metadata: 5 of 5 (100.0 %" in text and "adds unsupported detail: 1 of 5 (20.0 %" in text


def test_what_does_not_fit(folders, tmp_path):
    (prepared, reports), (other, _) = folders["icbhi"], folders["coughvid"]
    with pytest.raises(ConfigurationError, match="second set"):
        review_sets([reports, reports], 2, tmp_path)
    with pytest.raises(ConfigurationError, match="no set"):
        review_sets([reports], 2, tmp_path, prepared=[other])
    with pytest.raises(ConfigurationError, match="11 of 10"):
        review_sets([reports], 11, tmp_path, prepared=[prepared])
