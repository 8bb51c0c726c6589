"""The main job end to end: what it writes, what the controls really change, and that it can be repeated."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

import hf_auscult
from hf_auscult.data.guards import bare_id, reserved_subjects
from hf_auscult.errors import ConfigurationError, LeakageError
from hf_auscult.metrics import holm
from hf_auscult.recipes.align import corpus as corpora
from hf_auscult.recipes.align.conditions import CONDITIONS, permutation, select
from hf_auscult.recipes.align.config import AlignConfig, DataConfig, StartConfig, load_config
from hf_auscult.recipes.align.train import ConditionTrainer
from hf_auscult.training import AlignmentArguments, AlignmentTrainer
from hf_auscult.training.resident import ResidentDataset
from tests.aligned import ROOT, settings
from tests.launched import two_processes

SAMPLE = ROOT / "examples" / "data" / "circor_sample" / "training_data"

VERBS = ("pretrain_", "finetune_", "matrix_")


def test_what_is_written(run_folder):
    folder, _ = run_folder
    output = folder / "auscult" / "acula-opera"
    names = {path.name for path in output.iterdir()}
    assert {"config.json", "model.safetensors", "preprocessor_config.json", "README.md", "results.json"} <= names
    assert {"loss_curves.png", "roc.png", "retrieval_example.png", "tokenizer.json"} <= names
    for plot in output.glob("*.png"):
        assert plot.read_bytes()[:4] == b"\x89PNG"
        assert plot.stat().st_size > 10_000
    assert not [path for path in output.parent.iterdir() if path.name.startswith(".")]
    assert not (folder / "work" / "training").exists()
    results = (output / "results.json").read_text()
    assert json.loads(results, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    for text in (results, (output / "README.md").read_text()):
        assert str(folder) not in text and str(ROOT) not in text


def test_every_condition_is_judged(run_folder):
    _, results = run_folder
    assert list(results["conditions"]) == list(CONDITIONS)
    for name, found in results["conditions"].items():
        for fraction in ("1.0", "0.1"):
            interval = found["probe"]["figures"][fraction]["recording"]["interval"]
            assert interval["low"] <= interval["value"] <= interval["high"]
            assert interval["subjects"] == found["probe"]["counts"]["test"]["people"]
        assert ("retrieval" in found) == (CONDITIONS[name].text is not None)
        assert ("history" in found) and bool(found["history"]) == (CONDITIONS[name].trained or name == "before")
    aligned = results["conditions"]["aligned"]["retrieval"]
    assert aligned["n"] == results["data"]["splits"]["test"]["recordings"]
    assert set(aligned["audio_to_text"]) == {"R@1", "R@5", "R@10", "median_rank"} == set(aligned["text_to_audio"])
    # The row "metadata" does not listen: nothing in it is measured on the waveform.
    columns = {name: set(found.get("columns", {}).get("used", ())) for name, found in results["baselines"].items()}
    level = {"duration", "loudness", "silence_ratio"}
    assert columns["metadata"] and not columns["metadata"] & level
    assert {"duration", "loudness"} <= columns["metadata_and_level"] - columns["metadata"] <= level
    gains = results["gains"]
    assert set(gains) == {*CONDITIONS, "log_mel_statistics", "metadata", "metadata_and_level"} - {"aligned"}
    value = {name: results["conditions"][name]["probe"]["figures"]["0.1"]["recording"]["value"] for name in CONDITIONS}
    assert gains["shuffled"]["0.1"]["value"] == pytest.approx(value["aligned"] - value["shuffled"])
    # Marks are corrected for all differences of the table together.
    cells = [(name, share) for name in gains for share in gains[name] if gains[name][share]["p_value"] is not None]
    corrected = holm([gains[name][share]["p_value"] for name, share in cells])
    assert [results["adjusted_p_values"][name][share] for name, share in cells] == pytest.approx(list(corrected))
    folder, _ = run_folder
    card = (folder / "auscult" / "acula-opera" / "README.md").read_text()
    for words in ("reports shuffled within label", "| metadata + recording level", "| chance", "| log-mel statistics"):
        assert words in card
    groups = results["conditions"]["aligned"]["subgroups"]
    assert {"female", "male"} <= {found["group"] for found in groups if found["attribute"] == "sex"}
    for found in groups:
        assert 0 < found["people"] <= results["data"]["splits"]["test"]["people"]
        assert (found["interval"] is None) == bool(found["refused"])
        assert f"| {found['attribute']}: {found['group']} | {found['people']} ({found['positives']}) |" in card
    assert all("subgroups" not in results["conditions"][name] for name in CONDITIONS if name != "aligned")


def test_conditions_differ_only_where_they_should(run_folder):
    """All trained conditions start at the same loss on the same batches; their text differs."""
    _, results = run_folder
    first = {
        name: found["history"][0]["reconstruction_loss"]
        for name, found in results["conditions"].items()
        if found["history"] and "reconstruction_loss" in found["history"][0] and name != "before"
    }
    assert set(first) == {condition.name for condition in CONDITIONS.values() if condition.trained}
    assert len({round(value, 5) for value in first.values()}) == 1, first
    losses = [results["conditions"][name]["history"][-1]["alignment_loss"] for name in ("aligned", "shuffled")]
    assert losses[0] != losses[1]


def test_people(run_folder):
    _, results = run_folder
    splits = results["data"]["splits"]
    assert sum(counts["people"] for counts in splits.values()) == results["data"]["people"] == 59
    assert sum(counts["recordings"] for counts in splits.values()) == 68


def test_the_card_s_snippet_runs_as_printed(run_folder):
    """In a fresh process, from the folder above the model, as a reader would."""
    folder, _ = run_folder
    card = (folder / "auscult" / "acula-opera" / "README.md").read_text()
    (snippet,) = re.findall(r"## Use\n.*?```python\n(.*?)```", card, flags=re.DOTALL)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "[1, 512]" in done.stdout
    front = yaml.safe_load(card.split("---")[1])
    assert front["license"] == "odc-by", "of the recordings, which binds more than the code's"
    (result,) = front["model-index"][0]["results"]
    assert result["metrics"][0]["args"]["people"] == 21 and "level" in result["metrics"][0]["args"]
    assert front["datasets"] == ["auscult/circor"] and front["language"] == ["en"] and "TRIPOD+AI" in card
    assert "not for diagnosis" in card
    assert "**21 held-out people**" in card


def test_zero_shot_pipeline(run_folder):
    from transformers import pipeline

    folder, _ = run_folder
    classify = pipeline("zero-shot-audio-classification", model=str(folder / "auscult" / "acula-opera"))
    from hf_auscult.audio import read

    wave = read(min(SAMPLE.glob("*.wav")), sampling_rate=4_000).array
    answers = classify(wave, candidate_labels=["a heart murmur", "no murmur"], hypothesis_template="{} is heard.")
    assert {answer["label"] for answer in answers} == {"a heart murmur", "no murmur"}
    assert sum(answer["score"] for answer in answers) == pytest.approx(1)
    assert answers[0]["score"] > answers[1]["score"]


def test_score_from_paths_and_sentences(run_folder):
    from transformers import AutoModel

    folder, _ = run_folder
    model = AutoModel.from_pretrained(folder / "auscult" / "acula-opera").eval()
    files = sorted(SAMPLE.glob("*.wav"))[:2]
    scores = model.score(files, ["A murmur is heard.", "No murmur is heard.", "A cough."])
    assert scores.shape == (2, 3)
    assert bool((scores.abs() <= 1).all())


@pytest.mark.slow
def test_the_same_file_gives_the_same_results(run_folder, tmp_path):
    """A second run, killed in the middle of a condition and started again, ends with the same figures and weights."""
    folder, results = run_folder
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings(tmp_path)))
    code = (
        "import sys, transformers\n"
        "from hf_auscult import align\n"
        "from hf_auscult.training import AlignmentTrainer\n"
        "class Kill(transformers.TrainerCallback):\n"
        "    def on_step_end(self, args, state, control, **kwargs):\n"
        "        if 'shuffled' in args.output_dir and state.global_step == 3: import os; os._exit(9)\n"
        "real = AlignmentTrainer.__init__\n"
        "def init(self, *args, **kwargs):\n"
        "    real(self, *args, **kwargs); self.add_callback(Kill())\n"
        "if sys.argv[2] == 'kill': AlignmentTrainer.__init__ = init\n"
        "align(sys.argv[1], progress=False)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    for mode, status in (("kill", 9), ("go on", 0)):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "run.yaml"), mode],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.returncode == status, done.stderr[-2000:]
        assert (tmp_path / "auscult" / "acula-opera").exists() == (status == 0)
    again = json.loads((tmp_path / "auscult" / "acula-opera" / "results.json").read_text())
    for name in CONDITIONS:
        ours, theirs = (r["conditions"][name] for r in (again, json.loads(json.dumps(results))))
        assert ours["probe"] == theirs["probe"], name
        assert ours.get("retrieval") == theirs.get("retrieval"), name
    for name in ("model.safetensors", "config.json", "preprocessor_config.json"):
        ours, theirs = ((base / "auscult" / "acula-opera" / name).read_bytes() for base in (tmp_path, folder))
        assert ours == theirs, name


@pytest.mark.slow
def test_two_processes_under_accelerate(tmp_path):
    """The launch line of the documentation: every stage of a run, on two processes that know of each other."""
    values = settings(tmp_path) | {"checks": ["shuffled", "label_supervision"]}
    values["training"] = {**values["training"], "per_device_train_batch_size": 4}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    done = two_processes("align.py", tmp_path / "run.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads((tmp_path / "auscult" / "acula-opera" / "results.json").read_text())
    assert results["processes"] == 2
    assert set(results["conditions"]) == {"untrained", "before", "aligned", "shuffled", "label_supervision"}


def test_permutations():
    labels = [0, 1, 0, 1, -100, 0, 1, 0]
    assert permutation(8, None, labels, 0).tolist() == list(range(8))
    shuffled = permutation(8, "all", labels, 0)
    assert sorted(shuffled) == list(range(8))
    assert shuffled.tolist() != list(range(8))
    within = permutation(8, "within_label", labels, 0)
    assert [labels[index] for index in within] == labels
    assert within.tolist() != list(range(8))
    assert np.array_equal(within, permutation(8, "within_label", labels, 0))


def test_reserved_people_never_enter_a_run(run_folder, monkeypatch):
    """A person who becomes reserved after the data were prepared stops the run, or is left out of the test split."""
    folder, _ = run_folder
    prepared = folder / "work" / "prepared" / "circor"
    config = DataConfig(prepared=str(prepared), fractions={"train": 0.5, "validation": 0.15, "test": 0.35})
    corpus = corpora.load_corpus(config, [prepared], 4_000)
    by_split = {split: {corpus.recordings[i].subject_id for i in corpus.rows(split)} for split in ("train", "test")}
    assert not any(bare_id(person, "circor") in reserved_subjects("circor") for person in by_split["train"])

    judged = min(by_split["test"])
    from hf_auscult.data import guards

    monkeypatch.setattr(guards, "reserved_subjects", lambda _: frozenset({bare_id(judged, "circor")}))
    fewer = corpora.load_corpus(config, [prepared], 4_000)
    assert len(fewer.people("test")) == len(by_split["test"]) - 1
    everyone = corpora.load_corpus(DataConfig(prepared=str(prepared), locked=True), [prepared], 4_000)
    assert len(everyone.people("test")) == len(by_split["test"])

    trained = min(by_split["train"])
    monkeypatch.setattr(guards, "reserved_subjects", lambda _: frozenset({bare_id(trained, "circor")}))
    with pytest.raises(LeakageError):
        corpora.load_corpus(DataConfig(prepared=str(prepared), locked=True), [prepared], 4_000)


def test_settings_are_checked(tmp_path):
    path = tmp_path / "run.yaml"
    for text, message in (
        ("output: x\ntrainig: {}", r"unknown settings \['trainig'\]"),
        ("output: x\nstart: {learning_rate: 1e-3}", "PyYAML reads 1e-3 as text"),
        ("output: x\ndata: {fractions: 3}", "is not dict"),
        ("output: x\ncrop_start: middle", "'middle' is not"),
        ("[1]", "not a mapping"),
        ("a: [", "not YAML"),
        ("seed: 1", "output"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=message):
            load_config(path)
    for training, message in (
        ("{lerning_rate: 1.0}", "training.lerning_rate: no such setting.*did you mean learning_rate"),
        ("{seed: 3}", "training.seed: belongs to the run as a whole.*top of the file"),
        ("{disable_tqdm: true}", "training.disable_tqdm"),
        ("{output_dir: x}", "training.output_dir"),
        ("{hub_token: abc}", "training.hub_token.*log in"),
        ("{learning_rate: 1e-3}", "'1e-3' is not a number.*PyYAML"),
        ("{max_steps: true}", "True is not a number"),
    ):
        path.write_text(f"output: x\ntraining: {training}")
        with pytest.raises(ConfigurationError, match=message):
            load_config(path)
    path.write_text("output: x\ntraining: {adam_beta2: 0.9, save_total_limit: 2, bf16: false}")
    assert load_config(path).training["adam_beta2"] == 0.9
    path.write_bytes(b"output: \xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_config(path)
    with pytest.raises(ConfigurationError, match="no such file"):
        load_config(tmp_path / "absent.yaml")
    with pytest.raises(ConfigurationError, match="unknown checks"):
        select(["astrology"])


# The other trainers' configurations carry their verb in front and are read by their own tests.
@pytest.mark.parametrize(
    "path",
    sorted(path for path in (ROOT / "examples" / "configs").glob("*.yaml") if not path.stem.startswith(VERBS)),
    ids=lambda path: path.stem,
)
def test_shipped_configurations_are_valid(path):
    config = load_config(path)
    assert Path(config.output).parts[0] == "auscult"


def test_objectives_without_a_shared_frame_retrieve_through_a_fitted_map(tmp_path):
    """CKA leaves audio and text in rotated spaces: a ridge map from training pairs takes the cosine's place."""
    values = settings(tmp_path) | {"checks": []}
    values["training"] = {**values["training"], "objective": "debiased_cka", "max_steps": 2}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    result = hf_auscult.align(load_config(tmp_path / "run.yaml"), progress=False)
    assert list(result.conditions) == ["untrained", "before", "aligned"]
    aligned = result.conditions["aligned"]
    assert aligned.retrieval.compared_by.startswith("ridge map")
    assert aligned.zero_shot is None


