"""Training of one condition: the same encoder, the same steps, another text side."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoModelForPreTraining, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ...alignment.objectives import get
from ...audio import WindowPolicy
from ...errors import ConfigurationError
from ...features import FRONT_ENDS, AuscultFeatureExtractor, FrontEnd, WindowedFeatureExtractor
from ...files import new_folder, write_json
from ...models.acula import AcuLaConfig
from ...models.acula.modeling_acula import AcuLaModel
from ...training import (
    AlignmentArguments,
    AlignmentCollator,
    AlignmentDataset,
    AlignmentExample,
    AlignmentTrainer,
    CropPolicy,
    LabelSupervisedModel,
)
from ...training.align import last_complete_checkpoint
from ...training.preservation import resolve
from ...training.supervise import LabelSupervisedTrainer
from .conditions import Condition
from .config import RunConfig


@dataclass(frozen=True, eq=False)
class Trained:
    """A condition's model and how its losses went: one mapping a logged step."""

    model: AcuLaModel
    history: list[dict[str, float]]


def feature_extractor(config: RunConfig) -> WindowedFeatureExtractor:
    """Return the extractor of the run's encoder: the checkpoint's own, or the configured front end's."""
    if config.start.checkpoint:
        return AutoFeatureExtractor.from_pretrained(config.start.checkpoint)
    spec = FRONT_ENDS.get(config.start.front_end) or FrontEnd.of(config.start.front_end)
    return AuscultFeatureExtractor(spec, WindowPolicy("sliding", samples=spec.samples(config.start.frames)))


def new_model(config: RunConfig, text_size: int) -> AcuLaModel:
    """Return an AcuLa model with the run's encoder and fresh projections, the same for every call."""
    set_seed(config.seed)
    objective = get(config.training.get("objective", "infonce"))
    encoder = load_encoder(config.start.checkpoint) if config.start.checkpoint else None
    model = AcuLaModel(
        AcuLaConfig(
            audio_config=encoder.config if encoder is not None else dict(config.start.encoder),
            text_size=text_size,
            **config.teacher.model_settings(),
            objective=config.training.get("objective", "infonce"),
            logit_scale_init=math.log(objective.logit_scale_init),
            logit_bias_init=objective.logit_bias_init,
            **config.model,
        )
    )
    if encoder is not None:
        model.audio_model.load_state_dict(encoder.state_dict())
    return model


def load_encoder(checkpoint: str) -> Any:
    """Load an encoder with its pre-training head where its type has one."""
    found = type(AutoConfig.from_pretrained(checkpoint))
    pretraining = found in AutoModelForPreTraining._model_mapping
    return (AutoModelForPreTraining if pretraining else AutoModel).from_pretrained(checkpoint)


def train(
    config: RunConfig,
    name: str,
    model: AcuLaModel,
    examples: list[AlignmentExample],
    extractor: WindowedFeatureExtractor,
    *,
    condition: Condition | None = None,
    classes: int = 2,
    progress: bool = True,
) -> Trained:
    """Train a copy of `model` for the run's steps (of the audio-only start when `condition` is `None`).

    An interrupted run continues: a finished condition is read back, an unfinished one goes on from its last complete
    checkpoint and ends with the same weights.
    """
    folder = training_folder(config) / name
    finished = folder / "finished"
    if (finished / "history.json").is_file():
        history = json.loads((finished / "history.json").read_text())
        return Trained(AcuLaModel.from_pretrained(finished).eval(), history)
    settings = {"dataloader_pin_memory": torch.cuda.is_available(), **config.training}
    text = condition is not None and condition.text is not None
    if condition is None:
        if not model.can_reconstruct:
            raise ConfigurationError(
                f"{type(model.audio_model).__name__} has no pre-training objective", remedy="set start.steps to 0"
            )
        settings |= {"max_steps": config.start.steps, "learning_rate": config.start.learning_rate}
    if not text:
        settings |= {"alignment_weight": 0.0}
        if not model.can_reconstruct:
            # Without an objective of its own, an encoder that hears no report stays where it is.
            settings |= {"preservation": "distillation"}
    args = AlignmentArguments(
        str(folder),
        seed=config.seed,
        disable_tqdm=not progress,
        logging_strategy="steps",
        save_total_limit=1,
        **settings,
    )
    model = copy.deepcopy(model)
    samples = crop_samples(config, extractor)
    dataset = AlignmentDataset(
        examples,
        CropPolicy(samples, config.crop_start, config.crop_padding),
        sampling_rate=extractor.sampling_rate,
        noise_size=noise_size(model, extractor, samples),
        augmentation=config.augmentation,
        seed=config.seed,
    )
    # Dropout of every condition starts from the same state.
    set_seed(config.seed)
    common: dict[str, Any] = {
        "args": args,
        "train_dataset": dataset,
        "data_collator": AlignmentCollator(extractor),
    }
    trainer: AlignmentTrainer | LabelSupervisedTrainer
    if condition is not None and condition.supervised:
        preservation = resolve(args.preservation, model, args.objective)
        supervised = LabelSupervisedModel(model, classes, args.reconstruction_weight, preservation)
        trainer = LabelSupervisedTrainer(model=supervised, **common)
    else:
        trainer = AlignmentTrainer(model, **common)
    for callback in (ProgressCallback, PrinterCallback):
        trainer.remove_callback(callback)
    if progress:
        trainer.add_callback(_Bar(name))
    trainer.train(resume_from_checkpoint=last_complete_checkpoint(folder))
    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    model = model.eval().to("cpu")
    if trainer.is_world_process_zero():
        with new_folder(finished) as part:
            model.save_pretrained(part)
            write_json(part / "history.json", history)
        for checkpoint in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
            shutil.rmtree(checkpoint)
    trainer.accelerator.wait_for_everyone()
    return Trained(model, history)


def training_folder(config: RunConfig) -> Path:
    """Return where an interrupted run finds its conditions again: one folder for every content of the run's file."""
    settings = json.dumps(config.to_dict(), sort_keys=True, default=str)
    return Path(config.work) / "training" / hashlib.sha256(settings.encode()).hexdigest()[:12]


def crop_samples(config: RunConfig, extractor: WindowedFeatureExtractor) -> int:
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
