"""Folders that carry their code load with plain transformers where the package is not installed, to the same bits."""

from __future__ import annotations

import ast
import json
import os
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
from hf_auscult.codegen import custom_code
from hf_auscult.codegen import flatten as _flatten
from hf_auscult.codegen.custom_code import add_code
from hf_auscult.errors import ConfigurationError
from hf_auscult.hub.registration import ENTRIES
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.opera import OperaGTConfig
from tests.models import without_package
from tests.models.zoo import GT, ZOO, sound

MODELS = Path(_flatten.__file__).parents[1] / "models"
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
                    add_code(folder)
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
        assert set(auto_map) == {"AutoConfig", *classes(config)}
        found = [config, AutoFeatureExtractor.from_pretrained(folder, **settings)]
        for auto in classes(config)[: 1 if settings else None]:
            found.append(getattr(transformers, auto).from_pretrained(folder, **settings))
        assert all(type(one).__module__.startswith("hf_auscult.") for one in found)


@pytest.fixture
def plain_calls(monkeypatch):
    """What `register_for_auto_class` sets on classes is taken back."""

    def register(cls, *auto):
        monkeypatch.setattr(cls, "_auto_class", cls._auto_class)
        if hasattr(cls, "_carries_code"):
            monkeypatch.setattr(cls, "_carries_code", cls._carries_code)
        cls.register_for_auto_class(*auto)

    return register


def test_plain_transformers_calls(plain_calls, tmp_path):
    """`register_for_auto_class` and `save_pretrained`; what was loaded by its code is saved with its code."""
    variant = GT
    plains = {around: saved(variant, tmp_path / f"plain{around}", around) for around in (False, True)}
    assert not [path for plain in plains.values() for path in plain.glob("*.py")]
    jobs = []
    for configuration_too in (False, True):
        for around, auto in ((False, "AutoModel"), (True, "AutoModelForAudioClassification")):
            model = getattr(transformers, auto).from_pretrained(plains[around], id2label={0: "no", 1: "yes"})
            fe, name = variant.extractor(), f"{auto}{configuration_too}"
            plain_calls(type(model), auto)
            plain_calls(type(fe))
            if configuration_too:
                plain_calls(type(model.config))
            model.save_pretrained(tmp_path / name)
            fe.save_pretrained(tmp_path / name)
            more = {"classes": [auto], "pipeline": around}
            again = tmp_path / f"{name}again"
            jobs.append(job(name, tmp_path / name, *wave(variant), resave=str(again), **more))
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


def test_a_model_loaded_from_a_folder_with_code_is_saved_with_code(tmp_path):
    """With the package too: `auto_map` never names files that are not there."""
    folder = saved(GT, tmp_path / "first", around=True)
    files = add_code(folder)
    assert files == sorted(path.name for path in folder.glob("*.py"))
    again = tmp_path / "again"
    AutoModel.from_pretrained(folder).save_pretrained(again)
    AutoFeatureExtractor.from_pretrained(folder).save_pretrained(again)
    for name in [*files, "preprocessor_config.json"]:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name
    maps = [json.loads((one / "config.json").read_text())["auto_map"] for one in (folder, again)]
    assert maps[0] == maps[1]
    assert add_code(folder) == files, "a second time changes nothing"


def test_code_says_where_it_is_from(tmp_path):
    folder = saved(GT, tmp_path, around=True)
    for name in add_code(folder):
        text = (folder / name).read_text()
        generated = text.startswith("# Generated by hf_auscult 0.")
        assert generated == (name.startswith(("auscult_", "feature_extraction_")) or name == "encoder_acula.py"), name
        compile(text, name, "exec")


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
    package = tmp_path / "hf_auscult"
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
        "def f():\n    from hf_auscult.sounds import two\n    return two.late\n"
    )
    monkeypatch.setattr(_flatten, "ROOT", package)
    _flatten._tree.cache_clear()
    try:
        files = _flatten.flatten("hf_auscult.entry")
        (package / "entry.py").write_text("from . import x\n")
        _flatten._tree.cache_clear()
        with pytest.raises(ConfigurationError, match=r"imports x from the package hf_auscult"):
            _flatten.flatten("hf_auscult.entry")
    finally:
        _flatten._tree.cache_clear()
    assert sorted(files) == ["auscult_entry.py", "auscult_sounds_one.py", "auscult_sounds_two.py"]
    flat = tmp_path / "flat"
    flat.mkdir()
    for name, text in files.items():
        (flat / name).write_text(text)
    (flat / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    from flat import auscult_entry

    assert (auscult_entry.b, auscult_entry.d, auscult_entry.f()) == (1, 2, 2)
    needed = transformers.dynamic_module_utils.get_relative_import_files(flat / "auscult_entry.py")
    assert {Path(path).name for path in needed} == set(files) - {"auscult_entry.py"}


def test_what_travels_stands_alone():
    """Files that are copied import transformers, torch and each other only; all but converters are; heads are one."""
    allowed = {"torch", "numpy", "transformers", "huggingface_hub", *sys.stdlib_module_names}
    carried = {path for entry in ENTRIES for path in custom_code._paths(entry)}
    wrong = []
    for path in sorted(carried):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                name = f".{node.module or '.'}" if node.level else node.module.split(".")[0]
                good = name in allowed or (node.level == 1 and node.module)
                wrong += [] if good else [f"{path}:{node.lineno}"]
            if isinstance(node, ast.Import):
                wrong += [f"{path}:{node.lineno}" for one in node.names if one.name.split(".")[0] not in allowed]
    assert not wrong, wrong
    folders = {path.parent for path in carried}
    assert folders == {path.parent for path in MODELS.glob("*/__init__.py")}
    behind = {path for folder in folders for path in folder.glob("*.py")} - carried
    made = [path for path in behind if path.name.startswith("convert_") or path.name == "__init__.py"]
    assert behind == set(made), behind - set(made)
    assert len({(folder / "heads.py").read_bytes() for folder in folders}) == 1, "copies of heads.py differ"
