"""Folders that carry their code load with plain transformers where the package is not installed, to the same bits."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForPreTraining,
    pipeline,
)

from hf_auscult.cli import main
from hf_auscult.codegen.flatten import flatten
from hf_auscult.codegen.registry import REGISTRY
from hf_auscult.codegen.write import add_code, code_of
from hf_auscult.errors import ConfigurationError
from hf_auscult.hub.registration import ENTRIES
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.opera import OperaGTConfig
from tests.models import without_package
from tests.models.zoo import GT, ZOO, sound

AUTO = ("AutoModel", "AutoModelForPreTraining", "AutoModelForAudioClassification")
FIRST = list({variant.config().model_type: variant for variant in reversed(ZOO)}.values())
CASES = [(f"acula({one.name})" if around else one.name, one, around) for one in ZOO for around in (False, True)]
every_folder = pytest.mark.parametrize(
    ("name", "variant", "around"),
    # Further variants of a type have the same code.
    [pytest.param(*case, id=case[0], marks=() if case[1] in FIRST else pytest.mark.slow) for case in CASES],
)


def classes(config) -> list[str]:
    """Auto classes that know a configuration, as the entries of the registry say."""
    return [name for name in AUTO if type(config) in getattr(transformers, name)._model_mapping]


def saved(variant, folder: Path, around: bool = False) -> Path:
    """Save a variant, or AcuLa around it, with everything its type has."""
    config = variant.config()
    if around:
        config = AcuLaConfig(
            audio_config=config, text_size=12, projection_hidden_size=24, projection_size=16, teacher=None
        )
    cls = AutoModelForPreTraining if type(config) in AutoModelForPreTraining._model_mapping else AutoModel
    torch.manual_seed(0)
    cls.from_config(config).save_pretrained(folder)
    variant.extractor().save_pretrained(folder)
    return folder


def wave(variant) -> tuple[np.ndarray, int]:
    fe = variant.extractor()
    return sound(1.6 * fe.windows.length(fe.sampling_rate) / fe.sampling_rate, fe.sampling_rate), fe.sampling_rate


def here(folder: Path, waveform: np.ndarray, rate: int) -> dict[str, np.ndarray]:
    """The answers of a folder with the package."""
    fe = AutoFeatureExtractor.from_pretrained(folder)
    inputs = fe(waveform, sampling_rate=rate, return_tensors="pt")
    found = {"input_features": inputs["input_features"].numpy()}
    for auto in classes(AutoConfig.from_pretrained(folder)):
        model = getattr(transformers, auto).from_pretrained(folder).eval()
        with torch.no_grad():
            for name, value in without_package.embeddings(model, inputs).items():
                found[f"{auto}.{name}"] = value.numpy()
    return found


def run_without_package(jobs: list[dict], folder: Path) -> Path:
    """Run jobs in a process that cannot import the package."""
    (folder / "jobs.json").write_text(json.dumps(jobs))
    (folder / "answers").mkdir()
    variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "HF_HOME")}
    variables |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home"), "HF_MODULES_CACHE": str(folder / "modules")}
    command = [sys.executable, "-I", without_package.__file__, str(folder / "jobs.json"), str(folder / "answers")]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "answers"


def job(name: str, folder: Path, waveform: np.ndarray, rate: int, **more: object) -> dict:
    path = folder.parent / f"{folder.name}.npy"
    np.save(path, waveform)
    return {"name": name, "folder": str(folder), "waveform": str(path), "rate": rate, **more}


def file_name(name: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in name)


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """(first of its type?) -> folders of those variants and AcuLa around them, with code; and what they answered."""
    done: dict[bool, tuple[Path, Path]] = {}

    def load(first: bool) -> tuple[Path, Path]:
        if first not in done:
            root = tmp_path_factory.mktemp("remote")
            jobs = []
            for name, variant, around in CASES:
                if (variant in FIRST) == first:
                    # Folders of one name share what transformers imports from them, where their code is the same.
                    folder = saved(variant, root / file_name(name) / "model", around)
                    config = AutoConfig.from_pretrained(folder)
                    jobs.append(job(file_name(name), folder, *wave(variant), classes=classes(config)))
            done[first] = root, run_without_package(jobs, root)
        return done[first]

    return load


@every_folder
def test_the_same_bits_without_the_package(remote, name, variant, around):
    root, answers = remote(variant in FIRST)
    problem = answers / f"{file_name(name)}.txt"
    assert not problem.exists(), problem.read_text()
    theirs = np.load(answers / f"{file_name(name)}.npz")
    ours = here(root / file_name(name) / "model", *wave(variant))
    assert sorted(theirs.files) == sorted(ours)
    for array, value in ours.items():
        assert np.array_equal(theirs[array], value), array


def test_every_registered_type_is_in_the_zoo():
    assert {variant.config().model_type for variant in ZOO} == {entry.model_type for entry in ENTRIES} - {"acula"}


@every_folder
def test_with_the_package_its_own_classes_are_used_unasked(remote, name, variant, around, monkeypatch):
    def asked(*_):
        raise AssertionError("transformers asked whether to run the code")

    monkeypatch.setattr("builtins.input", asked)
    folder = remote(variant in FIRST)[0] / file_name(name) / "model"
    auto_map = json.loads((folder / "config.json").read_text())["auto_map"]
    for settings in ({}, {"trust_remote_code": True}):
        config = AutoConfig.from_pretrained(folder, **settings)
        assert set(auto_map) - {"AutoProcessor"} == {"AutoConfig", *classes(config)}
        found = [config, AutoFeatureExtractor.from_pretrained(folder, **settings)]
        for auto in classes(config)[: 1 if settings else None]:
            found.append(getattr(transformers, auto).from_pretrained(folder, **settings))
        assert all(type(one).__module__.startswith("hf_auscult.") for one in found)


def test_what_was_loaded_by_its_code_is_saved_with_its_code(tmp_path):
    """A saved folder, the same saved again without the package, and once more: the same bits and files."""
    variant = GT
    jobs = []
    for around, auto in ((False, "AutoModel"), (True, "AutoModelForAudioClassification")):
        plain = saved(variant, tmp_path / f"plain{around}", around)
        model = getattr(transformers, auto).from_pretrained(plain, id2label={0: "no", 1: "yes"})
        fe = variant.extractor()
        for one, name in ((fe, None), (model.config, None)):
            # As transformers' documentation says; here the code is written without it.
            one.register_for_auto_class(*filter(None, [name]))
            assert type(one)._auto_class is None
        model.save_pretrained(tmp_path / auto)
        fe.save_pretrained(tmp_path / auto)
        more = {"classes": [auto], "pipeline": around}
        again = tmp_path / f"{auto}again"
        jobs.append(job(auto, tmp_path / auto, *wave(variant), resave=str(again), **more))
        jobs.append(job(again.name, again, *wave(variant), **more))
    answers = run_without_package(jobs, tmp_path)
    for entry in jobs:
        problem = answers / f"{entry['name']}.txt"
        assert not problem.exists(), problem.read_text()
        theirs, ours = np.load(answers / f"{entry['name']}.npz"), here(Path(entry["folder"]), *wave(variant))
        for array in set(theirs.files) - {"pipeline"}:
            assert np.array_equal(theirs[array], ours[array]), array
        if entry["pipeline"]:
            pipe = pipeline("audio-classification", model=entry["folder"])
            found = pipe({"raw": wave(variant)[0], "sampling_rate": entry["rate"]}, top_k=None)
            assert [answer["score"] for answer in found] == theirs["pipeline"].tolist()


def test_the_code_is_the_same_every_time(tmp_path):
    """Saved twice, loaded and saved again, or added to a folder of an earlier version: the same bytes."""
    folder = saved(GT, tmp_path / "first", around=True)
    files = sorted(path.name for path in folder.glob("*.py"))
    again, old = tmp_path / "again", tmp_path / "old"
    AutoModel.from_pretrained(folder).save_pretrained(again)
    AutoFeatureExtractor.from_pretrained(folder).save_pretrained(again)
    shutil.copytree(folder, old, ignore=shutil.ignore_patterns("*.py"))
    for name in ("config.json", "preprocessor_config.json"):
        values = json.loads((old / name).read_text())
        del values["auto_map"]
        (old / name).write_text(json.dumps(values))
    assert add_code(old) == files
    assert add_code(folder) == files, "a second time changes nothing"
    for other in (again, old):
        assert sorted(path.name for path in other.glob("*.py")) == files
        for name in files:
            assert (other / name).read_bytes() == (folder / name).read_bytes(), name
        for name in ("config.json", "preprocessor_config.json"):
            maps = [json.loads((one / name).read_text())["auto_map"] for one in (folder, other)]
            assert maps[0] == maps[1]


def test_types_of_others_and_of_the_main_module_carry_no_code(tmp_path):
    class Private(OperaGTConfig):
        model_type = "opera-gt"

    Private.__module__ = "__main__"
    for config in (Private(), type("Other", (OperaGTConfig,), {"__module__": __name__})()):
        assert code_of(config) == ({}, {})
        config.save_pretrained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_code_says_where_it_is_from(tmp_path):
    for path in saved(GT, tmp_path, around=True).glob("*.py"):
        text = path.read_text()
        assert text.startswith("# Generated by hf_auscult 0."), path.name
        compile(text, path.name, "exec")


def test_convert_with_code(tmp_path, capsys):
    from tests.models.test_convert_checkpoint import original_name

    state = AutoModelForPreTraining.from_config(OperaGTConfig()).state_dict()
    torch.save({"state_dict": {original_name(key): value for key, value in state.items()}}, tmp_path / "e.ckpt")
    arguments = ["convert", "opera-gt", "--checkpoint", str(tmp_path / "e.ckpt"), "--output", str(tmp_path / "m")]
    assert main([*arguments, "--with-code", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert {"modeling_opera_gt.py", "configuration_opera_gt.py", "feature_extraction_auscult.py"} <= set(files)
    for name in ("config.json", "preprocessor_config.json"):
        for reference in json.loads((tmp_path / "m" / name).read_text())["auto_map"].values():
            assert f"{reference.split('.')[0]}.py" in files


def test_refusals(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no config\.json"):
        add_code(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ConfigurationError, match="'bert' is not of this package"):
        add_code(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_imports_are_rewritten(tmp_path, monkeypatch):
    """Re-exports, sub-modules, functions' imports, renamings; imports for annotations only are dropped."""
    package = tmp_path / "lab"
    (package / "sounds").mkdir(parents=True)
    (package / "__init__.py").write_text("x = 1\n")
    (package / "sounds" / "__init__.py").write_text(
        "from typing import TYPE_CHECKING\nfrom .one import a as b\nif TYPE_CHECKING:\n    from .two import late\n"
    )
    (package / "sounds" / "one.py").write_text("a = 1\n")
    (package / "sounds" / "two.py").write_text("from . import one\nlate = one.a + 1\n")
    (package / "entry.py").write_text(
        "from typing import TYPE_CHECKING\nfrom .sounds import (\n    b,\n    late as d,\n)\n"
        "if TYPE_CHECKING:\n    from .nowhere import T\n"
        "def f():\n    from lab.sounds import two\n    return two.late\n"
    )
    (package / "wrong.py").write_text("from . import x\n")
    (package / "modeling_same.py").write_text("from .sounds import modeling_same\n")
    (package / "sounds" / "modeling_same.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    files = flatten("lab.entry")
    with pytest.raises(ConfigurationError, match=r"imports x from the package lab"):
        flatten("lab.wrong")
    with pytest.raises(ConfigurationError, match=r"two modules become one file modeling_same\.py"):
        flatten("lab.modeling_same")
    with pytest.raises(ConfigurationError, match=r"lab\.nobody is not a module with a file"):
        flatten("lab.nobody")
    assert sorted(files) == ["lab_entry.py", "lab_sounds_one.py", "lab_sounds_two.py"]
    flat = tmp_path / "flat"
    flat.mkdir()
    for name, text in files.items():
        (flat / name).write_text(text)
    (flat / "__init__.py").write_text("")
    from flat import lab_entry

    assert (lab_entry.b, lab_entry.d, lab_entry.f()) == (1, 2, 2)
    needed = transformers.dynamic_module_utils.get_relative_import_files(flat / "lab_entry.py")
    assert {Path(path).name for path in needed} == set(files) - {"lab_entry.py"}


def test_what_travels_stands_alone():
    """Copies import transformers, torch, what recordings are read with, and each other: never this package."""
    allowed = {"torch", "numpy", "transformers", "huggingface_hub", *sys.stdlib_module_names}
    sounds = {"soxr", "soundfile", "torchaudio", "torchcodec", "opensmile"}
    wrong = []
    for variant in FIRST:
        for saved_object in (variant.config(), variant.extractor()):
            files, auto_map = code_of(saved_object)
            assert {f"{reference.split('.')[0]}.py" for reference in auto_map.values()} <= set(files)
            for name, text in files.items():
                good = allowed | (
                    sounds if name.startswith(("auscult_audio", "auscult_features", "feature_")) else set()
                )
                for node in ast.walk(ast.parse(text)):
                    if isinstance(node, ast.ImportFrom) and node.level:
                        fine = node.level == 1 and (not node.module or f"{node.module}.py" in files)
                        wrong += [] if fine else [f"{name}:{node.lineno}"]
                    elif isinstance(node, (ast.Import, ast.ImportFrom)):
                        names = [node.module] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
                        wrong += [f"{name}:{node.lineno} {one}" for one in names if one.split(".")[0] not in good]
    assert not wrong, wrong
    assert set(REGISTRY) == {entry.model_type for entry in ENTRIES}
