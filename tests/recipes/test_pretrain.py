"""Pre-training as a run: what it writes, whom it leaves out, that it goes on, and that the papers' files say theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoModel, TrainerCallback

import hf_auscult
from hf_auscult.data.trained_on import seen_in_training
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.recipes import pretrain as recipe
from hf_auscult.recipes.pretrain import PretrainConfig, load_config, pretrain
from hf_auscult.training.pretrain import PretrainingArguments
from tests.launched import two_processes

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "examples" / "configs"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "circor"
    hf_auscult.prepare("circor", ROOT / "examples" / "data" / "circor_sample", folder, progress=False)
    return folder


def settings(folder: Path, prepared: Path, **changes) -> dict:
    values = {
        "output": str(folder / "out"),
        "work": str(folder / "work"),
        "data": {"prepared": [str(prepared)]},
        "start": {
            "front_end": "heart",
            "encoder": {
                "model_type": "opera-ce",
                "network": "cnn",
                "conv_channels": [4, 8],
                "convs_per_block": 1,
                "minimum_frames": 8,
                "pooling": "band_mean_std",
                "projection_size": 16,
                "similarity": "cosine",
            },
        },
        "views": {"frames": 32, "across": 0.5},
        "training": {
            "max_steps": 4,
            "per_device_train_batch_size": 8,
            "learning_rate": 1e-3,
            "epoch_decay": 0.0,
            "logging_steps": 2,
            "save_steps": 2,
            "use_cpu": True,
        },
    }
    return {**values, **changes}


def written(folder: Path, values: dict) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "run.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


def train_people(prepared: Path) -> list[str]:
    from hf_auscult.data import load_prepared

    return sorted(set(load_prepared(prepared, "recordings")["train"]["subject_id"]))


def test_a_run_writes_a_folder_that_loads(prepared, tmp_path):
    people = train_people(prepared)
    data = {"prepared": str(prepared), "exclude_people": [people[0], people[1].partition(":")[2]]}
    result = pretrain(written(tmp_path, settings(tmp_path, prepared, data=data)), command="typed", progress=False)
    out = tmp_path / "out"
    assert result.people["circor"]["train"] == len(people) - 2
    assert result.excluded > 0
    assert {"eval_loss_circor", "eval_accuracy_circor"} <= set(result.last)
    assert seen_in_training(out, "circor", people) == len(people) - 2
    assert seen_in_training(out, "circor", people[:2]) == 0
    model = AutoModel.from_pretrained(out)
    assert model.config.weights_origin == []
    row = hf_auscult.embed(str(out), [str(next((ROOT / "examples/data/circor_sample").rglob("*_AV.wav")))])
    assert row.shape == (1, model.config.pooled_size)
    assert {"README.md", "pretraining.png", "segments.png", "training_people.json"} <= {f.name for f in out.iterdir()}
    assert json.loads((out / "results.json").read_text())["command"] == "typed"
    assert "by `typed`" in (out / "README.md").read_text()
    assert str(tmp_path) not in (out / "results.json").read_text()


class Kill(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 3:
            raise KeyboardInterrupt


def test_a_stopped_run_goes_on_to_the_same_weights(prepared, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    pretrain(written(whole, settings(whole, prepared)), progress=False)
    with pytest.raises(ConfigurationError, match="--overwrite"):  # finished, and replaced only when asked
        pretrain(written(whole, settings(whole, prepared)), progress=False)
    trainer = recipe._trainer

    def killed(*args):
        run = trainer(*args)
        run.add_callback(Kill())
        return run

    file = written(broken, settings(broken, prepared))
    monkeypatch.setattr(recipe, "_trainer", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(file, progress=False)
    monkeypatch.setattr(recipe, "_trainer", trainer)
    assert not (broken / "out").exists()
    pretrain(file, progress=False)
    ours, theirs = (AutoModel.from_pretrained(folder / "out").state_dict() for folder in (whole, broken))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def test_a_trained_folder_is_gone_on_from(prepared, tmp_path):
    """In-domain continuation: the start's weights, front end and people are carried on."""
    first = tmp_path / "first"
    pretrain(written(first, settings(first, prepared)), progress=False)
    start = {"checkpoint": str(first / "out")}
    training = {**settings(first, prepared)["training"], "max_steps": 1, "learning_rate": 0.0}
    again = settings(tmp_path, prepared, start=start, training=training)
    pretrain(written(tmp_path, again), progress=False)
    ours, theirs = (AutoModel.from_pretrained(folder / "out") for folder in (first, tmp_path))
    names = [name for name, _ in ours.named_parameters()]
    assert all(torch.equal(ours.get_parameter(name), theirs.get_parameter(name)) for name in names)
    assert (tmp_path / "out" / "training_people.json").read_text() == (
        first / "out" / "training_people.json"
    ).read_text()


