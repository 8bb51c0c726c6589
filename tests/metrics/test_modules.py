from __future__ import annotations

import doctest
import inspect
import json
from dataclasses import replace
from types import SimpleNamespace

import evaluate
import numpy as np
import pytest
import yaml

from hf_auscult import metrics
from hf_auscult.errors import ConfigurationError
from hf_auscult.hub.metric_space import write_modules
from hf_auscult.metrics import auroc, bidirectional_retrieval, person_interval, retrieval_intervals
from hf_auscult.metrics.page import compute_from_json

NAMES = metrics.metric_names()


@pytest.fixture(scope="module")
def spaces(tmp_path_factory):
    """Every metric as it is sent to the Hub."""
    root = tmp_path_factory.mktemp("spaces")
    assert write_modules(root) == [root / name for name in NAMES]
    return root


@pytest.fixture(scope="module")
def load(spaces):
    """Load a written module, as a downloaded Space would be."""
    return lambda name: evaluate.load(str(spaces / name))


def _cohort():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(40), 3)
    y = (np.arange(40) % 2)[who]
    return y, y + rng.standard_normal(120), who


def test_auroc_ci_is_the_package_function(load):
    y, score, who = _cohort()
    expected = person_interval(auroc, y, score, subjects=who.astype(str))
    people = [f"{number}" for number in who]
    result = load("auroc_ci").compute(predictions=score, references=y, subjects=people)
    assert (result["auroc"], result["low"], result["high"]) == (expected.value, expected.low, expected.high)
    assert (result["subjects"], result["positives"], result["reason"]) == (40, 20, None)
    json.dumps(result)


def test_auroc_ci_in_batches_and_with_one_class(load):
    y, score, who = _cohort()
    metric = load("auroc_ci")
    for part in np.array_split(np.arange(120), 4):
        metric.add_batch(predictions=score[part], references=y[part], subjects=who[part].astype(str).tolist())
    assert metric.compute()["auroc"] == auroc(y, score)
    with pytest.raises(ValueError, match="every class"):
        metric.compute(predictions=[1.0] * 5, references=[1] * 5, subjects=list("abcde"))


def test_retrieval_recall_is_the_package_function(load):
    rng = np.random.default_rng(0)
    text = rng.standard_normal((40, 8)).astype(np.float32)[np.arange(60) % 40]
    audio = (text + rng.standard_normal((60, 8))).astype(np.float32)
    ids, groups, who = [f"t{i % 40}" for i in range(60)], ["a"] * 30 + ["b"] * 30, np.arange(60) // 3
    scores = bidirectional_retrieval(audio, text, text_ids=ids, groups=groups, ks=(1, 3))
    result = load("retrieval_recall").compute(
        predictions=audio, references=text, text_ids=ids, groups=groups, ks=(1, 3), subjects=who
    )
    assert {key: result[key] for key in ("audio_to_text", "text_to_audio", "chance", "n")} == scores.to_dict()
    expected = retrieval_intervals(scores, who)["text_to_audio"]["R@3"].to_dict()
    assert result["intervals"]["text_to_audio"]["R@3"] == expected
    json.dumps(result)
    assert "intervals" not in load("retrieval_recall").compute(predictions=audio, references=text)