def test_the_start_is_trained_on_sound_alone(tmp_path, monkeypatch):
    """Also where the conditions do without reconstruction, or learn from labels."""
    training = {"reconstruction_weight": 0.0, "label_weight": 1.0, "preservation": "none", "use_cpu": True}
    config = AlignConfig("x", start=StartConfig(steps=3), training=training)
    monkeypatch.setattr(ConditionTrainer, "_train", lambda self, name, model, examples, own: own)
    own = ConditionTrainer(config, None, tmp_path, 2).start(SimpleNamespace(can_reconstruct=True), [])
    args = AlignmentArguments(str(tmp_path), **{**training, **own})
    assert (args.reconstruction_weight, args.alignment_weight, args.label_weight) == (1.0, 0.0, 0.0)
    assert (args.preservation, args.max_steps, args.batch_norm) == ("own", 3, "batch")


def test_a_checkpoint_as_the_start(tmp_path):
    """A converted encoder brings its weights and its front end."""
    import torch

    from hf_auscult.audio import WindowPolicy
    from hf_auscult.features import AuscultFeatureExtractor
    from hf_auscult.recipes.align.train import crop_samples, feature_extractor, new_model, noise_size
    from tests import tiny

    encoder = tiny.model(seed=5).audio_model
    encoder.save_pretrained(tmp_path / "encoder")
    AuscultFeatureExtractor("heart", WindowPolicy("sliding", samples=tiny.SAMPLES)).save_pretrained(
        tmp_path / "encoder"
    )
    values = settings(tmp_path)
    values["start"] = {"checkpoint": str(tmp_path / "encoder")}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    config = load_config(tmp_path / "run.yaml")
    model, extractor = new_model(config, 384), feature_extractor(config)
    assert all(torch.equal(model.audio_model.state_dict()[key], value) for key, value in encoder.state_dict().items())
    assert noise_size(model, extractor, crop_samples(config, extractor)) == 64
    paper = load_config(ROOT / "examples" / "configs" / "acula_paper.yaml")
    assert crop_samples(paper, extractor) == 131_000  # what the released loader cuts, not the extractor's window


