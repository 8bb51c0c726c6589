"""What each kind of repository holds: exact lists of files, made from the folder that a run left."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache, partial
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from huggingface_hub import DatasetCardData, ModelCard

from ..codegen.registry import REGISTRY
from ..codegen.write import add_code
from ..data.catalogue import dataset as catalogue_dataset
from ..errors import ConfigurationError, PublishError
from ..files import MANIFEST, to_json
from ..models.acula.configuration_acula import HUB_TEACHERS
from .cards import RESEARCH_ONLY, CardHead, template
from .encoder_card import render_encoder_card
from .metric_space import space_files
from .private import cleaned
from .send import Plan

_SHARED = ("README.md", "results.json", "training_people.json", "*.png", "LICENSE", "NOTICE")
MODEL_FILES = (
    *_SHARED,
    "*.py",
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.*",
    "merges.txt",
    "model.safetensors",
    "model-?????-of-?????.safetensors",
    "model.safetensors.index.json",
    "onnx_config.json",
    "model*.onnx",
)
LORA_FILES = (*_SHARED, "adapter_config.json", "adapter_model.safetensors")
DATASET_FILES = (*_SHARED, "*/*.parquet", "prepare.json", "corpus.json", "splits.csv")
SPACE_FILES = ("README.md", "LICENSE", "*.py", "*.css", "*.wav", "*.txt", "*.yaml", "calibration.json")

_SIBLING = re.compile(r"\[([^\]]*)\]\(\.\./([\w.-]+)[^)]*\)")

# What a model's card must say in its YAML; the Hub itself asks for less.
REQUIRED = ("license", "library_name", "pipeline_tag", "tags")


def plan_model(folder: str | Path, repo: str, *, licence: str | None = None) -> Plan:
    """A saved model: weights, settings, extractor, code and card.

    Code is added where an earlier version saved none; results.json loses what says where the run stood; a card that
    the run wrote names the repository, and a folder without one gets the card of its family.

    Args:
        folder: that `save_pretrained`, `convert` or `align` wrote.
        repo: `namespace/name`.
        licence: the Hub's tag, where no register knows it.

    Raises:
        ConfigurationError: no saved model of this package, or no extractor beside it.
        PublishError: its card lacks something that a card must say.
        DataError: there is no card, and nobody knows the licence.
    """
    folder = Path(folder)
    settings = _settings(folder / "config.json")
    if settings.get("model_type") not in REGISTRY:
        raise ConfigurationError("no saved model of this package", where=folder, remedy="give a saved one")
    if not (folder / "preprocessor_config.json").is_file():
        raise ConfigurationError(
            "no feature extractor beside the model",
            where=folder,
            remedy="save it there: fe.save_pretrained",
        )
    plan = _listed(folder, repo, "model", MODEL_FILES)
    files = {**plan.files, **_with_code(folder)}
    files["config.json"] = to_json(_hub_settings(json.loads(_text(files["config.json"])))) + "\n"
    if "tokenizer_config.json" in files:
        values = _settings(folder / "tokenizer_config.json")
        files["tokenizer_config.json"] = to_json(
            {key: value for key, value in values.items() if key not in ("is_local", "local_files_only")}
        )
    files = _results_and_card(files, folder, repo)
    if "README.md" not in files:
        files["README.md"] = render_encoder_card(folder, repo, licence=licence, complete=True)
    check_card(str(files["README.md"]), repo)
    return Plan(repo, "model", files, plan.left_out)


def plan_lora(folder: str | Path, repo: str, *, base: str | None = None, licence: str | None = None) -> Plan:
    """LoRA weights, which name the model they belong to by its Hub id.

    Args:
        folder: that peft's `save_pretrained` wrote.
        repo: `namespace/name`.
        base: Hub id of the base model; needed where the folder names a path.
        licence: the Hub's tag; `other` if not given.

    Raises:
        ConfigurationError: no LoRA weights, or a base model that only this machine has.
        PublishError: its card lacks something that a card must say.
    """
    folder = Path(folder)
    settings = _settings(folder / "adapter_config.json")
    if not settings or not (folder / "adapter_model.safetensors").is_file():
        raise ConfigurationError(
            "no LoRA weights", where=folder, remedy="give a folder that peft's save_pretrained wrote"
        )
    base = base or str(settings.get("base_model_name_or_path") or "")
    if base.count("/") != 1 or base.startswith((".", "/")) or Path(base).exists():
        raise ConfigurationError(
            f"its base model {base or 'is not named'} is no Hub id", where=folder, remedy="publish that first: --base"
        )
    plan = _listed(folder, repo, "model", LORA_FILES)
    files = dict(plan.files)
    files["adapter_config.json"] = to_json({**settings, "base_model_name_or_path": base}, sort_keys=True) + "\n"
    own = folder / "README.md"
    # peft writes a card that says nothing; one without a notice for research is not ours either.
    if not own.is_file() or RESEARCH_ONLY not in own.read_text("utf-8"):
        head = CardHead(
            name=repo.rpartition("/")[2],
            licence=licence or "other",
            pipeline_tag="feature-extraction",
            library_name="peft",
            tags=["lora"],
            base_model=[base],
        )
        files["README.md"] = template("lora.md.j2").render(
            front=head.to_yaml().strip(),
            name=head.name,
            repository=repo,
            base=base,
            notice=RESEARCH_ONLY,
            lora=settings,
        )
    files = _results_and_card(files, folder, repo)
    check_card(str(files["README.md"]), repo)
    return Plan(repo, "model", files, plan.left_out)


def plan_dataset(folder: str | Path, repo: str) -> Plan:
    """A prepared dataset, or a corpus, whose licence allows to pass its recordings on.

    Raises:
        ConfigurationError: not a prepared folder.
        PublishError: its licence does not allow it; publish the recipe instead.
    """
    folder = Path(folder)
    manifest = _settings(folder / "prepare.json") or _settings(folder / "corpus.json")
    if not manifest:
        raise ConfigurationError("not a prepared dataset", where=folder, remedy="run hf-auscult prepare first")
    names = [manifest["dataset"]] if "dataset" in manifest else list(manifest.get("datasets", {}))
    for name in names:
        if reason := closed(name):
            raise PublishError(
                f"the recordings of {name} must not be passed on ({reason})",
                where=folder,
                remedy=f"publish its recipe: hf-auscult publish dataset {name} --repo {repo}",
            )
    plan = _listed(folder, repo, "dataset", DATASET_FILES)
    files = dict(plan.files)
    for name in ("prepare.json", "corpus.json", "results.json"):
        if name in files:
            files[name] = to_json(cleaned(_settings(folder / name))) + "\n"
    text = _text(files.get("README.md", ""))
    files["README.md"] = text.replace(f"load_dataset({folder.name!r}", f"load_dataset({repo!r}")
    return Plan(repo, "dataset", files, plan.left_out)


def plan_recipe(name: str, repo: str) -> Plan:
    """How to make a dataset from its original download: for those that may not be passed on.

    Raises:
        ConfigurationError: no dataset of that name.
    """
    spec = catalogue_dataset(name)
    head = DatasetCardData(
        license=spec.licence_tag,
        task_categories=["audio-classification"],
        tags=["body-sounds", "auscultation", spec.organ],
        pretty_name=spec.title,
        viewer=False,
    )
    command = f"hf-auscult prepare {name} --source FOLDER --output {name}"
    text = template("recipe.md.j2").render(
        front=head.to_yaml().strip(), spec=spec, command=command, reason=closed(name), notice=RESEARCH_ONLY
    )
    script = (
        f'"""Turn the original download of {spec.title} into Parquet that ``datasets.load_dataset`` reads."""\n\n'
        f'import sys\n\nfrom hf_auscult.cli import main\n\nif __name__ == "__main__":\n'
        f'    sys.exit(main(["prepare", {name!r}, *sys.argv[1:]]))\n'
    )
    return Plan(repo, "dataset", {"README.md": text, "prepare.py": script})


def plan_metric(name: str, repo: str) -> Plan:
    """The Space of a metric, which `evaluate.load` reads.

    Raises:
        ConfigurationError: no such metric.
    """
    files = {
        path: text.replace(f"auscult/{name}", repo) if path == "README.md" else text
        for path, text in space_files(name).items()
    }
    return Plan(repo, "space", files)


def plan_space(folder: str | Path, repo: str) -> Plan:
    """A Gradio Space: its page, what it needs, its README.

    Raises:
        ConfigurationError: no app.py or README.md.
    """
    folder = Path(folder)
    if missing := [name for name in ("app.py", "README.md", "requirements.txt") if not (folder / name).is_file()]:
        raise ConfigurationError(f"no {', '.join(missing)}", where=folder, remedy="give a Space's folder")
    return _listed(folder, repo, "space", SPACE_FILES)


def closed(dataset: str) -> str:
    """Why a dataset's recordings are not passed on; empty where its licence allows it, see release.yaml."""
    entry = release()["datasets"].get(dataset)
    if entry is None:
        return "nobody has looked at its licence"
    return str(entry["reason"]) if entry["how"] == "recipe" else ""


