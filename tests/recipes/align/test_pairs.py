"""A set of reports in place of the templates: whose texts are used, and who is left out."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from hf_auscult.data import prepare
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.recipes.align.config import DataConfig, ReportsConfig
from hf_auscult.recipes.align.pairs import Corpus, keep_reported, load_corpus, make_reports, source_of
from hf_auscult.reports.generate_set import ReportSettings, generate_set, plan_set
from hf_auscult.reports.generators import Failed, TemplateGenerator

SAMPLE = Path(__file__).resolve().parents[3] / "examples" / "data" / "circor_sample"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    patch = pytest.MonkeyPatch()
    patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    folder = tmp_path_factory.mktemp("prepared") / "circor"
    prepare("circor", SAMPLE, folder, progress=False)
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def corpus(prepared) -> Corpus:
    return load_corpus(DataConfig(prepared=str(prepared)), prepared, 4_000)


class Forgetful(TemplateGenerator):
    """Fails on both draws of every fifth recording, and on the second draw of every third."""

    name = "template"

    def write(self, requests):
        for place, outcome in super().write(requests):
            recording, draw = divmod(place, 2)
            fails = recording % 5 == 0 or (recording % 3 == 0 and draw)
            yield place, Failed("refused", "no") if fails else outcome


def test_recordings_without_a_report_are_left_out_and_counted(prepared, corpus, tmp_path):
    job = plan_set(prepared, ReportSettings(mask="paper", task="murmur", draws=2))
    generate_set(job, tmp_path / "set", Forgetful(), progress=False)
    config = ReportsConfig(mask="paper", folder=str(tmp_path / "set"))
    kept, left_out = keep_reported(corpus, config, "murmur")
    reports = make_reports(kept, config, "paper", "murmur")
    failed = {str(row["recording_id"]) for place, row in enumerate(job.source.rows) if place % 5 == 0}
    assert {one.recording_id for one in kept.recordings} == {one.recording_id for one in corpus.recordings} - failed
    assert sum(left_out.values()) == len(corpus.recordings) - len(kept.recordings) > 0
    assert source_of(config) == {"folder": config.folder, "generator": {"generator": "template"}}
    context = make_reports(kept, config, "context", "murmur")  # the control is written by the templates as ever
    assert len(context) == len(kept.recordings) and {len(group) for group in context} == {config.draws}
    assert {len(group) for group in reports} == {2}
    for recording, group in zip(kept.recordings, reports, strict=True):
        assert {report.recording_id for report in group} == {recording.recording_id}
        assert all(report.text.strip() for report in group)
    repeated = [group for group in reports if group[0] == group[1]]
    assert 0 < len(repeated) < len(reports)


def test_without_a_set_nobody_is_left_out(corpus):
    assert keep_reported(corpus, ReportsConfig(), "murmur") == (corpus, {"train": 0, "validation": 0, "test": 0})


def test_sets_that_do_not_fit(shared, prepared, corpus, tmp_path):
    with pytest.raises(DataError, match="not a set"):
        keep_reported(corpus, ReportsConfig(folder=str(prepared)), "murmur")
    generate_set(plan_set(prepared, ReportSettings(mask="strict")), tmp_path / "strict", progress=False)
    with pytest.raises(ConfigurationError, match="mask strict"):
        keep_reported(corpus, ReportsConfig(folder=str(tmp_path / "strict")), "murmur")
    generate_set(
        plan_set(prepared, ReportSettings(mask="strict", task="outcome")), tmp_path / "outcome", progress=False
    )
    with pytest.raises(ConfigurationError, match="label of outcome"):
        keep_reported(corpus, ReportsConfig(mask="strict", folder=str(tmp_path / "outcome")), "murmur")
    prepare("icbhi", shared / "data" / "icbhi2017", tmp_path / "icbhi", progress=False)
    generate_set(plan_set(tmp_path / "icbhi"), tmp_path / "set", progress=False)
    with pytest.raises(ConfigurationError, match="icbhi"):
        keep_reported(corpus, ReportsConfig(folder=str(tmp_path / "set")), "murmur")
