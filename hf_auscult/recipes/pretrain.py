"""Pre-train an encoder on sound alone: one YAML file in, a folder that `from_pretrained` loads out."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env
from transformers import AutoConfig, AutoFeatureExtractor, AutoModelForPreTraining, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from ..audio import WindowPolicy, read
from ..data.audit import words_of
from ..data.corpus_people import Recording, barred, together
from ..data.load import manifest_of
from ..data.manifest import CORPUS
from ..data.people import ids_of, person_of
from ..data.trained_on import FILE as PEOPLE_FILE
from ..data.trained_on import merged, read_training_people, salt_of, training_people
from ..embedding.store import weights_of
from ..errors import ConfigurationError, DataError
from ..evaluation.contamination import ORIGIN, origins_of
from ..features import AuscultFeatureExtractor, FrontEnd
from ..files import Serialisable, check_folder, new_folder, to_json, write_json, write_text
from ..metrics.tables import Table
from ..models.reachable import check_reachable
from ..plots.curves import loss_plot
from ..plots.maps import embedding_map
from ..training.align import last_complete_checkpoint
from ..training.pretrain import PretrainingArguments, PretrainingDataset, PretrainingTrainer, ViewPolicy
from ..training.spectrograms import Spectrograms, TrainingRecording
from .align.config import build, check_training, excluded_names, excluded_people, read_settings
from .align.corpus import recording_rows
from .align.results import repository_name, without_absolute_paths

PACKAGES = ("hf-auscult", "torch", "transformers", "accelerate", "numpy")
HISTORY = "history.json"
# What changes nothing about the weights: an interrupted run may go on under another.
NOT_TRAINED_ON = ("output", "work", "windows")


@dataclass(frozen=True)
class PretrainData:
    """Whose sound is learned from: the training people of every dataset, never reserved ones.

    Args:
        prepared: folders that `prepare` or `corpus` wrote.
        exclude_people: ids, `dataset:id` or bare, who are left out; or a file with one on each line.
    """

    prepared: str | tuple[str, ...]
    exclude_people: str | tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders."""
        return tuple(Path(name) for name in ([self.prepared] if isinstance(self.prepared, str) else self.prepared))


@dataclass(frozen=True)
class PretrainStart:
    """What is trained.

    Args:
        checkpoint: folder or Hub id of a model to go on from, with its front end; `None` for a new one.
        front_end: of a new one, by name.
        encoder: configuration of a new one, `model_type` and sizes; of a checkpoint, settings that differ.
    """

    checkpoint: str | None = None
    front_end: str = "opera"
    encoder: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PretrainConfig(Serialisable):
    """One pre-training.

    Args:
        output: folder of the model.
        data, start, views: see their classes.
        work: folder of images and checkpoints.
        seed: of weights, order and views.
        windows: settings of the saved extractor's `WindowPolicy`; windows of the longest view by default.
        training: settings of `PretrainingArguments`, transformers' `TrainingArguments` included.

    Raises:
        ConfigurationError: a setting in `training` that does not exist, has another type, or belongs elsewhere.
    """

    output: str
    data: PretrainData
    start: PretrainStart
    work: str = ".auscult"
    seed: int = 0
    views: ViewPolicy = field(default_factory=ViewPolicy)
    windows: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_training(self.training, PretrainingArguments)


@dataclass(frozen=True, eq=False)
class PretrainResult(Serialisable):
    """What `pretrain` returns: also the contents of results.json.

    Args:
        name: of the model.
        config: of the run.
        command: what was typed, if anything.
        people, recordings: dataset -> split -> how many.
        excluded: recordings of reserved and excluded people, and copies of theirs, that were left out.
        parameters: of the encoder.
        history: logged figures of training and validation.
        versions: of Python and the packages.
        seconds: of the whole run.
    """

    name: str
    config: dict[str, Any]
    command: str
    people: dict[str, dict[str, int]]
    recordings: dict[str, dict[str, int]]
    excluded: int
    parameters: int
    history: list[dict[str, float]]
    versions: dict[str, str]
    seconds: float

    @property
    def last(self) -> dict[str, float]:
        """The last figures on validation people; empty where there are none."""
        return next((entry for entry in reversed(self.history) if "eval_loss" in entry), {})