@cache
def release() -> Mapping[str, Any]:
    """All that is released, see release.yaml."""
    table: dict[str, Any] = yaml.safe_load(resources.files(__package__).joinpath("release.yaml").read_text("utf-8"))
    return table


def check_card(text: str, repo: str) -> None:
    """Refuse a model card that lacks what every one must say.

    Raises:
        PublishError: an item of its YAML, the notice or a use of the repository's own name is missing.
    """
    card = ModelCard(text)
    missing = [name for name in REQUIRED if not card.data.to_dict().get(name)]
    missing += [] if "research only" in text.lower() else ["the notice that it is for research only"]
    missing += [] if repo in card.text else [f"a use of {repo} by its name"]
    if missing:
        raise PublishError(f"the card lacks {', '.join(missing)}", where=repo, remedy="add it to README.md")


def _listed(folder: Path, repo: str, kind: Any, patterns: Iterable[str]) -> Plan:
    """Return the files of a folder that a kind of repository holds; what else is there is left out."""
    files, left_out = {}, []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == MANIFEST:
            continue
        if any(fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for pattern in patterns):
            files[name] = path
        else:
            left_out.append(name)
    return Plan(repo, kind, files, tuple(left_out))


def _with_code(folder: Path) -> dict[str, str]:
    """Return settings and code of a folder whose `auto_map` names code that is not there; else the settings alone."""
    saved = [_settings(folder / name).get("auto_map") for name in ("config.json", "preprocessor_config.json")]
    named = {str(target).partition(".")[0] for known in saved for target in (known or {"": "missing."}).values()}
    if all((folder / f"{module}.py").is_file() for module in named):
        return {"config.json": (folder / "config.json").read_text("utf-8")}
    with TemporaryDirectory() as staged:
        for name in ("config.json", "preprocessor_config.json", "processor_config.json"):
            if (folder / name).is_file():
                shutil.copy(folder / name, staged)
        add_code(staged)
        return {path.name: path.read_text("utf-8") for path in Path(staged).iterdir()}


