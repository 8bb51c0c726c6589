"""`hf-auscult publish` against a Hub: exact trees, no commit twice, interruptions, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from hf_auscult.data.catalogue import DATASETS
from hf_auscult.hub.plans import plan_model, release
from tests.models.zoo import GT

from .conftest import ROOT
from .server import Fault


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A tiny model with its extractor, and what a run leaves beside it."""
    folder = tmp_path_factory.mktemp("saved") / "tiny"
    GT.model().save_pretrained(folder)
    (folder / "training_args.bin").write_bytes(b"\0")
    (folder / ".files.json").write_text("[]")
    content = {
        "config": {"output": "runs/tiny", "work": "/home/somebody/work"},
        "command": "python /home/somebody/a.py",
    }
    (folder / "results.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def publish(client, saved):
    """Publish the tiny model; keywords replace what is typed."""
    return lambda *more, **settings: client(
        *("publish", "model", str(saved), "--repo", "auscult/tiny", "--licence", "mit", *more), **settings
    )


def trees(hub) -> dict[str, dict[str, bytes]]:
    return {f"{kind}:{name}": repository.tree() for (kind, name), repository in hub.repositories.items()}


def commits(hub) -> int:
    return sum(len(repository.commits) for repository in hub.repositories.values())


def test_what_is_listed_is_sent_once(hub, publish, saved):
    listed = publish("--dry-run", "--json")
    assert listed["status"] == 0 and not hub.log
    plan = json.loads(listed["stdout"])
    done = publish("--json")
    assert done["status"] == 0, done["stderr"]
    tree = hub.model("auscult/tiny").tree()
    assert set(tree) - {".gitattributes"} == set(plan["files"]) and plan["left_out"] == ["training_args.bin"]
    assert {name: len(tree[name]) for name in plan["files"]} == plan["files"]
    assert tree["model.safetensors"] == (saved / "model.safetensors").read_bytes()
    assert json.loads(tree["results.json"]) == {"config": {}, "command": "python a.py"}
    assert commits(hub) == 2  # the Hub's own, and one
    again = json.loads(publish("--json")["stdout"])
    assert again["commit"] is None and commits(hub) == 2 and not again["added"]


def test_the_repository_holds_nothing_else(hub, publish, saved, tmp_path):
    hub.add("auscult/tiny", {"old.bin": b"\0old", "README.md": b"old", ".gitattributes": b"kept"})
    assert publish()["status"] == 0
    tree = hub.model("auscult/tiny").tree()
    assert "old.bin" not in tree and tree[".gitattributes"] == b"kept" and tree["README.md"] != b"old"


def test_a_branch_private_and_gated(hub, publish):
    assert publish("--revision", "next", "--private", "--gated")["status"] == 0
    repository = hub.model("auscult/tiny")
    assert repository.private and repository.gated
    assert "model.safetensors" in repository.tree("next") and set(repository.tree("main")) == {".gitattributes"}
    count = commits(hub)
    assert publish("--revision", "next")["status"] == 0 and commits(hub) == count
    assert repository.private, "what is not asked for stays"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (None, "no token of the Hub"),
        ("hf_wrong", "missing, wrong or expired (401"),
        ("hf_read", "may not do this (403"),
        ("hf_stranger", "may not do this (403"),
    ],
)
def test_who_may_not_write(hub, publish, token, words):
    hub.add("auscult/tiny", {"README.md": b"old"})
    done = publish(**({"without": ("HF_TOKEN",)} if token is None else {"HF_TOKEN": token}))
    assert done["status"] == 2 and words in done["stderr"] and done["stderr"].count("\n") == 1, done["stderr"]
    assert hub.model("auscult/tiny").tree() == {"README.md": b"old"}


def requests_of(hub, publish) -> tuple[int, dict]:
    """How many requests a whole push makes, and what it leaves."""
    hub.arm(Fault(10**9, 500))
    assert publish()["status"] == 0
    count, tree = hub.counted, trees(hub)
    hub.clear()
    return count, tree


def test_killed_at_any_request_and_repeated(hub, publish, client):
    count, expected = requests_of(hub, publish)
    assert count > 5
    for at in range(count):
        hub.clear()
        hub.arm(Fault(at, "kill", process=client.pid))
        assert publish()["status"] == -9, f"request {at} of {count}"
        assert commits(hub) <= 1, "half a push"
        hub.arm(None)
        assert publish()["status"] == 0
        assert trees(hub) == expected and commits(hub) == 2


SLOW = [pytest.param(status, marks=pytest.mark.slow) for status in (401, 404, 409, 412, 429, 500, "drop")]


@pytest.mark.parametrize("how", [403, *SLOW])
def test_every_refusal_at_every_request(hub, publish, how):
    count, expected = requests_of(hub, publish)
    for at in range(count):
        hub.clear()
        hub.arm(Fault(at, how))
        done = publish()
        if (at, how) != (0, 409):  # of create: there already
            assert done["status"] == 2, f"request {at} of {count}: {done}"
        assert done["stderr"].startswith("hf-auscult publish: auscult/tiny: ") and "To fix: " in done["stderr"]
        assert done["stderr"].count("\n") == 1, done["stderr"]
        assert commits(hub) <= 1
        hub.arm(None)
        assert publish()["status"] == 0 and trees(hub) == expected


