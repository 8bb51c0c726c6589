"""Pre-training on sound alone: two views of a recording or a person compared, or masked patches reconstructed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Sampler
from transformers import TrainerCallback

from ..errors import ConfigurationError
from ..models.shared.cola import compare_views, masked_rows
from .batch_norm import BatchNormMode
from .dataset import EpochSampler, Index
from .large_batches import gather_rows
from .spectrograms import Spectrograms, fitted
from .trainer import AuscultArguments, AuscultTrainer

# What a batch is worth; reconstruction has no accuracy.
FIGURES = ("loss", "accuracy")


@dataclass(frozen=True)
class ViewPolicy:
    """What pre-training sees of a recording.

    Args:
        frames: length of a view in frames, for all or by dataset or `dataset/organ` (OPERA: 200, 100 or 50).
        scale: decibels relative to the maximum of the `crop`, as in use, or of the whole `recording`, as OPERA cuts.
        padding: of recordings shorter than a view: `repeat` or `zero` (OPERA-GT).
        across: share of pairs whose second view is of another recording of the same person, where there is one.
        mask_start_rate, mask_continue_rate: of a frame to start, and to go on with, a run that is set to the image's
            mean (OPERA and AuscultaBase: 0.1, 0.2).
        loudness: views are multiplied by 1 ± this (0.1).
        stripes, stripe_bands, stripe_frames: SpecAugment: so many stripes on each axis, each below so many bands or
            frames wide, set to the view's mean; 0 for none.
    """

    frames: int | dict[str, int] = 128
    scale: Literal["crop", "recording"] = "crop"
    padding: Literal["repeat", "zero"] = "repeat"
    across: float = 0.0
    mask_start_rate: float = 0.0
    mask_continue_rate: float = 0.0
    loudness: float = 0.0
    stripes: int = 0
    stripe_bands: int = 8
    stripe_frames: int = 16

    def __post_init__(self) -> None:
        for name in ("across", "mask_start_rate", "mask_continue_rate", "loudness"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigurationError(f"views.{name} is {getattr(self, name)}", remedy="give a share of 0 to 1")
        lengths = self.frames.values() if isinstance(self.frames, Mapping) else [self.frames]
        if min(lengths, default=0) < 1 or self.stripes < 0:
            raise ConfigurationError(f"views of {self.frames} frames, {self.stripes} stripes", remedy="give 1 or more")

    def length(self, source: str) -> int:
        """Return the frames of a view of a dataset, or of `dataset/organ`; `default` is of those that are not named."""
        if not isinstance(self.frames, Mapping):
            return self.frames
        for name in (source, source.partition("/")[0], "default"):
            if name in self.frames:
                return self.frames[name]
        raise ConfigurationError(f"views.frames names no length for {source}", remedy="add it, or `default`")


class PretrainingDataset(torch.utils.data.Dataset[dict[str, Any]]):
    """Map-style dataset over `(epoch, position)`: every draw follows from the seed, the epoch and the position.

    Items hold `first` and `second` (frames, bands), or, for masked reconstruction, `first` and `noise`; `person` and
    `source` as numbers.

    Args:
        store: images of the recordings.
        views: how they are cut.
        split: whose recordings.
        noise_size: frames -> noise values of a reconstruction; `None` for pairs of views.
        seed: of all draws.
    """

    def __init__(
        self, store: Spectrograms, views: ViewPolicy, *, split: str = "train", noise_size: Any = None, seed: int = 0
    ) -> None:
        self.store, self.views, self.noise_size, self.seed = store, views, noise_size, seed
        self.rows = store.rows(split)
        groups = store.groups
        self.groups = [groups[row] for row in self.rows]
        self.sources = sorted(set(groups))
        self.people = np.unique([f"{groups[row]} {store.people[row]}" for row in self.rows], return_inverse=True)[1]
        order = np.argsort(self.people, kind="stable")
        bounds = np.searchsorted(self.people[order], np.arange(self.people.max(initial=-1) + 2))
        self._of_person = [order[start:end] for start, end in pairwise(bounds)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Index) -> dict[str, Any]:
        epoch, position = index
        rng = np.random.default_rng((self.seed, epoch, position))
        item = {
            "first": self._view(position, rng),
            "person": int(self.people[position]),
            "source": self.sources.index(self.groups[position]),
        }
        if self.noise_size is not None:
            item["noise"] = rng.random(self.noise_size(len(item["first"])), dtype=np.float32)
            return item
        other = position
        own = self._of_person[self.people[position]]
        if len(own) > 1 and rng.random() < self.views.across:
            other = int(rng.choice(own[own != position]))
        item["second"] = self._view(other, rng)
        return item

    def start(self, position: int, rng: np.random.Generator) -> int:
        """Draw the first frame of a view: any that leaves room for it."""
        row = self.rows[position]
        return int(rng.integers(max(0, self.store.frames(row) - self.views.length(self.groups[position])) + 1))

    def _view(self, position: int, rng: np.random.Generator) -> np.ndarray:
        views, row = self.views, int(self.rows[position])
        size = views.length(self.groups[position])
        start = self.start(position, rng)
        image = self.store.crop(row, start, size, views.scale)
        if views.mask_start_rate:
            runs = torch.from_numpy(rng.random((1, 2, len(image)), dtype=np.float32))
            hidden = masked_rows(runs, views.mask_start_rate, views.mask_continue_rate)[0].numpy()
            whole = image if views.scale == "crop" else self.store.crop(row, scale="recording")
            image[hidden] = whole.mean()
        for axis, width in ((0, views.stripe_frames), (1, views.stripe_bands)):
            for _ in range(views.stripes):
                length = int(rng.integers(min(width, image.shape[axis])))
                first = int(rng.integers(image.shape[axis] - length + 1))
                hide = (slice(first, first + length), slice(None))
                image[hide if axis == 0 else hide[::-1]] = image.mean()
        if views.loudness:
            image = image * np.float32(1 + views.loudness * (2 * rng.random() - 1))
        return fitted(image, size, views.padding, self.store.zero)


def collate(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Stack items of a `PretrainingDataset`."""
    return {
        name: torch.from_numpy(np.stack([item[name] for item in items])).contiguous()
        if isinstance(items[0][name], np.ndarray)
        else torch.tensor([item[name] for item in items])
        for name in items[0]
    }