class FakeHub:
    """Records what is pushed."""

    pushed: list[dict] = []  # noqa: RUF012 - of the class

    def create_repo(self, name, **settings):
        return SimpleNamespace(repo_id=name)

    def upload_folder(self, **settings):
        self.pushed.append(settings)
        return f"https://hub/{settings['repo_id']}"


def test_several_seeds_widen_the_intervals(tmp_path, monkeypatch):
    """Every condition at each seed; the difference is that of the means.

    The finished model is pushed once; conditions carry their names, and their tensorboard files outlive the run. The
    images of all recordings stay on the device.
    """
    names, train = [], AlignmentTrainer.train

    def logged(self, **settings):
        names.append(self.args.run_name)
        (Path(self.args.output_dir) / "runs").mkdir(parents=True)
        (Path(self.args.output_dir) / "runs" / "events").write_text("losses")
        assert not self.args.push_to_hub
        assert isinstance(self.train_dataset, ResidentDataset) and not self.args.dataloader_pin_memory
        return train(self, **settings)

    monkeypatch.setattr(AlignmentTrainer, "train", logged)
    monkeypatch.setattr("hf_auscult.recipes.align.run.HfApi", FakeHub)
    values = {**settings(tmp_path), "seeds": [0, 1, 2], "checks": [], "resident": True, "augmentation": None}
    values["start"]["steps"] = 0
    values["training"] |= {"max_steps": 2, "push_to_hub": True, "hub_model_id": "me/aligned"}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    result = hf_auscult.align(tmp_path / "run.yaml", progress=False)
    assert {len(shares[1.0]) for shares in result.by_seed.values()} == {3}
    assert set(result.by_seed) == {"untrained", "before", "aligned"}
    for name in ("untrained", "before"):
        means = [sum(result.by_seed[row][1.0]) / 3 for row in ("aligned", name)]
        assert result.gains[name][1.0].value == pytest.approx(means[0] - means[1])
    assert not (tmp_path / "work" / "training").exists()
    assert [push["repo_id"] for push in FakeHub.pushed] == ["me/aligned"]
    assert names == ["acula-opera/aligned"] * 3
    assert (tmp_path / "work" / "runs" / "acula-opera" / "aligned" / "events").is_file()


def test_a_model_aligned_elsewhere_stands_in_the_table(run_folder, tmp_path):
    """On the same people, with the same figures as in its own run; a model that heard the test people is refused."""
    folder, first = run_folder
    values = settings(tmp_path) | {"checks": [], "compare": [str(folder / "auscult" / "acula-opera")]}
    values["output"] = str(tmp_path / "auscult" / "another")
    values["training"] = {**values["training"], "max_steps": 1}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    result = json.loads(json.dumps(hf_auscult.align(tmp_path / "run.yaml", progress=False).to_dict()))
    compared, own = result["conditions"]["acula-opera"], first["conditions"]["aligned"]
    for figures in ("zero_shot", "retrieval", "probe"):
        assert compared[figures] == json.loads(json.dumps(own[figures]))
    values["data"] = {**values["data"], "seed": 1}
    values |= {"output": str(tmp_path / "auscult" / "third"), "work": str(tmp_path / "other")}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(LeakageError, match="of the test people"):
        hf_auscult.align(tmp_path / "run.yaml", progress=False)
