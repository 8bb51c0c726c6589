"""What an alignment is made of: a YAML file read into frozen dataclasses, every key checked."""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ...alignment.teacher_config import TeacherConfig, teacher_config
from ...audio import Augmentation
from ...data.guards import bare_id
from ...data.people import ids_of
from ...errors import ConfigurationError
from ...files import Serialisable
from ...texts import read_yaml

T = TypeVar("T")

# AcuLa's released code (github.com/janine714/AcuLA, main.py and dataloader.py of 2026-04-27), setting by setting; what
# `recipe: published` of the trainer's arguments does besides stands there.
PUBLISHED: dict[str, Any] = {
    "teacher": {"layer": -1, "pooling": "padded_mean", "max_tokens": 128, "lower_case": True},
    "reports": {"draws": 1},
    "training": {
        "recipe": "published",
        "objective": "published",
        "optim": "adamw_torch",
        "learning_rate": 1e-5,
        "weight_decay": 1e-2,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "adam_epsilon": 1e-8,
        "num_train_epochs": 50,
        "max_steps": -1,
        "per_device_train_batch_size": 24,
        "gradient_accumulation_steps": 2,
        "dataloader_drop_last": True,
        "warmup_steps": 400,
        "lr_scheduler_type": "linear",
        "max_grad_norm": 1.0,
        "alignment_weight": 1.0,
        "reconstruction_weight": 1.0,
        "preservation": "own",
        "batch_norm": "batch",
        "bf16": False,
        "fp16": False,
    },
    "augmentation": None,
    "crop_start": "first",
    "crop_padding": "zero",
    "crop_samples": 131_000,
    "checks": [],
}

# What each condition of a run must share, or must not do by itself -> where to say it instead.
RUN_SETTINGS = {
    "output_dir": "set the run's output and work folders",
    "seed": "set seed at the top of the file",
    "data_seed": "set seed at the top of the file",
    "disable_tqdm": "call align(..., progress=False), or the command with --json",
    "resume_from_checkpoint": "leave it out: an interrupted run goes on by itself",
    "hub_token": "leave it out, results name every setting: log in with `hf auth login`",
    "run_name": "leave it out: every condition is called after the output folder and itself",
}


def excluded_people(people: str | tuple[str, ...]) -> frozenset[str]:
    """Return the ids of people who are left out, spelled as people are compared.

    Args:
        people: ids, `dataset:id` or bare; or a file with one on each line.

    Raises:
        ConfigurationError: no such file.

    Example:
        >>> sorted(excluded_people(("circor:0042", "7")))
        ['7', 'circor:42']
    """
    if isinstance(people, str):
        path = Path(people)
        if not path.is_file():
            raise ConfigurationError("no such file", where=path, remedy="correct data.exclude_people")
        people = tuple(path.read_text("utf-8").split())
    parts = [str(name).rpartition(":") for name in people]
    return frozenset(f"{dataset}{colon}{bare_id(name, dataset)}" for dataset, colon, name in parts)


def excluded_names(row: Mapping[str, Any], excluded: frozenset[str]) -> frozenset[str]:
    """Return which of the excluded ids are a recording's person's."""
    source = str(row["source"])
    names = {bare_id(name, source) for name in ids_of(row)}
    return excluded & {spelled for name in names for spelled in (name, f"{source}:{name}")}


DEFAULT_DATASET = "circor"  # that of the demo


@dataclass(frozen=True)
class DataConfig:
    """Which recordings, and how people are divided.

    Args:
        dataset: the one on whose test people everything is evaluated; unless named the first of `prepared`, and
            `circor` of a `source`.
        source: its original download; prepared first when given.
        prepared: folders that `prepare` or `corpus` wrote, one or several. One of them is `dataset` as `prepare` wrote
            it; of the others the training people are trained on, too, and every batch is of one dataset. When absent,
            `source` is prepared under the run's work folder.
        task: the configuration whose labels are probed.
        fractions: shares of people in train, validation and test, where `source` is prepared.
        seed: of that split.
        domain: column of the metadata (a device, a site) that `training.adversarial_weight` makes the encoder unlearn.
        locked: also evaluate on the people reserved as a locked test set; without it they are left out altogether.
        exclude_people: ids, `dataset:id` or bare, who are not trained on; or a file with one on each line.
    """

    dataset: str | None = None
    source: str | None = None
    prepared: str | tuple[str, ...] | None = None
    task: str = "murmur"
    fractions: dict[str, float] = field(default_factory=lambda: {"train": 0.6, "validation": 0.2, "test": 0.2})
    seed: int = 0
    domain: str | None = None
    locked: bool = False
    exclude_people: str | tuple[str, ...] = ()


