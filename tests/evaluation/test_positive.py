"""Which class is positive: named, never the one whose name sorts last."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from hf_auscult.cli import main
from hf_auscult.data import DATASETS
from hf_auscult.data.from_folder import from_folder
from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.runner import BenchmarkSettings, evaluate
from hf_auscult.evaluation.task import BenchmarkTask, read_tasks

METRICS = ("auroc", "f1", "precision", "recall")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The same 60 people under two pairs of names: the ill class sorts first in one and last in the other."""
    root = tmp_path_factory.mktemp("positive")
    folder = root / "in"
    folder.mkdir()
    rng = np.random.default_rng(0)
    ill = rng.permutation(60) < 20
    for row in range(60):
        sound = rng.standard_normal(4_000) * (0.1 if ill[row] else 0.06)
        soundfile.write(folder / f"{row}.wav", sound, 4_000)
    for name, names in {"first": ("abnormal", "normal"), "last": ("wheeze", "healthy")}.items():
        lines = [f"{row}.wav,p{row},{names[0] if ill[row] else names[1]}" for row in range(60)]
        (folder / "metadata.csv").write_text("\n".join(["path,subject_id,label", *lines]))
        for suffix, positive in (("", ""), ("_named", names[0])):
            output = root / (name + suffix) / "own"
            from_folder(folder, output, name="own", organ="lung", positive=positive, progress=False)
    return root


def scored(root, positive="", output=None):
    spec = BenchmarkTask("own", "T1", "Sound", "own", "label", METRICS, positive=positive)
    settings = BenchmarkSettings(root, output, root / "cache", draws=100)
    return evaluate("logmel", spec, root=root, settings=settings, progress=False).tasks[0]


def figures(of_task):
    return {name: (figure.value, figure.low, figure.high) for name, figure in of_task.results[0].figures.items()}


def test_names_do_not_change_figures(root):
    first, last = scored(root / "first", "abnormal"), scored(root / "last", "wheeze")
    assert (first.positive, last.positive) == ("abnormal", "wheeze")
    assert figures(first) == figures(last)
    assert first.counts["test"].positive_people == last.counts["test"].positive_people < first.counts["test"].people / 2
    healthy = scored(root / "first", "normal")
    assert figures(healthy)["recall"] != figures(first)["recall"]
    assert figures(healthy)["auroc"][0] == pytest.approx(figures(first)["auroc"][0])  # the same ranking, seen backwards


def test_the_dataset_can_name_it(root):
    named = scored(root / "first_named")
    assert named.positive == "abnormal" and figures(named) == figures(scored(root / "first", "abnormal"))
    card = (root / "first_named" / "own" / "README.md").read_text()
    assert "(positive = abnormal)" in card and "positive =" not in (root / "first" / "own" / "README.md").read_text()


@pytest.mark.parametrize(("named", "positive"), [("first", ""), ("last", ""), ("first", "murmur")])
def test_refused_before_anything_is_encoded(root, named, positive):
    with pytest.raises(ConfigurationError) as refusal:
        scored(root / named, positive)
    names = ("abnormal", "normal") if named == "first" else ("wheeze", "healthy")
    assert all(f"'{name}'" in str(refusal.value) for name in names)


def test_tables_and_results_say_it(root, tmp_path):
    scored(root / "last", "wheeze", tmp_path)
    assert "(positive = wheeze)" in (tmp_path / "README.md").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["tasks"][0]["positive"] == "wheeze"


def test_bench_names_both_classes(root, tmp_path, capsys):
    (tmp_path / "own.yaml").write_text("{title: Sound, dataset: own, config: label}")
    command = ["bench", str(tmp_path / "own.yaml"), "--model", "logmel", "--data-root", str(root / "first")]
    assert main([*command, "--output", str(tmp_path / "out")]) != 0
    error = capsys.readouterr().err
    assert "positive: abnormal" in error and "positive: normal" in error


def test_yes_is_text_not_a_truth_value(tmp_path):
    (tmp_path / "own.yaml").write_text("{title: Sound, dataset: own, config: label, positive: yes}")
    with pytest.raises(ConfigurationError, match="quotes"):
        read_tasks(tmp_path / "own.yaml")


def test_prepare_refuses_a_class_that_is_not_there(root):
    with pytest.raises(ConfigurationError, match="murmur"):
        from_folder(root / "in", root / "no", name="no", organ="lung", positive="murmur", progress=False)


def test_every_task_of_two_classes_here_names_it():
    tasks = [one for spec in DATASETS.values() for one in spec.tasks if one.target == "class" and len(one.classes) == 2]
    assert len(tasks) > 20
    for one in tasks:
        assert one.positive == one.classes[1], one.name
