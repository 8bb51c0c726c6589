"""Whole benchmark runs on the bundled recordings."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

import hf_auscult
from hf_auscult.cli import main
from hf_auscult.data.trained_on import FILE, training_people
from hf_auscult.embedding.store import EmbeddingStore
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.rebuild import rebuild
from hf_auscult.evaluation.runner import BenchmarkSettings, run_benchmark
from hf_auscult.evaluation.shortcuts import METADATA, METADATA_AND_LEVEL
from hf_auscult.evaluation.suites import suite_of
from hf_auscult.evaluation.task import BenchmarkTask
from hf_auscult.files import MANIFEST
from tests.models import zoo


def bench(settings, tasks, models=("logmel",), command=""):
    return run_benchmark(models, tasks, settings, suite=tasks[0].suite, command=command, progress=False)


@pytest.fixture(scope="module")
def config(data_root, feature_cache, tmp_path_factory):
    output = tmp_path_factory.mktemp("out") / "results"
    return BenchmarkSettings(data_root, output, feature_cache, draws=200)


@pytest.fixture(scope="module")
def result(config):
    return bench(config, suite_of("auscultabench16"), models=("logmel", "logmel:heart"), command="a test")


def test_every_task_is_run_or_says_what_it_needs(result):
    run = {task.spec.number for task in result.tasks if not task.missing}
    assert run == {"T8", "T15"}  # the tasks on CirCor
    for task in result.tasks:
        if task.missing:
            assert f"hf-auscult prepare {task.spec.dataset} --source" in task.missing and "http" in task.missing
            assert not task.results
        else:
            assert {found.model for found in task.results} == {"log-mel statistics", "log-mel statistics (heart)"}
            assert [found.model for found in task.shortcuts] == [METADATA, METADATA_AND_LEVEL]
            assert {"sex", "loudness"} <= set(task.shortcut_columns)


def test_predictions_on_disk_give_the_figures(result, config):
    task = next(task for task in result.tasks if task.spec.number == "T15")
    for found in task.results:
        table = pq.read_table(config.output / found.predictions).to_pydict()
        scores = np.array(table["scores"])[:, 0, 1]
        figure = found.figures["auroc"]
        assert figure.value == pytest.approx(roc_auc_score(table["truth"], scores))
        assert figure.interval.subjects == len(set(table["subject_id"])) == task.counts["test"].people
        assert found.reliability.ece.value >= 0


def test_results_are_json_with_everything(result, config):
    stored = json.loads((config.output / "results.json").read_text())
    assert stored["schema"] == 2 and stored["command"] == "a test" and stored["models"]
    task = next(task for task in stored["tasks"] if task["spec"]["number"] == "T8")
    facts = task["data"]["circor"]
    assert len(facts["content_sha256"]) == len(facts["split_sha256"]) == 64 and facts["leaks"] is False
    assert task["differences"][0]["p_holm"] is not None
    assert stored["seconds"]["probes"] > 0


def test_tables_are_rebuilt_from_saved_predictions_without_models(result, config, tmp_path, capsys):
    copy = tmp_path / "run"
    copy.mkdir()
    shutil.copy(config.output / "results.json", copy)
    shutil.copytree(config.output / "predictions", copy / "predictions")
    again = rebuild(copy)
    for before, after in zip(result.tasks, again.tasks, strict=True):
        assert replace(after, results=(), differences=()) == replace(before, results=(), differences=())
        for old, new in zip(before.results, after.results, strict=True):
            for name, figure in old.figures.items():
                assert new.figures[name].value == pytest.approx(figure.value, abs=1e-12)
                assert new.figures[name].low == pytest.approx(figure.low, abs=1e-9)
            assert new.reliability == old.reliability and new.above_shortcut == old.above_shortcut
        assert [gap.p_holm for gap in after.differences] == pytest.approx([gap.p_holm for gap in before.differences])
    assert main(["tables", str(copy), "--output", str(tmp_path / "tables")]) == 0
    tables = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    printed = (config.output / "README.md").read_text().splitlines()
    assert len(tables) > 50 and tables == [line for line in printed if line.startswith("|")]
    assert main(["tables", str(copy), "--figure", str(tmp_path / "paper.pdf")]) == 0
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")
    # A figure follows its predictions, not what results.json says of it.
    file = copy / next(task for task in again.tasks if task.spec.number == "T15").results[0].predictions
    table = pq.read_table(file)
    turned = [[[row[0][1], row[0][0]]] for row in table["scores"].to_pylist()]
    pq.write_table(table.set_column(3, "scores", [turned]).replace_schema_metadata(table.schema.metadata), file)
    value = again.task("T15").results[0].figures["auroc"].value
    assert rebuild(copy).task("T15").results[0].figures["auroc"].value == pytest.approx(1 - value)
    file.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        rebuild(copy)


def test_report_and_pictures(result, config):
    text = (config.output / "README.md").read_text()
    assert "## Macro-F1, default protocol" in text and "2 of 7 tasks" not in text
    assert "0 of 7" not in text and "1 of 7 tasks" in text  # disease diagnosis: T15 alone
    for line in text.splitlines():
        for part in line.split("](")[1:]:
            name = part.split(")")[0]
            assert (config.output / name).is_file(), name
    assert (config.output / "plots" / "borda.png").is_file()
    listed = json.loads((config.output / MANIFEST).read_text())
    present = {path.relative_to(config.output).as_posix() for path in config.output.rglob("*") if path.is_file()}
    assert {*listed, MANIFEST} == present


def test_a_second_run_encodes_nothing_and_says_the_same(result, config, tmp_path, monkeypatch):
    def refuse(*args):
        raise AssertionError("encoded again")

    monkeypatch.setattr(EmbeddingStore, "write", refuse)
    tasks = [task for task in suite_of("auscultabench16") if task.number == "T15"]
    again = bench(replace(config, output=tmp_path), tasks, models=("logmel", "logmel:heart"))
    (task,) = again.tasks
    before = next(task for task in result.tasks if task.spec.number == "T15")
    for first, second in zip(before.results, task.results, strict=True):
        assert first.figures == second.figures


def test_a_model_that_knows_the_test_people_is_marked(config, data_root, tmp_path):
    folder = tmp_path / "opera"
    zoo.GT.model().save_pretrained(folder)
    zoo.GT.extractor().save_pretrained(folder)
    splits = [line.split(",") for line in (data_root / "circor" / "splits.csv").read_text().splitlines()]
    header = splits[0]
    people = {row[header.index("subject_id")] for row in splits[1:] if row[header.index("split")] == "test"}
    (folder / FILE).write_text(json.dumps(training_people("circor", people)))
    tasks = [task for task in suite_of("acula18") if task.number == "T17"]
    (task,) = bench(replace(config, output=tmp_path / "out"), tasks, models=(str(folder),)).tasks
    count = task.counts["test"].people
    assert task.results[0].contamination == (f"circor: trained on {count} of the {count} test people",)
    assert "‡" in (tmp_path / "out" / "README.md").read_text().split("## AUROC")[1]


def test_tasks_of_ones_own(config, tmp_path):
    own = BenchmarkTask("mine", "T1", "Murmur", "circor", "murmur", ("auroc", "f1"), scaling=True)
    (task,) = bench(replace(config, output=tmp_path), [own]).tasks
    assert set(task.results[0].figures) == {"auroc", "f1", "auroc_subject"}
    sizes = task.scaling["log-mel statistics"]
    assert list(sizes) == sorted(sizes) and max(sizes) == task.counts["train"].people
    assert sizes[max(sizes)].value == task.results[0].figures["auroc"].value


def test_balanced_over_age_group_and_sex(config, tmp_path):
    own = BenchmarkTask("mine", "T1", "Murmur", "circor", "murmur", ("auroc",), balanced=True)
    (task,) = bench(replace(config, output=tmp_path), [own]).tasks
    table = task.balance
    after = Counter()
    for row in table:
        after[row["split"], row["label"]] += row["after"]
        assert row["after"] <= row["before"]
    for part in ("train", "test"):
        assert after[part, "Absent"] == after[part, "Present"] > 0
    assert task.counts["test"].people == 2 * after["test", "Present"]
    assert not task.missing and task.results[0].figures["auroc"].value is not None


def test_refusals(config, result):
    with pytest.raises(ConfigurationError, match=r"already exists and is not empty.*--overwrite"):
        bench(config, suite_of("acula18"))
    config = replace(config, overwrite=True)
    with pytest.raises(ConfigurationError, match="one name"):
        bench(config, suite_of("acula18"), models=("logmel", "logmel"))
    with pytest.raises(ConfigurationError, match="no models"):
        bench(config, suite_of("acula18"), models=())
    with pytest.raises(ConfigurationError, match="protocols"):
        replace(config, protocols=("best",))


def test_a_model_a_task_and_nothing_on_disk(config, data_root, feature_cache, tmp_path):
    settings = BenchmarkSettings(data_root, cache=feature_cache, draws=50)
    file = tmp_path / "ward.yaml"
    file.write_text("title: Murmur here\ndataset: circor\nconfig: murmur\n")
    before = set(tmp_path.iterdir())
    for tasks in ("acula18/T17", ["acula18/T17"], file):
        result = hf_auscult.evaluate("logmel", tasks, root=data_root, settings=settings, progress=False)
        (task,) = result.tasks
        assert task.results[0].figures["auroc"].value > 0 and task.results[0].predictions is None
        assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["suite"] == task.spec.suite
    assert result.suite == "ward" and set(tmp_path.iterdir()) == before
    (whole,) = (
        hf_auscult.evaluate("logmel", name, root=data_root, settings=settings, progress=False) for name in ("acula18",)
    )
    assert len(whole.tasks) == 18 and whole.task("T17").results[0].figures["auroc"].value > 0
    published = hf_auscult.evaluate(
        "logmel", "acula18/T17", root=data_root, protocol="published", settings=settings, progress=False
    )
    assert published.tasks[0].results[0].protocol == "published"
    with pytest.raises(ConfigurationError, match="no task"):
        hf_auscult.evaluate("logmel", "acula18/T99", root=data_root)
    with pytest.raises(ConfigurationError, match="no task"):
        hf_auscult.evaluate("logmel", [], root=data_root)