@pytest.mark.parametrize("name", ["acula-opera-small", "opera-small"])
def test_the_models_of_the_checkout_are_published_with_their_code(name):
    plan = plan_model(ROOT / "model_cards" / name, f"auscult/{name}")
    for file in ("config.json", "preprocessor_config.json"):
        for target in json.loads(plan.files[file])["auto_map"].values():
            assert f"{target.partition('.')[0]}.py" in plan.files, f"{file}: {target}"
    card = plan.files["README.md"]
    assert f'"auscult/{name}"' in card and "model_cards/" not in card and "](.." not in card
    assert not plan.left_out and "license: cc-by-4.0" in card


def test_lora_weights_name_their_base(hub, client, saved, tmp_path):
    torch.manual_seed(0)
    model = get_peft_model(GT.model(), LoraConfig(r=2, target_modules="all-linear"))
    model.save_pretrained(tmp_path / "lora")
    settings = json.loads((tmp_path / "lora" / "adapter_config.json").read_text())
    (tmp_path / "lora" / "adapter_config.json").write_text(
        json.dumps({**settings, "base_model_name_or_path": str(saved)})
    )
    words = ("publish", "lora", tmp_path / "lora", "--repo", "auscult/lora")
    refused = client(*words)
    assert refused["status"] == 2 and "is no Hub id" in refused["stderr"] and not hub.repositories
    assert client(*words, "--base", "auscult/tiny", "--licence", "mit")["status"] == 0
    tree = hub.model("auscult/lora").tree()
    assert set(tree) == {".gitattributes", "README.md", "adapter_config.json", "adapter_model.safetensors"}
    assert json.loads(tree["adapter_config.json"])["base_model_name_or_path"] == "auscult/tiny"
    assert b"base_model: auscult/tiny" in tree["README.md"] or b"base_model:\n- auscult/tiny" in tree["README.md"]


def test_refused_before_anything_is_sent(hub, client, saved, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    bad = tmp_path / "bad"
    shutil.copytree(saved, bad)
    (bad / "README.md").write_text("---\nlicense: mit\n---\nmine\n")
    secret = tmp_path / "secret"
    shutil.copytree(saved, secret)
    (secret / "modeling_extra.py").write_text("KEY = 'hf_abcdefghijklmnopqrstuvwxyz'\n")
    for words, problem in [
        (("model", empty, "--repo", "auscult/x"), "no saved model"),
        (("model", saved, "--repo", "x"), "no name of a repository"),
        (("model", saved), "what, and where to?"),
        (("model", saved, "--repo", "auscult/x"), "under which licence"),
        (("model", bad, "--repo", "auscult/x"), "the card lacks library_name, pipeline_tag, tags, the notice"),
        (("model", secret, "--repo", "auscult/x", "--licence", "mit"), "holds a token"),
        (("lora", saved, "--repo", "auscult/x"), "no LoRA weights"),
        (("dataset", empty, "--repo", "auscult/x"), "not a prepared dataset"),
        (("metric", "nothing", "--repo", "auscult/x"), "no metric 'nothing'"),
        (("space", empty, "--repo", "auscult/x"), "no app.py"),
        (("all", "x"), "everything is published"),
    ]:
        done = client("publish", *words)
        assert done["status"] == 2 and problem in done["stderr"] and done["stderr"].count("\n") == 1, done["stderr"]
    assert not hub.log


def test_every_dataset_is_passed_on_or_a_recipe():
    known = release()["datasets"]
    assert set(known) == set(DATASETS)
    for name, entry in known.items():
        assert entry["licence"] == DATASETS[name].licence_tag, name
        assert entry["how"] == "redistribute" or (entry["how"] == "recipe" and entry["reason"]), name
        assert entry["how"] == "recipe" or entry["licence"] != "unknown", f"{name}: nobody allows it"


def test_recipes_hold_no_recordings(hub, client):
    recipes = [name for name, entry in release()["datasets"].items() if entry["how"] == "recipe"]
    for name in recipes[:3]:
        assert client("publish", "dataset", name, "--repo", f"auscult/{name}")["status"] == 0
        tree = hub.dataset(f"auscult/{name}").tree()
        assert set(tree) == {".gitattributes", "README.md", "prepare.py"}
        assert DATASETS[name].source_url.encode() in tree["README.md"] and b"holds no recordings" in tree["README.md"]


def test_the_whole_family_from_the_manifest(hub, client, saved, tmp_path):
    shutil.copytree(saved, tmp_path / "models" / "acula-opera")
    (tmp_path / "models" / "acula-opera" / "README.md").write_text(
        "---\nlicense: mit\nlibrary_name: transformers\npipeline_tag: feature-extraction\ntags: [a]\n---\n"
        "For research only. runs/tiny\n"
    )
    words = ("publish", "all", "--namespace", "auscult", "--root", tmp_path, "--json")
    listed = json.loads(client(*words, "--dry-run")["stdout"])
    assert not hub.log and "auscult/circor" in listed["missing"] and "auscult/acula-opera" not in listed["missing"]
    done = client(*words)
    assert done["status"] == 0, done["stderr"]
    report = json.loads(done["stdout"])
    recipes = [name for name, entry in release()["datasets"].items() if entry["how"] == "recipe"]
    names = {(one["kind"], one["repo"]) for one in report["published"]}
    assert {("dataset", f"auscult/{name}") for name in recipes} <= names and ("space", "auscult/auroc_ci") in names
    assert names == set(hub.repositories) and ("model", "auscult/acula-opera") in names
    assert b"auscult/acula-opera" in hub.model("auscult/acula-opera").tree()["README.md"]
    (collection,) = hub.collections.values()
    assert {(item["type"], item["id"]) for item in collection["items"]} == names
    count = commits(hub)
    assert client(*words)["status"] == 0 and commits(hub) == count and len(collection["items"]) == len(names)