@dataclass(frozen=True)
class StartConfig:
    """The encoder before alignment: a checkpoint, or a fresh one pre-trained on the training people's sound alone.

    Args:
        checkpoint: folder or Hub id of a pre-training model; its own front end is used.
        random: take the checkpoint's architecture and front end, and draw its weights anew.
        front_end, frames: front end by name and image length in frames, without a checkpoint.
        encoder: configuration of the encoder (`model_type` and sizes), without a checkpoint.
        steps, learning_rate: masked reconstruction before any condition; 0 steps for none.
    """

    checkpoint: str | None = None
    random: bool = False
    front_end: str = "opera"
    frames: int = 256
    encoder: dict[str, Any] = field(default_factory=lambda: {"model_type": "opera-gt"})
    steps: int = 0
    learning_rate: float = 1e-3

    @property
    def weights(self) -> str | None:
        """The checkpoint whose weights are trained on; `None` where they are drawn anew."""
        return None if self.random else self.checkpoint


@dataclass(frozen=True)
class ReportsConfig:
    """The text side.

    Args:
        mask: `none`, `findings`, `paper`, `strict` or `context`, see `hf_auscult.reports.mask_of`; it hides
            `data.task`.
        draws: phrasings a recording; training draws one at random each time.
        seed: of the phrasing.
        folder: a set that `hf-auscult reports generate` wrote under the same mask, in place of the templates; its own
            draws and seed hold then, and recordings without a report in it are left out of the run.
    """

    mask: str = "none"
    draws: int = 4
    seed: int = 0
    folder: str | None = None


@dataclass(frozen=True)
class EvaluationConfig:
    """How conditions are compared.

    Args:
        bootstrap_draws: resamples of people for intervals.
        label_fraction: share of training people whose labels the second probe sees.
        fraction_draws: how many such samples are averaged.
    """

    bootstrap_draws: int = 2000
    label_fraction: float = 0.1
    fraction_draws: int = 20