def load_config(path: str | Path, overrides: dict[str, Any] | None = None) -> PretrainConfig:
    """Read a run's YAML file; see `hf_auscult.recipes.align.config.load_config`."""
    return build(PretrainConfig, read_settings(path, overrides), str(path))


def pretrain(
    config: PretrainConfig | str | Path, *, command: str = "", progress: bool = True, overwrite: bool = False
) -> PretrainResult | None:
    """Pre-train an encoder on sound alone and write it.

    Contrastive models (OPERA-CT, OPERA-CE, AuscultaBase) compare views of a recording, or of a person; masked
    autoencoders (OPERA-GT, AudioMAE) reconstruct. Every batch is of one dataset, datasets are drawn by their size. An
    interrupted run goes on where it was.

    Args:
        config: of the run, or the path of its YAML file; see `examples/configs/pretrain_*.yaml`.
        command: what was typed, for the card.
        progress: show a bar.
        overwrite: replace the folder of a finished run.

    Returns:
        The results; `None` on other processes than the first.

    Writes `config.output`: the model, its extractor, training_people.json, results.json, README.md, figures.

    Raises:
        ConfigurationError: a setting is wrong, an encoder has no pre-training objective, or the output is
            finished and not to be replaced, or holds files that no earlier run wrote.
        DataError: no recordings.

    Example:
        `hf_auscult.pretrain("examples/configs/pretrain_heart.yaml").last`
    """
    if not isinstance(config, PretrainConfig):
        config = load_config(config)
    started = time.perf_counter()
    # Without being told, accelerate takes two CPU processes for two runs of one process.
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"))
    check_folder(config.output, replace=overwrite)
    model, extractor = _start(config)
    with state.main_process_first():
        store, skipped, hashes = spectrograms(config, extractor.front_end)
    noise_size = None if hasattr(model, "views") else model.noise_size
    parts = {
        split: PretrainingDataset(store, config.views, split=split, noise_size=noise_size, seed=config.seed)
        for split in ("train", "validation")
    }
    folder = Path(config.work) / "pretraining" / _digest(config, model, store)
    finished = folder / "finished"
    if not finished.is_dir():
        trainer = _trainer(config, model, parts, folder, progress)
        trainer.train(resume_from_checkpoint=last_complete_checkpoint(folder))
        if len(parts["validation"]) and "eval_loss" not in trainer.state.log_history[-1]:
            trainer.evaluate()
        if state.is_main_process:
            with new_folder(finished) as part:
                trainer.accelerator.unwrap_model(trainer.model).save_pretrained(part)
                write_json(part / HISTORY, [entry for entry in trainer.state.log_history if "train_loss" not in entry])
        state.wait_for_everyone()
    if not state.is_main_process:
        return None
    trained = type(model).from_pretrained(finished).eval()
    counts = {
        what: {
            source: {split: len({key for s, p, key in rows if (s, p) == (source, split)}) for split in parts}
            for source in sorted(set(store.groups))
        }
        for what, rows in (
            ("people", list(zip(store.groups, store.splits, store.people, strict=True))),
            ("recordings", list(zip(store.groups, store.splits, store.names, strict=True))),
        )
    }
    result = PretrainResult(
        name=Path(config.output).name,
        config=without_absolute_paths({**config.to_dict(), "output": repository_name(config.output)}),
        command=command,
        people=counts["people"],
        recordings=counts["recordings"],
        excluded=skipped,
        parameters=sum(value.numel() for value in trained.encoder.parameters()),
        history=json.loads((finished / HISTORY).read_text("utf-8")),
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        seconds=round(time.perf_counter() - started, 1),
    )
    _write(config, result, trained, extractor, parts, hashes)
    shutil.rmtree(folder, ignore_errors=True)
    return result