def _hub_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration that names nothing which only this machine has."""
    for part in (settings, settings.get("audio_config") or {}):
        part.pop("_name_or_path", None)
    if settings.get("teacher") in HUB_TEACHERS:
        settings["teacher"], settings["teacher_revision"] = HUB_TEACHERS[settings["teacher"]]
    return settings


def _results_and_card(
    files: Mapping[str, str | bytes | Path], folder: Path, repo: str
) -> dict[str, str | bytes | Path]:
    """Clean results.json, and let the card use the repository's name where it used the folder's or the run's.

    Links to other folders beside the model's become links to the repositories of this name, or their words alone.
    """
    staged = dict(files)
    local = {path for path in (folder.as_posix(), "/".join(folder.resolve().parts[-2:])) if "/" in path}
    if "results.json" in files:
        content = json.loads(_text(files["results.json"]))
        output = str((content.get("config") or {}).get("output") or "")
        local |= {output} - {""}
        staged["results.json"] = to_json(cleaned(content, {output: repo} if output else None)) + "\n"
    if "README.md" in files:
        text = _text(files["README.md"])
        for path in sorted(local, key=len, reverse=True):
            text = re.sub(rf"(?<![\w./-]){re.escape(path)}(?![\w/-])", repo, text)
        staged["README.md"] = _SIBLING.sub(partial(_on_the_hub, repo.partition("/")[0]), text)
    return staged


def _on_the_hub(namespace: str, link: re.Match[str]) -> str:
    """Return a link between folders as one between repositories, or its words where there is none of that name."""
    words, name = link.groups()
    known = name in release()["models"]
    return f"[{words}](https://huggingface.co/{namespace}/{name})" if known else words


def _text(value: str | bytes | Path) -> str:
    value = value.read_bytes() if isinstance(value, Path) else value
    return value.decode() if isinstance(value, bytes) else value


def _settings(file: Path) -> dict[str, Any]:
    """Return a JSON object; empty where there is no such file.

    Raises:
        ConfigurationError: damaged.
    """
    try:
        content: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    except ValueError as error:
        raise ConfigurationError(f"damaged ({error})", where=file) from error
    return content


__all__ = [
    "check_card",
    "closed",
    "plan_dataset",
    "plan_lora",
    "plan_metric",
    "plan_model",
    "plan_recipe",
    "plan_space",
    "release",
]