@dataclass(frozen=True)
class AlignConfig(Serialisable):
    """One alignment with its standing checks.

    Args:
        output: folder of the model and its card, e.g. `auscult/acula-opera`.
        work: folder of prepared data and checkpoints.
        seed: of weights, order, crops, masks and controls.
        seeds: several of them: every condition is trained at each, differences are those of the seeds' means with
            intervals over people and seeds, and the first one's model is kept.
        data, start, reports, evaluation: see their classes.
        teacher: the frozen language model; in YAML also a preset's name, or `preset:` beside other settings.
        model: settings of `AcuLaConfig` besides encoder and teacher.
        training: settings of `AlignmentArguments` (`objective`, `max_steps`, `learning_rate` …), transformers'
            `TrainingArguments` included, but for those that the run sets itself.
        retrieval_map: `procrustes` or `ridge`: for objectives without a common frame (CKA), a map fitted on the
            training pairs and stored in the model, so that it retrieves; `None` for none.
        recipe: `published` takes every setting that the file leaves out from AcuLa's released code, see `PUBLISHED`;
            those that differ are named in the results.
        augmentation: settings of `audio.Augmentation`; `organ` for what suits each dataset's organ, `published` for
            AcuLa's filters as its code makes them; `None` for none. Every transform must change the encoder's input.
        crop_start, crop_padding, crop_samples: see `training.CropPolicy`; one window of the extractor by default.
        resident: keep log-mel images of all training recordings on the device, in half precision, and cut, filter and
            scale them there, see `training.resident`: for a corpus that fits (100,000 recordings of 256 frames and 64
            bands: 3.3 GB) and front ends in decibels between an image's extremes.
        checks: names of `conditions.CHECKS` to run beside the aligned model; all by default.
        compare: folders of aligned models that are evaluated beside the run's own, with the run's extractor; people
            whom one of them was trained on must not be among the test people.

    Raises:
        ConfigurationError: a setting in `training` that does not exist, has another type, or belongs elsewhere.
    """

    output: str
    work: str = ".auscult"
    seed: int = 0
    seeds: tuple[int, ...] = ()
    recipe: Literal["ours", "published"] = "ours"
    data: DataConfig = field(default_factory=DataConfig)
    start: StartConfig = field(default_factory=StartConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    reports: ReportsConfig = field(default_factory=ReportsConfig)
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    retrieval_map: Literal["procrustes", "ridge"] | None = None
    augmentation: Augmentation | Literal["organ", "published"] | None = None
    crop_start: Literal["random", "first"] = "random"
    crop_padding: Literal["repeat", "zero"] = "repeat"
    crop_samples: int | None = None
    resident: bool = False
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    checks: tuple[str, ...] | None = None
    compare: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_training(self.training)
        if bool(self.training.get("adversarial_weight")) != (self.data.domain is not None):
            raise ConfigurationError(
                "data.domain and training.adversarial_weight go together", remedy="give both or neither"
            )

    @property
    def deviations(self) -> dict[str, Any]:
        """Settings that differ from the release, under `recipe: published`."""
        if self.recipe != "published":
            return {}
        own = self.to_dict()
        flat = {}
        for name, value in PUBLISHED.items():
            for key, expected in value.items() if isinstance(value, dict) else [(None, value)]:
                actual = own[name] if key is None else own[name].get(key)
                if actual != expected and not (name == "checks" and not actual):
                    flat[name if key is None else f"{name}.{key}"] = actual
        return flat

    @property
    def objective(self) -> str:
        """Name of the alignment objective."""
        return str(self.training.get("objective", "infonce"))


def check_training(values: Mapping[str, Any], arguments: type | None = None) -> None:
    """Refuse settings that the trainer does not know, that are of another type, or that the run sets itself.

    Args:
        values: of the file.
        arguments: class of the trainer's arguments; alignment's by default.

    Raises:
        ConfigurationError: naming the setting.
    """
    from ...training import AlignmentArguments

    cls: Any = arguments or AlignmentArguments
    known = {item.name: item.default for item in dataclasses.fields(cls) if item.init}
    for name, value in values.items():
        where = f"training.{name}"
        if name in RUN_SETTINGS:
            raise ConfigurationError("belongs to the run as a whole", where=where, remedy=RUN_SETTINGS[name])
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise ConfigurationError(
                "no such setting",
                where=where,
                remedy=f"did you mean {close[0]}?" if close else f"see hf_auscult.training.{cls.__name__}",
            )
        number = isinstance(known[name], (int, float)) and not isinstance(known[name], bool)
        if number and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise ConfigurationError(f"{value!r} is not a number", where=where, remedy=_number_remedy(value))


def load_config(path: str | Path, overrides: Mapping[str, Any] | None = None) -> AlignConfig:
    """Read a run's YAML file.

    Args:
        path: the file.
        overrides: top-level values that replace the file's.

    Raises:
        ConfigurationError: missing file, bad YAML, unknown keys or values of another type (named).
    """
    values = read_settings(path, overrides)
    if values.get("recipe") == "published":
        values = _over(PUBLISHED, values)
    if isinstance(values.get("teacher"), str) or "preset" in (values.get("teacher") or {}):
        values["teacher"] = dataclasses.asdict(teacher_config(values["teacher"]))
    return build(AlignConfig, values, str(path))


def read_settings(path: str | Path, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read a file of settings; top-level `overrides` replace the file's.

    Raises:
        ConfigurationError: missing file, bad YAML, or no mapping.
    """
    path = Path(path)
    values = read_yaml(path, remedy="see examples/configs")
    if not isinstance(values, Mapping):
        raise ConfigurationError("not a mapping of settings", where=path)
    return {**values, **(overrides or {})}


def _over(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values over defaults, nested mappings one by one."""
    nested = {
        name: _over(default, values[name])
        for name, default in defaults.items()
        if isinstance(default, Mapping) and isinstance(values.get(name), Mapping)
    }
    return {**defaults, **values, **nested}


def build(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build a dataclass from a mapping, nested ones included; unknown keys and wrong types are refused."""
    hints = get_type_hints(cls)
    names = {item.name for item in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - names)
    if unknown:
        raise ConfigurationError(f"unknown settings {unknown}", where=where, remedy=f"use {', '.join(sorted(names))}")
    arguments = {name: _value(hints[name], value, f"{where}: {name}") for name, value in values.items()}
    try:
        return cls(**arguments)
    except TypeError as error:
        raise ConfigurationError(str(error), where=where) from error


def _value(hint: Any, value: Any, where: str) -> Any:
    options = get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)
    if value is None and type(None) in options:
        return None
    for option in options:
        origin = get_origin(option) or option
        if dataclasses.is_dataclass(option) and isinstance(value, Mapping):
            return build(option, value, where)  # type: ignore[arg-type]
        if origin is float and isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        if origin is tuple and isinstance(value, (list, tuple)):
            return tuple(value)
        if isinstance(origin, type) and isinstance(value, origin) and not (origin is int and isinstance(value, bool)):
            return value
        if not isinstance(origin, type) and value in get_args(option):  # Literal
            return value
    raise ConfigurationError(f"{value!r} is not {hint}", where=where, remedy=_number_remedy(value))


def _number_remedy(value: Any) -> str | None:
    return "PyYAML reads 1e-3 as text: write 1.0e-3" if isinstance(value, str) else None