@dataclass
class PretrainingArguments(AuscultArguments):
    """`AuscultArguments` with the published values as defaults (AuscultaBase; OPERA has other epochs).

    Args:
        epoch_decay: the learning rate is multiplied by this after every epoch; 0 for `lr_scheduler_type`.
        max_seconds: training stops after so long, whatever the step; 0 for no limit.
        validation_pairs: recordings of a dataset that are looked at in validation, at most.
    """

    epoch_decay: float = field(default=0.99, metadata={"help": "learning rate factor of an epoch, 0 for none"})
    max_seconds: float = field(default=0.0, metadata={"help": "seconds after which training stops, 0 for no limit"})
    validation_pairs: int = field(default=512, metadata={"help": "recordings of a dataset looked at in validation"})

    learning_rate: float = field(default=1e-4)
    weight_decay: float = field(default=0.0)  # AdamW without decay is Adam
    num_train_epochs: float = field(default=200.0)
    per_device_train_batch_size: int = field(default=128)
    dataloader_drop_last: bool = field(default=True)
    # A new network's statistics are what it sees; those it begins with mean nothing.
    batch_norm: BatchNormMode = field(default="batch", metadata={"help": "frozen, synchronised or batch"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.epoch_decay <= 1 or self.max_seconds < 0:
            raise ConfigurationError(
                f"epoch_decay {self.epoch_decay}, max_seconds {self.max_seconds}", remedy="use 0 to switch them off"
            )
        if self.max_seconds and self.world_size > 1:
            raise ConfigurationError("max_seconds on several processes, whose clocks differ", remedy="use max_steps")


class PretrainingTrainer(AuscultTrainer):
    """The trainer of the `…ForPreTraining` models on a `PretrainingDataset`.

    Contrastive models compare the views of all processes; other views of the same person are no negatives where pairs
    reach across recordings. Loss and, of contrastive models, the accuracy of telling the right view from the others
    are logged for every dataset (AuscultaBase, figures 10 and 11).

    Raises:
        ConfigurationError: another dataset than a `PretrainingDataset`, or one that does not fill a batch.
    """

    args: PretrainingArguments
    train_dataset: PretrainingDataset

    def __init__(self, model: Any, args: PretrainingArguments, **kwargs: Any) -> None:
        super().__init__(model=model, args=args, data_collator=collate, **kwargs)
        if not isinstance(self.train_dataset, PretrainingDataset):
            raise ConfigurationError("not a PretrainingDataset", remedy="see hf_auscult.training.pretrain")
        batch = args.train_batch_size * args.world_size
        self._sampler = EpochSampler(self.train_dataset.groups, batch, args.seed)
        if args.max_seconds:
            self.add_callback(Deadline(args.max_seconds))

    def figures(self, model: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return a batch's loss (1,), with its accuracy (2,) where views are compared."""
        if "second" not in batch:
            return model(input_features=batch["first"], noise=batch["noise"]).loss[None]
        output = model(input_features=batch["first"], other_features=batch["second"])
        z1, z2 = gather_rows(output.z1), gather_rows(output.z2)
        people = gather_rows(batch["person"]) if self.train_dataset.views.across else None
        config = self.accelerator.unwrap_model(model).config
        loss, logits = compare_views(z1.float(), z2.float(), config, people)
        right = logits.argmax(dim=1) == torch.arange(len(logits), device=logits.device)
        return torch.stack([loss, right.float().mean()])

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the loss of one batch."""
        figures = self.figures(model, inputs)
        source = self.train_dataset.sources[int(inputs["source"][0])]
        for name, value in zip(FIGURES[: len(figures)], figures, strict=True):
            self.note(f"{name}_{source}", value)
        return (figures[0], {}) if return_outputs else figures[0]

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Make the schedule of the arguments, or the published one by epochs."""
        decay = self.args.epoch_decay
        if not decay:
            return super().create_scheduler(num_training_steps, optimizer)
        if self.lr_scheduler is None:
            batch = self.args.train_batch_size * self.args.world_size * self.args.gradient_accumulation_steps
            steps = max(1, len(self._sampler) // batch)
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: decay ** (step // steps))
        return self.lr_scheduler

    def evaluate(self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval") -> Any:
        """Log loss and accuracy on the validation people of every dataset, in batches as in training."""
        dataset = self.eval_dataset if eval_dataset is None else eval_dataset
        model, device = self.model, self.args.device
        was_training = model.training
        model.eval()
        groups = np.asarray(dataset.groups)
        figures: dict[str, float] = {}
        with torch.no_grad():
            for source in dict.fromkeys(dataset.groups):
                members = np.flatnonzero(groups == source)[: self.args.validation_pairs]
                size = min(len(members), self.args.per_device_train_batch_size)
                rows = []
                for start in range(0, len(members) - size + 1, size):
                    batch = collate([dataset[0, int(row)] for row in members[start : start + size]])
                    rows.append(self.figures(model, {key: value.to(device) for key, value in batch.items()}))
                values = torch.stack(rows).float().mean(dim=0).tolist()
                for name, value in zip(FIGURES[: len(values)], values, strict=True):
                    figures[f"{metric_key_prefix}_{name}_{source}"] = value
        model.train(was_training)
        losses = [value for name, value in figures.items() if "_loss_" in name]
        figures[f"{metric_key_prefix}_loss"] = float(np.mean(losses))
        self.log(dict(figures))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[Any] | None:
        return self._sampler


class Deadline(TrainerCallback):
    """Stops training, with a checkpoint, once it has lasted so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.started = seconds, 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look at it."""
        if time.monotonic() - self.started > self.seconds:
            control.should_training_stop = control.should_save = True