def _start(config: PretrainConfig) -> tuple[Any, AuscultFeatureExtractor]:
    """Return the model to train and its extractor, the same for every call."""
    set_seed(config.seed)
    start = config.start
    if start.checkpoint is None:
        settings = dict(start.encoder)
        if "model_type" not in settings:
            raise ConfigurationError("no model_type", where="start.encoder", remedy="name one, opera-ce for example")
        values = AutoConfig.for_model(settings.pop("model_type"), **settings)
    else:
        check_reachable(start.checkpoint)
        values = AutoConfig.from_pretrained(start.checkpoint, **start.encoder)
    if type(values) not in AutoModelForPreTraining._model_mapping:
        raise ConfigurationError(
            f"{values.model_type} has no pre-training objective",
            where="start",
            remedy="use opera-ct, opera-ce, opera-gt, auscultabase or audiomae",
        )
    if start.checkpoint is None:
        model = AutoModelForPreTraining.from_config(values)
        spec, origins = FrontEnd.of(start.front_end), []
        published: dict[str, Any] = {}
    else:
        model = AutoModelForPreTraining.from_pretrained(start.checkpoint, config=values)
        given = AutoFeatureExtractor.from_pretrained(start.checkpoint)
        spec, origins = given.front_end, origins_of(start.checkpoint, values)
        published = {name: getattr(given, name) for name in ("published_windows", "published_variants")}
        if not config.windows:
            published["windows"] = given.windows
    setattr(model.config, ORIGIN, origins)
    frames = config.views.frames
    longest = max(frames.values()) if isinstance(frames, dict) else frames
    windows = WindowPolicy(**config.windows or {"kind": "sliding", "samples": spec.samples(longest)})
    return model, AuscultFeatureExtractor(spec, **{"windows": windows, **published})


def spectrograms(config: PretrainConfig, front_end: FrontEnd) -> tuple[Spectrograms, int, dict[str, Any]]:
    """Return the images of all recordings that may be learned from, computed once.

    Returns:
        The images, how many recordings were left out, and the content of training_people.json.
    """
    data = config.data
    excluded = excluded_people(data.exclude_people)
    manifests = [
        json.loads((folder / CORPUS).read_text("utf-8")) if (folder / CORPUS).is_file() else manifest_of(folder)
        for folder in data.folders
    ]
    key = hashlib.sha256(to_json([manifests, sorted(excluded), front_end]).encode()).hexdigest()[:16]
    folder = Path(config.work) / "images" / key
    people_file = folder.with_suffix(".people.json")
    if not (folder.is_dir() and people_file.is_file()):
        shutil.rmtree(folder, ignore_errors=True)
        ids: dict[str, set[str]] = {}
        skipped: list[str] = []
        recordings = training_recordings(data.folders, front_end.sampling_rate, excluded, ids, skipped)
        Spectrograms.write(folder, recordings, front_end, key=key)
        salts: dict[str, str] = {}
        for place, manifest in zip(data.folders, manifests, strict=True):
            if "dataset" in manifest:
                salts[manifest["dataset"]] = salt_of(manifest["dataset"], place)
            else:
                salts |= manifest.get("salts", {})
        listed = merged([training_people(source, people, salt=salts.get(source)) for source, people in ids.items()])
        write_json(people_file, {"skipped": len(skipped), "people": listed})
    content = json.loads(people_file.read_text("utf-8"))
    return Spectrograms.open(folder), content["skipped"], content["people"]


