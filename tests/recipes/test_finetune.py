"""Fine-tuning as a run: figures with intervals, models that load, events, further targets, the papers' settings."""

from __future__ import annotations

import ast
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import AutoModelForAudioClassification, pipeline

import hf_auscult
from hf_auscult.audio import read
from hf_auscult.data.trained_on import FILE, seen_in_training, training_people
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.predictions import Predictions
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.models.opera import OperaCEConfig
from hf_auscult.models.opera.modeling_opera_ce import OperaCEModel
from hf_auscult.recipes.finetune import cross_table, event_scores, finetune, load_config
from hf_auscult.recipes.finetune_tables import TunedEncoder, finetune_tables, report
from hf_auscult.training.finetune import FinetuneArguments
from tests.launched import two_processes

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "examples" / "configs"
SAMPLE = ROOT / "examples" / "data" / "circor_sample"


def heart() -> dict:
    """A recording as the pipeline takes it without FFmpeg."""
    found = read(next(SAMPLE.rglob("*_AV.wav")), sampling_rate=4000)
    return {"raw": found.array, "sampling_rate": 4000}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    hf_auscult.prepare("circor", SAMPLE, folder / "circor", progress=False)
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("encoder")
    settings = {"network": "cnn", "conv_channels": (4, 8), "convs_per_block": 1, "pooling": "band_mean_std"}
    # Weights that began at random say so; silent ones are taken for the public ones of their kind.
    OperaCEModel(OperaCEConfig(**settings, minimum_frames=8, weights_origin=[])).save_pretrained(folder)
    windows = {"kind": "sliding", "seconds": 4.0, "padding": "repeat"}
    AuscultFeatureExtractor("heart", windows).save_pretrained(folder)
    return folder


def written(folder: Path, root: Path, encoder: Path, **changes) -> Path:
    folder.mkdir(exist_ok=True)
    tasks = folder / "tasks.yaml"
    tasks.write_text(
        yaml.safe_dump([{"title": "Murmur", "dataset": "circor", "config": "murmur", "metrics": ["auroc", "macro_f1"]}])
    )
    values = {
        "output": str(folder / "out"),
        "work": str(folder / "work"),
        "model": str(encoder),
        "root": str(root),
        "tasks": str(tasks),
        "train_seconds": 4.0,
        "bootstrap_draws": 50,
        "training": {
            "num_train_epochs": 2,
            "per_device_train_batch_size": 16,
            "learning_rate": 1e-3,
            "unfrozen_blocks": 1,
            "use_cpu": True,
        },
    }
    file = folder / "run.yaml"
    file.write_text(yaml.safe_dump({**values, **changes}))
    return file


def test_a_run_writes_figures_and_a_model(root, encoder, tmp_path):
    extra = [{"column": "age_group", "kind": "class"}]
    file = written(tmp_path, root, encoder, shares=[0.5, 1.0], seeds=[0, 1], extra_targets=extra)
    result = finetune(file, command="typed", progress=False)
    half, whole = result.rows
    assert half.people < whole.people
    assert whole.selected_on == "validation"
    assert whole.figures["auroc"].interval is not None
    assert 0 <= whole.extra["age_group"] <= 1
    assert all(name.startswith(("classifier.", "encoder.network.blocks.1.")) for name in whole.unfrozen)
    out = tmp_path / "out"
    (folder,) = [path for path in out.iterdir() if path.is_dir()]
    assert Predictions.read(folder / "predictions_1.parquet").runs.shape[0] == 2
    from hf_auscult.data import load_prepared

    people = set(load_prepared(root / "circor", "murmur")["train"]["subject_id"])
    assert seen_in_training(folder, "circor", people) == whole.people == len(people)
    assert AutoModelForAudioClassification.from_pretrained(folder).config.weights_origin == []
    answers = pipeline("audio-classification", model=str(folder))(heart(), top_k=2)
    assert len(answers) == 2
    content = json.loads((out / "results.json").read_text())
    assert content["rows"][1]["task"] == "tasks/T1"
    assert "| Murmur | 1 |" in (out / "README.md").read_text()
    assert str(tmp_path) not in (out / "results.json").read_text()


