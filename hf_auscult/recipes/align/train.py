"""Training of the conditions: the same encoder, the same steps, another text side."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoModelForPreTraining, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ...alignment.objectives import get
from ...audio import Augmentation, WindowPolicy
from ...data import DATASETS
from ...data.trained_on import seen_people
from ...embedding.store import weights_of
from ...errors import ConfigurationError, LeakageError
from ...evaluation.contamination import origins_of
from ...features import FRONT_ENDS, AuscultFeatureExtractor, FrontEnd, WindowedFeatureExtractor
from ...files import new_folder, to_json, write_json
from ...models.acula import AcuLaConfig
from ...models.acula.modeling_acula import AcuLaModel
from ...models.acula.teacher_acula import resolve_teacher
from ...models.reachable import check_reachable
from ...training import (
    AlignmentArguments,
    AlignmentCollator,
    AlignmentDataset,
    AlignmentExample,
    AlignmentTrainer,
    CropPolicy,
)
from ...training.align import last_complete_checkpoint
from ...training.augmenting import check_augmentation
from ...training.resident import ResidentCollator, ResidentDataset, ResidentImages
from ...training.spectrograms import Spectrograms, TrainingRecording
from .conditions import Condition
from .config import AlignConfig
from .corpus import AudioReportCorpus, EmbeddedReports

# Settings that change nothing about what is trained: an interrupted run may go on under others.
NOT_TRAINED_ON = ("output", "seeds", "work", "evaluation", "checks", "compare", "retrieval_map")
HISTORY = "history.json"


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A condition's model and how its losses went: one mapping a logged step."""

    model: AcuLaModel
    history: list[dict[str, float]]


def feature_extractor(config: AlignConfig) -> WindowedFeatureExtractor:
    """Return the extractor of the run's encoder: the checkpoint's own, or the configured front end's."""
    if config.start.checkpoint:
        check_reachable(config.start.checkpoint)
        return AutoFeatureExtractor.from_pretrained(config.start.checkpoint)
    spec = FRONT_ENDS.get(config.start.front_end) or FrontEnd.of(config.start.front_end)
    return AuscultFeatureExtractor(spec, WindowPolicy("sliding", samples=spec.samples(config.start.frames)))


def new_model(config: AlignConfig, text_size: int, *, random: bool = False) -> AcuLaModel:
    """Return an AcuLa model with the run's encoder and fresh projections, the same for every call.

    Args:
        config: of the run.
        text_size: width of the teacher's embeddings.
        random: leave the encoder's weights as they are drawn, whatever the checkpoint.

    Raises:
        ConfigurationError: settings of `model` that do not fit.
    """
    set_seed(config.seed)
    objective = get(config.objective)
    encoder = load_encoder(config.start.checkpoint) if config.start.checkpoint else None
    try:
        settings = AcuLaConfig(
            audio_config=encoder.config if encoder is not None else dict(config.start.encoder),
            text_size=text_size,
            **config.teacher.model_settings(),
            objective=config.objective,
            logit_scale_init=math.log(objective.logit_scale_init),
            logit_bias_init=objective.logit_bias_init,
            **config.model,
        )
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error), where="model", remedy="see AcuLaConfig") from error
    model = AcuLaModel(settings)
    model.config.weights_origin = []
    if encoder is not None and config.start.weights is not None and not random:
        model.audio_model.load_state_dict(encoder.state_dict())
        model.config.weights_origin = origins_of(config.start.weights, encoder.config)
    return model


def compared_models(config: AlignConfig, corpus: AudioReportCorpus, text_size: int) -> dict[str, TrainedModel]:
    """Load the models that the run's own is compared with.

    Raises:
        ConfigurationError: another teacher or front end than the run's.
        LeakageError: a model that was trained on people of the run's test split.
    """
    models: dict[str, TrainedModel] = {}
    asked = resolve_teacher(config.teacher.name, config.teacher.revision)
    for path in config.compare:
        check_reachable(path)
        model = AcuLaModel.from_pretrained(path).eval()
        front_end = getattr(AutoFeatureExtractor.from_pretrained(path), "front_end", None)
        own = getattr(feature_extractor(config), "front_end", None)
        teacher = resolve_teacher(str(model.config.teacher), model.config.teacher_revision)
        if (model.config.text_size, teacher, front_end) != (text_size, asked, own):
            raise ConfigurationError(
                "has another teacher or front end than this run", where=path, remedy="take it out of `compare`"
            )
        seen = seen_people(path, corpus.dataset, prepared=corpus.folder)
        count = 0 if seen is None else seen.count(corpus.held_out().people.values())
        if seen is not None and (count or seen.other_lists):
            whom = f"{count} of the test people" if count else "another list of these people, which cannot be compared"
            raise LeakageError(f"was trained on {whom}", where=path, remedy="take it out of `compare`")
        models[Path(path).name] = TrainedModel(model, [])
    return models