def test_mistakes_are_named(prepared, tmp_path):
    def run(**changes):
        return pretrain(written(tmp_path, settings(tmp_path, prepared, **changes)), progress=False)

    with pytest.raises(DataError, match="nobody"):
        run(data={"prepared": [str(prepared)], "exclude_people": ["nobody"]})
    with pytest.raises(ConfigurationError, match="no pre-training objective"):
        run(start={"front_end": "heart", "encoder": {"model_type": "vggish"}})
    with pytest.raises(ConfigurationError, match="did you mean max_steps"):
        run(training={"max_step": 3})
    with pytest.raises(ConfigurationError, match="across"):
        run(views={"across": 2.0})


OPERA = {"scale": "recording", "padding": "zero", "mask_start_rate": 0.1, "mask_continue_rate": 0.2, "loudness": 0.1}
ADAM = {"learning_rate": 1e-4, "weight_decay": 0.0, "epoch_decay": 0.99}
#: OPERA (arXiv:2406.16148; src/pretrain), AuscultaBase (section 4.2 and appendix): every number that they give.
PUBLISHED = {
    "opera_ct": (
        "opera-ct",
        {**OPERA, "frames": {"hf_lung": 200, "covid19_sounds/breath": 200, "uk_covid19/breath": 100, "default": 50}},
        {**ADAM, "per_device_train_batch_size": 128, "num_train_epochs": 250},
        {"projection_size": 512, "similarity": "bilinear", "embed_size": 96},
    ),
    "opera_ce": (
        "opera-ce",
        {**OPERA, "frames": {"hf_lung": 200, "covid19_sounds/breath": 200, "uk_covid19/breath": 100, "default": 50}},
        {**ADAM, "per_device_train_batch_size": 128, "num_train_epochs": 150},
        {"projection_size": 512, "similarity": "bilinear", "network": "efficientnet", "drop_connect_rate": 0.1},
    ),
    "opera_gt": (
        "opera-gt",
        {
            "scale": "recording",
            "padding": "zero",
            "mask_start_rate": 0.0,
            "loudness": 0.0,
            "frames": {"hf_lung": 256, "covid19_sounds/breath": 256, "uk_covid19/breath": 128, "default": 64},
        },
        {**ADAM, "per_device_train_batch_size": 64},
        {
            "mask_ratio": 0.7,
            "decoder_view": "published",
            "reconstruction_target": "raw",
            "hidden_size": 384,
            "num_hidden_layers": 12,
            "patch_size": 4,
            "decoder_num_hidden_layers": 16,
        },
    ),
    "auscultabase": (
        "auscultabase",
        {**OPERA, "frames": {"korean": 10, "bowel": 10, "default": 20}, "stripes": 1},
        {**ADAM, "num_train_epochs": 200},
        {"projection_size": 512, "similarity": "bilinear"},
    ),
    "audiomae": (
        "audiomae",
        {"padding": "zero", "frames": 1024},
        {"num_train_epochs": 33, "learning_rate": 4e-4, "weight_decay": 1e-4, "adam_beta2": 0.95, "epoch_decay": 0.0},
        {"mask_ratio": 0.8, "norm_pix_loss": True, "hidden_size": 768, "patch_size": 16},
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_recipes_field_by_field(name, tmp_path):
    from transformers import AutoConfig

    model_type, views, training, encoder = PUBLISHED[name]
    config = load_config(CONFIGS / f"pretrain_{name}.yaml")
    assert config.start.front_end == ("audiomae" if name == "audiomae" else "opera")
    assert config.start.checkpoint is None
    assert {key: getattr(config.views, key) for key in views} == views
    assert config.views.across == 0.0
    args = PretrainingArguments(str(tmp_path), use_cpu=True, **config.training)
    assert {key: getattr(args, key) for key in training} == training
    values = dict(config.start.encoder)
    assert values.pop("model_type") == model_type
    built = AutoConfig.for_model(model_type, **values)
    assert {key: getattr(built, key) for key in encoder} == encoder


def test_shipped_files_are_read():
    names = {file.stem for file in CONFIGS.glob("pretrain_*.yaml")}
    assert {"pretrain_heart", "pretrain_continue", *(f"pretrain_{name}" for name in PUBLISHED)} <= names
    for name in names:
        assert isinstance(load_config(CONFIGS / f"{name}.yaml"), PretrainConfig)


@pytest.mark.slow
def test_two_processes_pretrain_one_model(prepared, tmp_path):
    values = settings(tmp_path, prepared)
    values["training"] |= {"per_device_train_batch_size": 4, "batch_norm": "synchronised"}
    done = two_processes("pretrain.py", written(tmp_path, values))
    assert done.returncode == 0, done.stderr[-3000:]
    history = json.loads((tmp_path / "out" / "results.json").read_text())["history"]
    assert [entry["step"] for entry in history if "loss" in entry] == [2, 4]
    assert AutoModel.from_pretrained(tmp_path / "out").config.network == "cnn"
