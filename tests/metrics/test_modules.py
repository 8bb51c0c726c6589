from __future__ import annotations

import json
from pathlib import Path

import evaluate
import numpy as np
import pytest
import yaml

import hf_auscult.metrics
from hf_auscult.errors import DataError
from hf_auscult.metrics import auroc, bidirectional_retrieval, patient_bootstrap, retrieval_intervals
from hf_auscult.metrics.widget import compute_from_json

MODULES = Path(hf_auscult.metrics.__file__).parent / "modules"
NAMES = ["patient_auroc", "report_retrieval"]


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    """Load a module from a copy outside the package, as a downloaded Space would be."""
    import shutil

    root = tmp_path_factory.mktemp("spaces")

    def from_copy(name: str):
        folder = root / name
        if not folder.exists():
            shutil.copytree(MODULES / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
        return evaluate.load(str(folder))

    return from_copy


def _cohort():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(40), 3)
    y = (np.arange(40) % 2)[who]
    return y, y + rng.standard_normal(120), who


def test_patient_auroc_is_the_package_function(load):
    y, score, who = _cohort()
    expected = patient_bootstrap(auroc, y, score, subjects=who.astype(str), draws=200, seed=3)
    result = load("patient_auroc").compute(
        predictions=score, references=y, subjects=[f"{number}" for number in who], draws=200, seed=3
    )
    assert (result["auroc"], result["low"], result["high"]) == (expected.value, expected.low, expected.high)
    assert (result["subjects"], result["positives"], result["draws"]) == (40, 20, 200)
    json.dumps(result)


def test_patient_auroc_in_batches_and_with_one_class(load):
    y, score, who = _cohort()
    metric = load("patient_auroc")
    for part in np.array_split(np.arange(120), 4):
        metric.add_batch(predictions=score[part], references=y[part], subjects=who[part].astype(str).tolist())
    assert metric.compute(draws=50)["auroc"] == auroc(y, score)
    with pytest.raises(DataError, match="every class"):
        metric.compute(predictions=[1.0] * 5, references=[1] * 5, subjects=list("abcde"))


def test_report_retrieval_is_the_package_function(load):
    rng = np.random.default_rng(0)
    text = rng.standard_normal((40, 8)).astype(np.float32)[np.arange(60) % 40]
    audio = (text + rng.standard_normal((60, 8))).astype(np.float32)
    ids, groups, who = [f"t{i % 40}" for i in range(60)], ["a"] * 30 + ["b"] * 30, np.arange(60) // 3
    scores = bidirectional_retrieval(audio, text, text_ids=ids, groups=groups, ks=(1, 3))
    result = load("report_retrieval").compute(
        predictions=audio, references=text, text_ids=ids, groups=groups, ks=(1, 3), subjects=who, draws=50
    )
    assert {key: result[key] for key in ("audio_to_text", "text_to_audio", "chance", "n")} == scores.to_dict()
    expected = retrieval_intervals(scores, who, draws=50)["text_to_audio"]["R@3"].to_dict()
    assert result["intervals"]["text_to_audio"]["R@3"] == expected
    json.dumps(result)
    assert "intervals" not in load("report_retrieval").compute(predictions=audio, references=text)


@pytest.mark.parametrize("name", NAMES)
def test_each_folder_is_a_complete_space(name, load):
    folder = MODULES / name
    header = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert header["title"] == name and header["sdk"] == "gradio" and {"evaluate", "metric"} <= set(header["tags"])
    assert (folder / header["app_file"]).is_file()
    assert "hf-auscult" in (folder / "requirements.txt").read_text().split()
    for line in (folder / f"{name}.py").read_text().splitlines():
        assert not (line.startswith(("import ", "from ")) and "," in line), f"evaluate cannot parse: {line}"
    info = load(name).info
    assert info.description and info.inputs_description


@pytest.mark.parametrize("name", NAMES)
def test_the_page_computes_its_own_example(name, load):
    source = (MODULES / name / "app.py").read_text()
    scope: dict[str, object] = {}
    exec(next(line for line in source.splitlines() if line.startswith("EXAMPLES")), scope)
    for example in scope["EXAMPLES"]:
        result = compute_from_json(load(name), *example)
        assert json.loads(json.dumps(result)) == result
    with pytest.raises(DataError, match="predictions: not JSON"):
        compute_from_json(load(name), "1,2", *example[1:])
    with pytest.raises(DataError, match="expected a list"):
        compute_from_json(load(name), "3", *example[1:])


@pytest.mark.parametrize("name", NAMES)
def test_the_page_builds(name, load, monkeypatch):
    gradio = pytest.importorskip("gradio", reason="the page needs gradio, which every Space of that SDK has")
    import runpy

    scope = runpy.run_path(str(MODULES / name / "app.py"))
    assert isinstance(scope["demo"], gradio.Interface)