def test_every_metric_of_the_plan_has_its_module():
    assert set(NAMES) == {
        "auroc_ci",
        "borda_count",
        "conformal_coverage",
        "debiased_cka",
        "ece",
        "f1_per_class",
        "icbhi_score",
        "mae_vs_mean",
        "operating_point",
        "physionet2016",
        "physionet2022",
        "retrieval_recall",
        "sprsound",
        "sprsound_events",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_documented_examples_hold(name, load):
    """The doctests of a Space, with its own folder in place of the hub."""
    text = load(name).info.inputs_description
    examples = doctest.DocTestParser().get_doctest(
        text, {"evaluate": SimpleNamespace(load=lambda path: load(path.removeprefix("auscult/")))}, name, None, 0
    )
    assert len(examples.examples) >= 2
    assert doctest.DocTestRunner(verbose=False).run(examples).failed == 0


def test_modules_are_the_package_functions(load):
    rng = np.random.default_rng(0)
    y, decided, p = rng.integers(0, 2, 60), rng.integers(0, 2, 60), np.round(rng.uniform(size=60), 2)
    words = [np.array(["normal", "crackle", "wheeze"])[rng.integers(0, 3, 60)].tolist() for _ in range(2)]
    assert (
        load("f1_per_class").compute(predictions=words[1], references=words[0])
        == metrics.class_scores(*words).to_dict()
    )
    assert (
        load("icbhi_score").compute(predictions=words[1], references=words[0], collapse=True)
        == metrics.icbhi_score(*words, collapse=True).to_dict()
    )
    found = load("operating_point").compute(predictions=p, references=y, threshold=0.4)
    assert found == metrics.operating_point(y, p, 0.4).to_dict()
    found = load("ece").compute(predictions=p, references=y, bins=7)
    assert found["ece"] == metrics.ece(y, p, bins=7)
    assert found["debiased_ece"] == metrics.debiased_ece(y, p, bins=7)
    assert found["ece_equal_width"] == metrics.ece(y, p, bins=7, binning="equal_width")
    assert (found["brier"], found["slope"]) == (metrics.brier(y, p), metrics.calibration_line(y, p).slope)
    who = (np.arange(60) // 2).astype(str).tolist()
    found = load("mae_vs_mean").compute(predictions=p, references=p + 1, subjects=who)
    assert found == metrics.regression_scores(p + 1, p, subjects=who).to_dict()
    table = rng.uniform(size=(4, 3))
    found = load("borda_count").compute(predictions=table, references=list("abcd"), higher_is_better=False)
    assert list(found.values()) == list(
        metrics.borda_count(table, tasks=list("abcd"), models=list("xyz"), higher_is_better=False).score().values()
    )
    left, right = (rng.standard_normal((60, 4)).astype(np.float32) for _ in range(2))
    found = load("debiased_cka").compute(predictions=left, references=right, groups=["a", "b"] * 30)
    assert (found["debiased_cka"], found["cka"]) == (metrics.debiased_cka(left, right), metrics.cka(left, right))
    assert found["within_groups"] == metrics.within_groups_debiased_cka(left, right, ["a", "b"] * 30)
    sets = np.column_stack([1 - decided, np.ones_like(decided)])
    found = load("conformal_coverage").compute(
        predictions=sets, references=y, subjects=who, groups=["m", "f"] * 29 + ["x"] * 2
    )
    report = metrics.conformal_coverage(y, sets, subjects=who, groups=["m", "f"] * 29 + ["x"] * 2)
    assert found["coverage"] == report.coverage.to_dict() and found["groups"]["x"]["coverage"] is None
    json.dumps(found)


def test_physionet2022_reads_the_vocabulary(load):
    metric = load("physionet2022")
    murmurs = ["Present", "Unknown", "Absent"]
    assert metric.compute(predictions=["Absent"] * 3, references=murmurs) == {"weighted_accuracy": 1 / 9}
    outcome = ["Abnormal", "Normal", "Normal"]
    found = metric.compute(predictions=["Normal", "Normal", "Abnormal"], references=outcome)
    assert found["weighted_accuracy"] == 1 / 7 and found["missed"] == 1
    priced = metric.compute(predictions=murmurs, references=outcome)
    assert priced == metrics.physionet2022_cost(outcome, murmurs).to_dict()
    with pytest.raises(ValueError, match="predicted"):
        metric.compute(predictions=["Abnormal"], references=["Present"])


@pytest.mark.parametrize("name", NAMES)
def test_each_folder_is_a_complete_space(name, load, spaces):
    folder = spaces / name
    header = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert header["title"] == name and header["sdk"] == "gradio" and {"evaluate", "metric"} <= set(header["tags"])
    assert (folder / header["app_file"]).is_file()
    needed = set((folder / "requirements.txt").read_text().split())
    assert {"evaluate", "numpy"} <= needed <= {"evaluate", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow"}
    for line in (folder / f"{name}.py").read_text().splitlines():
        assert not (line.startswith(("import ", "from ")) and "," in line), f"evaluate cannot parse: {line}"
    info = load(name).info
    assert info.description and info.inputs_description and info.citation and load(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained_and_every_output_exists(name):
    module = metrics.modules.module_of(name)
    arguments = {*module.inputs, *module.options}
    assert arguments == set(inspect.signature(module.compute).parameters)
    assert set(module.compute(**module.example)) <= set(module.output_names) or name == "borda_count"


@pytest.mark.parametrize("name", NAMES)
def test_the_page_computes_its_own_example(name, load, spaces):
    source = (spaces / name / "app.py").read_text()
    scope: dict[str, object] = {}
    exec(next(line for line in source.splitlines() if line.startswith("EXAMPLE")), scope)
    example = scope["EXAMPLE"]
    result = compute_from_json(load(name), *example)
    assert json.loads(json.dumps(result)) == result
    assert compute_from_json(metrics.load(name), *example) == result
    with pytest.raises(ValueError, match="predictions: not JSON"):
        compute_from_json(load(name), "1,2", *example[1:])
    with pytest.raises(ValueError, match="expected a list"):
        compute_from_json(load(name), "3", *example[1:])


@pytest.mark.parametrize("name", NAMES)
def test_the_page_builds(name, spaces):
    gradio = pytest.importorskip("gradio", reason="the page needs gradio, which every Space of that SDK has")
    import runpy

    scope = runpy.run_path(str(spaces / name / "app.py"))
    assert isinstance(scope["demo"], gradio.Interface)


def test_metrics_combine_with_each_other(load):
    both = evaluate.combine([load("operating_point"), load("ece")])
    found = both.compute(predictions=[0.1, 0.9, 0.8, 0.3], references=[0, 1, 0, 0])
    assert found["sensitivity"] == 1.0 and found["brier"] == pytest.approx(0.1875)


def test_a_metric_from_outside(tmp_path, monkeypatch):
    (tmp_path / "outside_metric.py").write_text(
        "from hf_auscult.metrics import MetricModule, register\n\n\n"
        "def peak(predictions, floor=0.0):\n    return {'peak': max(floor, *predictions)}\n\n\n"
        "register(MetricModule('peak', peak, {'predictions': ('float64', 'one number per recording')},\n"
        "                      {'predictions': [0.5, 1.5]}, 'Largest number', options={'floor': 'least value'}))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    known = dict(metrics.modules._modules())
    monkeypatch.setattr(metrics.modules, "_modules", lambda: known)
    import outside_metric

    assert metrics.load("peak").compute(predictions=[1.0, 2.0], floor=3) == {"peak": 3.0}
    (folder,) = write_modules(tmp_path / "spaces", ["peak"])
    assert evaluate.load(str(folder)).compute(predictions=[1.0, 2.0]) == {"peak": 2.0}
    assert (folder / "requirements.txt").read_text().split() == ["hf-auscult", "outside_metric"]
    assert "# {'peak': 1.5}" in (folder / "README.md").read_text()
    with pytest.raises(ConfigurationError, match="exists already"):
        metrics.register(outside_metric.register.__globals__["module_of"]("peak"))
    local = metrics.MetricModule("local", lambda predictions: {}, {"predictions": ("float64", "x")}, {}, "none")
    with pytest.raises(ConfigurationError, match="every input column"):
        metrics.register(local)
    metrics.register(replace(local, example={"predictions": [1.0]}))
    with pytest.raises(ConfigurationError, match="no test_a_metric_from_outside"):
        write_modules(tmp_path / "more", ["local"])
    with pytest.raises(ConfigurationError, match="no metric 'nothing'"):
        metrics.load("nothing")