def load_encoder(checkpoint: str) -> Any:
    """Load an encoder with its pre-training head where its type has one."""
    config_class = type(AutoConfig.from_pretrained(checkpoint))
    pretraining = config_class in AutoModelForPreTraining._model_mapping
    return (AutoModelForPreTraining if pretraining else AutoModel).from_pretrained(checkpoint)


def training_folder(
    config: AlignConfig, model: AcuLaModel, corpus: AudioReportCorpus, reports: dict[str, EmbeddedReports]
) -> Path:
    """Return where an interrupted run finds its conditions again: one folder for everything they are trained on.

    Its name is a hash of the settings, the initial weights, who is in which split, the audio, and the reports as this
    teacher reads them. Once any of these has changed, nothing that was trained before is used.
    """
    settings = {key: value for key, value in config.to_dict().items() if key not in NOT_TRAINED_ON}
    content = {
        "settings": settings,
        "weights": weights_of(model),
        "processes": PartialState().num_processes,
        "split": corpus.split_sha256(),
        "audio": corpus.audio_sha256(),
        "teacher": config.teacher.fingerprint(),
        "reports": {
            mask: [[(report.text, repr(report.facts)) for report in draws] for draws in embedded.reports]
            for mask, embedded in reports.items()
        },
    }
    digest = hashlib.sha256(to_json(content, indent=None, sort_keys=True).encode()).hexdigest()
    return Path(config.work) / "training" / digest[:16]


@dataclass(frozen=True)
class ConditionTrainer:
    """Trains conditions one after the other, each from a copy of the model it is given.

    Args:
        config: of the run.
        extractor: the encoder's.
        folder: of checkpoints and finished conditions, see `training_folder`.
        classes: number of classes of the run's task.
        progress: show bars.
    """

    config: AlignConfig
    extractor: WindowedFeatureExtractor
    folder: Path
    classes: int
    progress: bool = True

    @property
    def logs(self) -> Path:
        """Folder of the conditions' tensorboard files."""
        return Path(self.config.work) / "runs" / PurePath(self.config.output).name

    def _augmentation(self, groups: set[str]) -> Augmentation | dict[str, Augmentation] | None:
        chosen = self.config.augmentation
        if chosen == "published":
            return Augmentation.published()
        if chosen == "organ":
            return {
                group: Augmentation.for_organ(DATASETS[group].organ if group in DATASETS else "other")
                for group in groups
            }
        return chosen

    def start(self, model: AcuLaModel, examples: list[AlignmentExample]) -> TrainedModel:
        """Pre-train the encoder on the training people's sound alone, before any condition.

        Raises:
            ConfigurationError: an encoder without a pre-training objective.
        """
        if not model.can_reconstruct:
            raise ConfigurationError(
                f"{type(model.audio_model).__name__} has no pre-training objective", remedy="set start.steps to 0"
            )
        start = self.config.start
        own: dict[str, Any] = {"max_steps": start.steps, "learning_rate": start.learning_rate}
        own |= {"alignment_weight": 0.0, "adversarial_weight": 0.0, "label_weight": 0.0, "preservation": "own"}
        # Also before conditions that do without it.
        own |= {"reconstruction_weight": self.config.training.get("reconstruction_weight") or 1.0}
        own |= {"batch_norm": fresh_batch_norm()}
        return self._train("start", model, examples, own)

    def condition(self, condition: Condition, model: AcuLaModel, examples: list[AlignmentExample]) -> TrainedModel:
        """Train one condition from the model before alignment."""
        own: dict[str, Any] = {}
        if self.config.start.random and "batch_norm" not in self.config.training:
            own["batch_norm"] = fresh_batch_norm()
        if condition.text is None:
            own["alignment_weight"] = 0.0
            if not model.can_reconstruct:
                # Without an objective of its own, an encoder that is given no report stays where it is.
                own["preservation"] = "distillation"
        if condition.supervised:
            own |= {"alignment_weight": 0.0, "label_weight": 1.0}
        return self._train(condition.name, model, examples, own)

    def _train(
        self,
        name: str,
        model: AcuLaModel,
        examples: list[AlignmentExample],
        own: dict[str, Any],
    ) -> TrainedModel:
        """Train, or go on from the last complete checkpoint, or read back what was finished: equal weights in the end.

        Args:
            name: of the condition, also of its folder.
            model: copied first.
            examples: training recordings.
            own: training settings that differ from the run's.
        """
        folder = self.folder / name
        finished = folder / "finished"
        if not finished.is_dir():
            # Dropout of every condition starts from the same state.
            set_seed(self.config.seed)
            trainer = self._trainer(folder, copy.deepcopy(model), examples, own)
            if self.progress:
                trainer.add_callback(_Bar(name))
            trainer.train(resume_from_checkpoint=last_complete_checkpoint(folder))
            if trainer.is_world_process_zero():
                with new_folder(finished) as part:
                    trainer.aligned.save_pretrained(part)
                    write_json(part / HISTORY, [entry for entry in trainer.state.log_history if "loss" in entry])
                # What tensorboard draws outlives the run, whose folder does not.
                if (folder / "runs").is_dir():
                    shutil.copytree(folder / "runs", self.logs / name, dirs_exist_ok=True)
                for checkpoint in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
                    shutil.rmtree(checkpoint)
            trainer.accelerator.wait_for_everyone()
        # Read back even in the run that trained it, so that a resumed run goes on with the very same model.
        return TrainedModel(
            AcuLaModel.from_pretrained(finished).eval(), json.loads((finished / HISTORY).read_text("utf-8"))
        )

    def _trainer(
        self,
        folder: Path,
        model: AcuLaModel,
        examples: list[AlignmentExample],
        own: dict[str, Any],
    ) -> AlignmentTrainer:
        config = self.config
        defaults = {
            "dataloader_pin_memory": torch.cuda.is_available(),
            "logging_strategy": "steps",
            "save_total_limit": 1,
        }
        if config.resident:
            # Batches are made where the images are.
            own = {**own, "dataloader_num_workers": 0, "dataloader_pin_memory": False}
        # The run pushes its model once, when it is finished; conditions push nothing.
        settings = {name: value for name, value in config.training.items() if not name.startswith(("push_to_", "hub_"))}
        args = AlignmentArguments(
            str(folder),
            seed=config.seed,
            disable_tqdm=not self.progress,
            run_name=f"{PurePath(config.output).name}/{folder.name}",
            **{**defaults, **settings, **own},
        )
        samples = crop_samples(config, self.extractor)
        crop = CropPolicy(samples, config.crop_start, config.crop_padding)
        chosen: dict[str, Any] = {
            "noise_size": noise_size(model, self.extractor, samples),
            "augmentation": self._augmentation({example.group for example in examples}),
            "seed": config.seed,
        }
        dataset = AlignmentDataset(examples, crop, sampling_rate=self.extractor.sampling_rate, **chosen)
        collator = AlignmentCollator(self.extractor)
        if config.resident:
            images = resident_images(examples, self.extractor, self.folder / "images", args.device)
            dataset = ResidentDataset(examples, images, crop, **chosen)
            frames = self.extractor.window_features(np.zeros((1, samples), np.float32)).shape[1]
            collator = ResidentCollator(self.extractor, images, frames)
        check_augmentation(dataset, self.extractor)
        trainer = AlignmentTrainer(
            model,
            args,
            classes=self.classes,
            train_dataset=dataset,
            data_collator=collator,
        )
        for callback in (ProgressCallback, PrinterCallback):
            trainer.remove_callback(callback)
        return trainer