def test_an_adapter_is_saved_beside_the_merged_model(root, encoder, tmp_path):
    from peft import PeftModel

    training = {"num_train_epochs": 1, "per_device_train_batch_size": 16, "learning_rate": 1e-2, "use_cpu": True}
    finetune(
        written(tmp_path, root, encoder, adapter="lora", adapter_settings={"r": 2}, training=training), progress=False
    )
    (folder,) = [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    merged = AutoModelForAudioClassification.from_pretrained(folder).eval()
    base = AutoModelForAudioClassification.from_pretrained(encoder, num_labels=2)
    adapter = PeftModel.from_pretrained(base, folder / "adapter").merge_and_unload().eval()
    theirs = dict(adapter.named_parameters())
    for name, value in merged.named_parameters():
        np.testing.assert_allclose(value.detach(), theirs[name].detach(), atol=1e-6, err_msg=name)


def test_encoders_side_by_side(root, encoder, tmp_path):
    """Tables 7 and 8: linear and full, the paper's figures above ours, what is absent named, what is done kept."""
    tasks = [
        {"title": "Murmur", "dataset": "circor", "config": "murmur", "metrics": ["auroc"]},
        {"title": "COPD", "dataset": "resp_at_tr", "config": "copd_severity"},
    ]
    file = written(tmp_path, root, encoder)
    (tmp_path / "tasks.yaml").write_text(yaml.safe_dump(tasks))
    config = replace(load_config(file), training={**load_config(file).training, "num_train_epochs": 1})
    models, out = [str(encoder), "auscult/opera-ct"], tmp_path / "tables"
    tuned = {(e.title, e.method, e.model): e for e in finetune_tables(config, models, out, progress=False)}
    assert len(tuned) == 8
    linear, full = (tuned["Murmur", method, models[0]] for method in ("linear", "full"))
    assert linear.status == full.status == "done" and linear.trained and dict(full.figures)["auroc"][0] is not None
    content = [json.loads(path.read_text()) for path in sorted(out.glob("*/results.json"))]
    names = {run["config"]["training"]["unfrozen_blocks"]: set(run["rows"][0]["unfrozen"]) for run in content}
    assert all(name.startswith("classifier.") for name in names[0]) and len(names[-1]) > len(names[0])
    assert tuned["Murmur", "full", models[1]].status == "not run: weights absent"
    assert tuned["COPD", "full", models[0]].status == "not run: resp_at_tr is not prepared"
    again = finetune_tables(config, models, out, progress=False)
    assert [entry.figures for entry in again] == [entry.figures for entry in tuned.values()]
    assert not any(entry.trained for entry in again)
    # With the paper's encoders and tasks its figures stand there, too.
    figure = (("auroc", (0.9, 0.8, 0.95)),)
    ours = TunedEncoder("auscult/opera-ct", "auscultabench16/T14", "CinC", "full", "done", True, figure)
    absent = replace(ours, model="auscult/audiomae", status="not run: weights absent", figures=())
    text = report([ours, absent])
    assert "| CinC | full | paper | .961 ± .007 | .951 ± .007 |" in text
    assert "| CinC | full | here | .900 [.80, .95] | not run: weights absent |" in text
    settings = load_config(CONFIGS / "finetune_tables.yaml")
    whole = load_config(CONFIGS / "finetune_auscultabench.yaml")
    assert settings.training == {name: v for name, v in whole.training.items() if name != "unfrozen_blocks"}
    assert settings.seconds("hsdreport") == whole.seconds("hsdreport")


def test_the_published_protocol_chooses_on_test_and_says_so(root, encoder, tmp_path):
    from hf_auscult.data import load_prepared

    tasks, knowing = ["auscultabench16/T8"], shutil.copytree(encoder, tmp_path / "knowing")
    tested = set(load_prepared(root / "circor", "murmur_ternary")["test"]["subject_id"])
    (knowing / FILE).write_text(json.dumps(training_people("circor", tested)))
    result = finetune(written(tmp_path, root, knowing, tasks=tasks, protocol="published"), progress=False)
    assert any(
        f"trained on {len(tested)} of the {len(tested)} test people" in why for why in result.rows[0].contamination
    )
    assert "the encoder may know the test people" in (tmp_path / "out" / "README.md").read_text()
    assert result.rows[0].selected_on == "test"
    assert "epoch chosen on test" in (tmp_path / "out" / "README.md").read_text()


def test_mistakes_are_named(root, encoder, tmp_path):
    with pytest.raises(DataError, match="no recording has spo2"):
        finetune(written(tmp_path, root, encoder, extra_targets=[{"column": "spo2"}]), progress=False)
    with pytest.raises(ConfigurationError, match="unknown settings"):
        finetune(written(tmp_path, root, encoder, extra_targets=[{"name": "spo2"}]), progress=False)
    with pytest.raises(ConfigurationError, match="shares"):
        finetune(written(tmp_path, root, encoder, shares=[2.0]), progress=False)
    assert not (tmp_path / "out").exists()


def test_scores_of_events():
    """Of SPRSound's and ICBHI's events, by their challenges' definitions; of others, every class's sensitivity."""
    truth = np.array([0, 0, 1, 2])
    runs = np.eye(3)[[0, 1, 1, 0]][None]
    predictions = Predictions(tuple("abcd"), np.array(list("wxyz")), truth, runs, ("Normal", "Wheeze", "Crackle"))
    scores = event_scores(predictions)
    assert scores["sensitivity"] == scores["specificity"] == scores["average"] == 0.5
    assert scores["mean sensitivity"] == pytest.approx((0.5 + 1 + 0) / 3)
    others = event_scores(Predictions(predictions.keys, predictions.subjects, truth, runs, ("I", "E", "CAS")))
    assert set(others) == {"sensitivity I", "sensitivity E", "sensitivity CAS", "mean sensitivity"}


def test_the_table_across_datasets():
    def row(title, value):
        figure = {"value": value, "interval": {"low": value - 0.1, "high": value + 0.1}}
        return {"title": title, "share": 1.0, "figures": {"auroc": figure}}

    rows = [row("Coswara", 0.8), row("Coswara to CoughVID", 0.55), row("CoughVID", 0.6)]
    table = cross_table([{"rows": rows}])
    assert list(table.header) == ["trained on", "Coswara", "CoughVID"]
    assert [list(line) for line in table.rows] == [
        ["Coswara", "0.800 [0.70, 0.90]", "0.550 [0.45, 0.65]"],
        ["CoughVID", "–", "0.600 [0.50, 0.70]"],
    ]


#: AuscultaBase (section 4.3, finetune.py) and the COVID-19 report (arXiv:2511.14939): every number that they give.
PUBLISHED = {
    "auscultabench": {
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "step_decay": 0.99,
        "head_l2": 1e-5,
        "num_train_epochs": 64,
        "per_device_train_batch_size": 32,
        "per_device_eval_batch_size": 1,
        "max_grad_norm": 1.0,
        "unfrozen_blocks": -1,
        "select_on": "macro_f1",
    },
    "covid": {"learning_rate": 5e-6, "head_learning_rate": 5e-4, "unfrozen_blocks": 2},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_recipes_field_by_field(name, tmp_path):
    config = load_config(CONFIGS / f"finetune_{name}.yaml")
    args = FinetuneArguments(str(tmp_path), use_cpu=True, **config.training)
    assert {key: getattr(args, key) for key in PUBLISHED[name]} == PUBLISHED[name]
    assert len(config.seeds) == 3
    tasks = config.task_list()
    if name == "covid":
        assert {config.seconds(task.dataset) for task in tasks} == {4.0}
        assert {task.balanced for task in tasks} == {True, False}
        assert {task.trained_on for task in tasks} == {None, "coswara", "coughvid"}
    else:
        assert config.protocol == "published"
        assert len(tasks) == 16
        lengths = {task.dataset: config.seconds(task.dataset) for task in tasks}
        assert (lengths["icbhi"], lengths["hf_lung"], lengths["korean"], lengths["hsdreport"]) == (8, 2, 4, 75)


@pytest.mark.slow
def test_events_of_real_recordings(tmp_path, encoder):
    import os

    source = Path(os.environ.get("AUSCULT_SHARED", "")) / "data" / "sprsound"
    if not source.is_dir():
        pytest.skip("AUSCULT_SHARED does not name the recordings")
    hf_auscult.prepare("sprsound", source, tmp_path / "root" / "sprsound", progress=False)
    tasks = tmp_path / "events.yaml"
    tasks.write_text(
        yaml.safe_dump([{"title": "Events", "dataset": "sprsound", "config": "events_binary", "metrics": ["macro_f1"]}])
    )
    file = written(tmp_path, tmp_path / "root", encoder, tasks=str(tasks), train_seconds=1.0)
    result = finetune(file, progress=False)
    assert {"score", "average", "harmonic"} <= set(result.rows[0].event_scores)


def test_from_a_prepared_dataset_to_a_figure_with_plain_transformers(root, encoder, tmp_path, monkeypatch, capsys):
    """The example: `load_dataset`, extractor, `Trainer`, pipeline and `evaluate`, one after the other."""
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "cache"))
    import runpy

    example = runpy.run_path(str(ROOT / "examples" / "plain_trainer.py"))
    trainer = example["main"](
        str(encoder),
        str(root / "circor"),
        "murmur",
        str(tmp_path / "plain"),
        max_steps=2,
        use_cpu=True,
        disable_tqdm=True,
    )
    assert trainer.state.global_step == 2
    answers, figures = capsys.readouterr().out.strip().splitlines()[-2:]
    assert {answer["label"] for answer in ast.literal_eval(answers)} == {"Absent", "Present"}
    assert 0 <= float(ast.literal_eval(figures)["auroc"].split()[0]) <= 1
    lines = (ROOT / "examples" / "plain_trainer.py").read_text("utf-8").partition('"""Fine-tune')[2].splitlines()
    assert len(lines) <= 25, "a data set to a figure in 25 lines"


@pytest.mark.slow
def test_two_processes_train_one_model(root, encoder, tmp_path):
    """Half a batch each: the figures are those of one process with the whole batch, and only the first one writes."""
    for name, batch in (("one", 16), ("two", 8)):
        values = yaml.safe_load(written(tmp_path / name, root, encoder).read_text())
        # Of a last batch that is not full, processes share out more rows than there are.
        values["training"] |= {"per_device_train_batch_size": batch, "dataloader_drop_last": True}
        (tmp_path / name / "run.yaml").write_text(yaml.safe_dump(values))
    finetune(tmp_path / "one" / "run.yaml", progress=False)
    done = two_processes("finetune.py", tmp_path / "two" / "run.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (load_file(next((tmp_path / name / "out").glob("*/model.safetensors"))) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert not list((tmp_path / "two" / "work").rglob("checkpoint-*"))
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-5, rtol=1e-4)