def training_recordings(
    folders: Sequence[Path],
    sampling_rate: int,
    excluded: frozenset[str],
    ids: dict[str, set[str]],
    skipped: list[str],
) -> Iterator[TrainingRecording]:
    """Yield recordings of training and validation people, one at a time.

    Left out as well is whoever shares a recording or a take with reserved, excluded or test people of any folder.

    Args:
        folders: that `prepare` or `corpus` wrote.
        sampling_rate: of the waveforms, in Hz.
        excluded: ids of people who are left out.
        ids: filled with every id of the people of the training split, by dataset.
        skipped: filled with the names of what was left out.

    Raises:
        DataError: an excluded id that nobody has.
    """
    known: set[str] = set()
    listened: list[Recording] = []
    for folder in folders:
        for split, row in recording_rows(folder, audio=len(folders) > 1):  # `prepare` has listened within each
            own = excluded_names(row, excluded)
            known.update(own)
            words = words_of(row["audio"]) if "audio" in row else np.empty(0, np.uint32)
            key = (str(row["source"]), str(row["recording_id"]))
            part = "excluded" if own else split
            listened.append(Recording(key, row["subject_id"], part, row["audio_sha256"], words, row.get("person")))
    kept_out = barred(listened, *together(listened))
    if unknown := sorted(excluded - known):
        raise DataError(
            f"{len(unknown)} excluded people are in none of the datasets: {', '.join(unknown[:5])}",
            where="data.exclude_people",
            remedy="write their ids as the datasets do",
        )
    seen: set[str] = set()
    for folder in folders:
        for split, row in recording_rows(folder, audio=True):
            source, name, sha = str(row["source"]), str(row["recording_id"]), str(row["audio_sha256"])
            if (source, name) in kept_out or sha in seen:
                skipped.append(f"{source}/{name}")
                continue
            seen.add(sha)
            if split == "train":
                ids.setdefault(source, set()).update(ids_of(row))
            waveform = read(row["audio"], sampling_rate=sampling_rate).array
            organ, names = str(row.get("organ") or ""), tuple(sorted(ids_of(row)))
            yield TrainingRecording(waveform, source, person_of(row), split, name, organ, names)


def _digest(config: PretrainConfig, model: Any, store: Spectrograms) -> str:
    """Name what an interrupted run must agree with to be gone on with: settings, first weights, data, processes."""
    settings = {key: value for key, value in config.to_dict().items() if key not in NOT_TRAINED_ON}
    content = [store.sha256(), settings, PartialState().num_processes, weights_of(model)]
    return hashlib.sha256(to_json(content, indent=None, sort_keys=True).encode()).hexdigest()[:16]


def _trainer(
    config: PretrainConfig, model: Any, parts: dict[str, PretrainingDataset], folder: Path, progress: bool
) -> PretrainingTrainer:
    defaults = {"save_total_limit": 1, "dataloader_pin_memory": torch.cuda.is_available(), "save_strategy": "steps"}
    if len(parts["validation"]) and "eval_strategy" not in config.training:
        defaults |= {"eval_strategy": "steps", "eval_steps": config.training.get("logging_steps", 500)}
    args = PretrainingArguments(
        str(folder), seed=config.seed, disable_tqdm=not progress, **{**defaults, **config.training}
    )
    validation = parts["validation"] if len(parts["validation"]) else None
    trainer = PretrainingTrainer(model, args, train_dataset=parts["train"], eval_dataset=validation)
    trainer.remove_callback(PrinterCallback)
    if progress:
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(Bar())
    return trainer


class Bar(ProgressCallback):
    """transformers' bar, with the loss beside it instead of a line a log."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Show the loss."""
        if self.training_bar is not None and logs and "loss" in logs:
            self.training_bar.set_postfix(loss=f"{float(logs['loss']):.3f}")

    def on_prediction_step(self, *args: Any, **kwargs: Any) -> None:
        """Show nothing."""


def _write(
    config: PretrainConfig,
    result: PretrainResult,
    model: Any,
    extractor: AuscultFeatureExtractor,
    parts: dict[str, PretrainingDataset],
    people: dict[str, Any],
) -> None:
    checkpoint = config.start.checkpoint
    earlier = [read_training_people(checkpoint) or {}] if checkpoint else []
    with new_folder(config.output, replace=True) as folder:
        model.save_pretrained(folder)
        extractor.save_pretrained(folder)
        write_json(folder / PEOPLE_FILE, merged([*earlier, people]))
        write_json(folder / "results.json", result.to_dict(), sort_keys=True)
        panels = curves(result.history)
        if panels:
            loss_plot(panels, folder / "pretraining.png", title="one line a dataset")
        heard = parts["validation"] if len(parts["validation"]) else parts["train"]
        rows, labels = segments(model, heard)
        if len(rows) >= 4:
            embedding_map(rows, labels, folder / "segments.png", title="segments, a colour for every recording")
        write_text(folder / "README.md", card(result, figures=bool(panels)))