def fresh_batch_norm() -> str:
    """Return how a fresh encoder is normalised: it has no statistics yet that could be kept."""
    return "batch" if PartialState().num_processes == 1 else "synchronised"


def resident_images(
    examples: Sequence[AlignmentExample], extractor: WindowedFeatureExtractor, folder: Path, device: torch.device
) -> ResidentImages:
    """Put the images of all recordings on a device; they are computed once a run.

    Raises:
        ConfigurationError: a front end whose images cannot be cut and scaled afterwards.
    """
    spec = getattr(extractor, "front_end", None)
    if spec is None:
        raise ConfigurationError(
            f"{type(extractor).__name__} has no front end of ours", where="resident", remedy="set resident to false"
        )
    with PartialState().main_process_first():
        if not folder.is_dir():
            recordings = (
                TrainingRecording(one.waveform[:], one.group, one.subject_id, "train", str(row))
                for row, one in enumerate(examples)
            )
            Spectrograms.write(folder, recordings, spec)
    return ResidentImages(Spectrograms.open(folder), device)


def crop_samples(config: AlignConfig, extractor: WindowedFeatureExtractor) -> int:
    """Return the length of a training crop: the run's own, or one window of the extractor."""
    if config.crop_samples is not None:
        return config.crop_samples
    length = extractor.windows.length(extractor.sampling_rate)
    assert length is not None
    return length


def noise_size(model: AcuLaModel, extractor: WindowedFeatureExtractor, samples: int) -> int:
    """Return how many noise values the encoder's own objective takes a crop; 0 for encoders without one."""
    if not model.can_reconstruct:
        return 0
    features = extractor.window_features(np.zeros((1, samples), np.float32))
    return int(model.audio_model.noise_size(features.shape[1]))


class _Bar(ProgressCallback):
    """One bar a condition, with its losses beside it instead of a line a log."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        super().on_train_begin(args, state, control, **kwargs)
        if self.training_bar is not None:
            self.training_bar.set_description(f"train {self.name}")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        names = {
            "alignment_loss": "align",
            "reconstruction_loss": "preserve",
            "distillation_loss": "preserve",
            "loss": "loss",
        }
        if self.training_bar is not None and logs:
            shown = {short: f"{logs[name]:.3f}" for name, short in names.items() if name in logs}
            self.training_bar.set_postfix(shown)