def curves(history: Sequence[dict[str, float]]) -> dict[str, dict[str, np.ndarray]]:
    """Return loss and instance accuracy over steps, training and validation (AuscultaBase, figures 10 and 11)."""
    panels: dict[str, dict[str, np.ndarray]] = {}
    for prefix, title in (("", "training"), ("eval_", "validation")):
        for figure in ("loss", "accuracy"):
            start = f"{prefix}{figure}_"
            names = sorted({key.removeprefix(start) for entry in history for key in entry if key.startswith(start)})
            runs = {
                name: np.array([(entry["step"], entry[start + name]) for entry in history if start + name in entry]).T
                for name in names[:7]  # colours that can be told apart
            }
            if runs:
                panels[f"{title} {figure}"] = runs
    return panels


def segments(
    model: Any, dataset: PretrainingDataset, recordings: int = 5, number: int = 8
) -> tuple[np.ndarray, list[str]]:
    """Return embeddings of random segments of some recordings of each dataset (AuscultaBase, figure 12).

    Returns:
        (segments, D) and the recording of each.
    """
    groups = np.asarray(dataset.groups)
    rows: list[np.ndarray] = []
    labels: list[str] = []
    # A map's colours end at seven.
    for source in dict.fromkeys(dataset.groups):
        for position in np.flatnonzero(groups == source)[:recordings]:
            if len(set(labels)) == 7:
                break
            views = [dataset[epoch, int(position)]["first"] for epoch in range(number)]
            with torch.no_grad():
                rows.append(model.encoder(torch.from_numpy(np.stack(views))).pooler_output.float().numpy())
            labels += [f"{source} {dataset.store.names[dataset.rows[position]]}"] * number
    return (np.concatenate(rows) if rows else np.empty((0, 0))), labels


CARD = """---
{front}
---

# {name}

An encoder of body sounds, pre-trained on sound alone: no label and no report was used. `{model_type}`,
{parameters:,} parameters, front end `{front_end}`.

**For research only. Not a medical device; not for diagnosis, screening or treatment decisions.**

```python
import hf_auscult

embeddings = hf_auscult.embed("{repository}", ["recording.wav"])  # one row a recording
```

## Trained on

{table}

People of other splits, reserved people and {excluded} recordings of people who were left out (copies included) were not
heard. training_people.json holds hashes of those who were.

## How

```yaml
{config}
```

{seconds} s{command}.{figures}
"""


def card(result: PretrainResult, *, figures: bool) -> str:
    """Return README.md."""
    rows: list[list[str | int]] = []
    for source, parts in result.people.items():
        last = [result.last.get(f"eval_{figure}_{source}") for figure in ("loss", "accuracy")]
        shown = ["–" if value is None else f"{value:.3f}" for value in last]
        rows.append([source, parts["train"], result.recordings[source]["train"], parts["validation"], *shown])
    header = ("", "people", "recordings", "validation people", "validation loss", "instance accuracy")
    front = {
        "license": "apache-2.0",
        "library_name": "transformers",
        "pipeline_tag": "feature-extraction",
        "tags": ["auscultation", "body-sound", "hf_auscult"],
    }
    start = result.config["start"]
    settings = {name: result.config[name] for name in ("start", "views", "training", "seed")}
    return CARD.format(
        front=yaml.safe_dump(front, sort_keys=False).strip(),
        name=result.name,
        model_type=start["encoder"].get("model_type") or start["checkpoint"],
        parameters=result.parameters,
        front_end=start["front_end"] if start["checkpoint"] is None else f"of {start['checkpoint']}",
        repository=result.config["output"],
        table=Table(header, rows, names=1).markdown(),
        excluded=result.excluded,
        config=yaml.safe_dump(json.loads(to_json(settings)), sort_keys=False).strip(),
        seconds=result.seconds,
        command=f" by `{result.command}`" if result.command else "",
        figures="\n\n![losses](pretraining.png)\n\n![segments](segments.png)" if figures else "",
    )
