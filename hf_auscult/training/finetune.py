"""Fine-tuning with labels: which parameters move, what each target costs, and the epoch that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import f1_score, roc_auc_score
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from transformers.trainer_utils import SchedulerType

from ..errors import ConfigurationError, DataError
from ..features import WindowedFeatureExtractor
from .batch_norm import batch_norms, freeze_statistics
from .trainer import AuscultArguments, AuscultTrainer

Kind = Literal["class", "classes", "value"]


@dataclass(frozen=True)
class Target:
    """What is predicted; of several, each has its own part of the logits, one after the other.

    Args:
        name: of the label or column.
        kind: one `class` of several, any of several `classes`, or a `value`.
        size: logits: classes, or 1.
        weight: of its loss.
        mean, std: of a value in training, by which it is standardised.
        class_weights: of each class in the loss (of `classes`: of its presence); none for 1.
    """

    name: str
    kind: Kind = "class"
    size: int = 2
    weight: float = 1.0
    mean: float = 0.0
    std: float = 1.0
    class_weights: tuple[float, ...] = ()

    @property
    def columns(self) -> int:
        """How many columns of the labels are its own."""
        return self.size if self.kind == "classes" else 1


def balanced_weights(labels: np.ndarray, target: Target) -> tuple[float, ...]:
    """Return scikit-learn's balanced weights (n / (classes * count)), or of `classes` the ratio of absent to present.

    Example:
        >>> balanced_weights(np.array([[0], [0], [0], [1]]), Target("x"))
        (0.6666666666666666, 2.0)
    """
    if target.kind == "value":
        return ()
    if target.kind == "classes":
        present = np.nansum(labels == 1, axis=0)
        return tuple(np.nansum(labels == 0, axis=0) / np.maximum(present, 1))
    known = labels[~np.isnan(labels)].astype(int)
    counts = np.bincount(known, minlength=target.size)
    return tuple(float(len(known) / (target.size * count)) if count else 0.0 for count in counts)


def target_loss(
    logits: torch.Tensor, labels: torch.Tensor, targets: Sequence[Target], *, focal_gamma: float = 0.0
) -> torch.Tensor:
    """Return the weighted sum of every target's mean loss over the rows that have its label.

    Cross entropy of a class, binary cross entropy of several, squared error of a standardised value. With
    `focal_gamma` the first two are focal losses (arXiv:1708.02002): times (1 - p) ** gamma of the right answer.

    Args:
        logits: (B, sizes of all targets).
        labels: (B, columns of all targets), NaN where unknown.
        targets: in the order of both.
        focal_gamma: 0 for none.
    """
    total = logits.sum() * 0.0
    column = start = 0
    for target in targets:
        own = logits[:, start : start + target.size].float()
        truth = labels[:, column : column + target.columns].float()
        start, column = start + target.size, column + target.columns
        known = ~truth.isnan()
        if not known.any():
            continue
        weights = own.new_tensor(target.class_weights) if target.class_weights else None
        if target.kind == "value":
            loss = ((own - (truth - target.mean) / target.std)[known]).square().mean()
        elif target.kind == "classes":
            each = F.binary_cross_entropy_with_logits(own, truth.nan_to_num(), pos_weight=weights, reduction="none")
            right = torch.where(truth == 1, own.sigmoid(), 1 - own.sigmoid())
            loss = (each * (1 - right) ** focal_gamma)[known].mean()
        else:
            rows = known[:, 0]
            answers = truth[rows, 0].long()
            each = F.cross_entropy(own[rows], answers, weight=weights, reduction="none")
            right = own[rows].softmax(dim=1).gather(1, answers[:, None])[:, 0]
            share = len(answers) if weights is None else weights[answers].sum().clamp(min=1e-12)
            loss = (each * (1 - right) ** focal_gamma).sum() / share
        total = total + target.weight * loss
    return total


def probabilities(logits: np.ndarray, targets: Sequence[Target]) -> dict[str, np.ndarray]:
    """Return every target's probabilities (n, size), or values (n, 1)."""
    found, start = {}, 0
    for target in targets:
        own = torch.from_numpy(np.asarray(logits[:, start : start + target.size], dtype=np.float64))
        start += target.size
        if target.kind == "value":
            found[target.name] = own.numpy() * target.std + target.mean
        else:
            found[target.name] = (own.softmax(dim=1) if target.kind == "class" else own.sigmoid()).numpy()
    return found


def blocks_of(model: nn.Module) -> tuple[str, nn.ModuleList]:
    """Return the name and the list of an encoder's blocks: the longest list of modules that lies in no other.

    Raises:
        ConfigurationError: an encoder without such a list.
    """
    lists = {name: part for name, part in model.named_modules() if isinstance(part, nn.ModuleList) and len(part) > 1}
    outer = {name: part for name, part in lists.items() if not any(name.startswith(f"{other}.") for other in lists)}
    if not outer:
        raise ConfigurationError(
            f"{type(model).__name__} is not made of blocks", remedy="set unfrozen_blocks to -1 (all) or 0 (none)"
        )
    return max(outer.items(), key=lambda item: len(item[1]))


def freeze_blocks(model: nn.Module, encoder: nn.Module, unfrozen: int) -> list[str]:
    """Freeze an encoder but for its last blocks and what stands behind them (arXiv:2511.14939: the last two).

    Args:
        model: that holds the encoder and a head.
        encoder: part of it.
        unfrozen: blocks that are trained; 0 for none of the encoder, -1 for all of it.

    Returns:
        Names of the model's parameters that are trained.
    """
    trained: set[int] = {id(value) for value in encoder.parameters()} if unfrozen < 0 else set()
    if unfrozen > 0:
        name, blocks = blocks_of(encoder)
        if unfrozen > len(blocks):
            raise ConfigurationError(
                f"unfrozen_blocks {unfrozen}, but {type(encoder).__name__} has {len(blocks)}", remedy="use fewer, or -1"
            )
        behind = False
        for parameter_name, value in encoder.named_parameters():
            if parameter_name.startswith(f"{name}."):
                index = int(parameter_name[len(name) + 1 :].partition(".")[0])
                behind = True
                if index >= len(blocks) - unfrozen:
                    trained.add(id(value))
            elif behind:
                trained.add(id(value))
    for value in encoder.parameters():
        value.requires_grad_(value.requires_grad and id(value) in trained)
    return [name for name, value in model.named_parameters() if value.requires_grad]


@dataclass
class FinetuneArguments(AuscultArguments):
    """`AuscultArguments` with AuscultaBench's values as defaults (64 epochs, Adam 1e-4 x 0.99 an epoch, L2 1e-5).

    Args:
        head_learning_rate: of what is not the encoder; `None` for `learning_rate` (COVID-19 report: 5e-4 and 5e-6).
        unfrozen_blocks: see `freeze_blocks`; -1 trains all.
        step_decay: the learning rate's factor of an epoch; 0 for `lr_scheduler_type`.
        head_l2: times the sum of the head's squared parameters is added to the loss.
        focal_gamma: of the focal loss; 0 for cross entropy.
        class_weights: rare classes weigh more, see `balanced_weights`.
        mixup: parameter of the Beta distribution that mixes inputs and losses (arXiv:1710.09412); 0 for none.
        select_on: figure of the validation rows by which the epoch is chosen: `macro_f1`, `auroc` or `loss`.
    """

    head_learning_rate: float | None = field(default=None, metadata={"help": "learning rate of the head"})
    unfrozen_blocks: int = field(default=-1, metadata={"help": "last blocks that are trained, -1 for all"})
    step_decay: float = field(default=0.99, metadata={"help": "learning rate factor of an epoch, 0 for none"})
    head_l2: float = field(default=1e-5, metadata={"help": "L2 penalty on the head"})
    focal_gamma: float = field(default=0.0, metadata={"help": "of the focal loss, 0 for cross entropy"})
    class_weights: bool = field(default=False, metadata={"help": "rare classes weigh more"})
    mixup: float = field(default=0.0, metadata={"help": "Beta parameter, 0 for no mixup"})
    select_on: str = field(default="macro_f1", metadata={"help": "macro_f1, auroc or loss"})

    learning_rate: float = field(default=1e-4)
    weight_decay: float = field(default=0.0)  # AdamW without decay is Adam
    num_train_epochs: float = field(default=64.0)
    per_device_train_batch_size: int = field(default=32)
    max_grad_norm: float = field(default=1.0)
    eval_strategy: Any = field(default="epoch")
    save_strategy: Any = field(default="epoch")
    save_total_limit: int | None = field(default=1)
    load_best_model_at_end: bool = field(default=True)
    lr_scheduler_type: SchedulerType | str = field(default="constant")

    def __post_init__(self) -> None:
        if self.select_on not in ("macro_f1", "auroc", "loss"):
            raise ConfigurationError(f"select_on {self.select_on!r}", remedy="use macro_f1, auroc or loss")
        self.metric_for_best_model = f"eval_{self.select_on}"
        self.greater_is_better = self.select_on != "loss"
        super().__post_init__()


class WindowDataset(torch.utils.data.Dataset[dict[str, Any]]):
    """Windows that are trained on, each with its recording's labels.

    Args:
        windows: (frames, bands) or (samples,) each, of one shape.
        labels: (windows, columns), NaN where unknown.
    """

    def __init__(self, windows: Sequence[np.ndarray], labels: np.ndarray) -> None:
        if not len(windows):
            raise DataError("no recordings to train on", remedy="check the task's split")
        self.windows, self.labels = windows, np.asarray(labels, dtype=np.float32)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_features": self.windows[index], "labels": self.labels[index]}


@dataclass(frozen=True, eq=False)
class RecordingRows:
    """Whole recordings that are predicted: the extractor's rows and their labels.

    Args:
        rows: `input_features`, `window_seconds` and `window_frames` of each.
        labels: (recordings, columns), NaN where unknown.
    """

    rows: Sequence[Mapping[str, np.ndarray]]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def collate_windows(items: Sequence[Mapping[str, np.ndarray]]) -> dict[str, torch.Tensor]:
    """Stack items of a `WindowDataset`."""
    return {name: torch.from_numpy(np.stack([item[name] for item in items])) for name in items[0]}


class FinetuneTrainer(AuscultTrainer):
    """The trainer of `…ForAudioClassification` models, and of adapters on them, on a `WindowDataset`.

    Validation is over whole recordings, whose logits are the mean over their windows. The epoch that is best there is
    kept. Batch normalisation without a trainable parameter keeps its statistics, bit by bit.

    Args:
        model: the classifier, or a PEFT model around it.
        args: settings.
        targets: of the labels.
        extractor: pads rows.
        kwargs: of the `Trainer`.

    Attributes:
        unfrozen: names of the parameters that are trained.
    """

    args: FinetuneArguments

    def __init__(
        self,
        model: Any,
        args: FinetuneArguments,
        *,
        targets: Sequence[Target],
        extractor: WindowedFeatureExtractor,
        **kwargs: Any,
    ) -> None:
        self.targets, self.extractor = tuple(targets), extractor
        plain = model.get_base_model() if hasattr(model, "get_base_model") else model
        encoder = getattr(plain, plain.base_model_prefix)
        self._encoder_parameters = {id(value) for value in encoder.parameters()}
        self.unfrozen = freeze_blocks(model, encoder, args.unfrozen_blocks)
        super().__init__(model=model, args=args, data_collator=collate_windows, **kwargs)
        self._idle_norms = [
            norm for norm in batch_norms(model) if not any(value.requires_grad for value in norm.parameters())
        ]

    def compute_loss_context_manager(self) -> Any:
        """Enter what a loss is computed in, with frozen statistics frozen."""
        context = super().compute_loss_context_manager()
        freeze_statistics(self._idle_norms)
        return context

    def head_parameters(self) -> list[nn.Parameter]:
        """Return the trained parameters that are not the encoder's."""
        named = self.model.named_parameters()
        return [value for _, value in named if value.requires_grad and id(value) not in self._encoder_parameters]

    def create_optimizer(self, model: Any = None) -> Any:
        """Make AdamW with one learning rate for the encoder and one for the head."""
        if self.optimizer is None:
            args = self.args
            head = {id(value) for value in self.head_parameters()}
            decayed = set(self.get_decay_parameter_names(self.model))
            groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
            for name, value in self.model.named_parameters():
                if value.requires_grad:
                    groups.setdefault((id(value) in head, name in decayed), []).append(value)
            rates = {True: args.head_learning_rate or args.learning_rate, False: args.learning_rate}
            options = [
                {"params": values, "lr": rates[own], "weight_decay": args.weight_decay if decay else 0.0}
                for (own, decay), values in groups.items()
            ]
            self.optimizer = torch.optim.AdamW(options, betas=(args.adam_beta1, args.adam_beta2), eps=args.adam_epsilon)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Make the schedule: a step an epoch, or that of the arguments."""
        decay = self.args.step_decay
        if not decay:
            return super().create_scheduler(num_training_steps, optimizer)
        if self.lr_scheduler is None:
            loader = len(self.get_train_dataloader())
            steps = max(1, -(-loader // self.args.gradient_accumulation_steps))
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: decay ** (step // steps))
        return self.lr_scheduler

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the loss of one batch."""
        args, features, labels = self.args, inputs["input_features"], inputs["labels"]
        share, order = 1.0, None
        if args.mixup and model.training:
            share = float(torch.distributions.Beta(args.mixup, args.mixup).sample())
            order = torch.randperm(len(features), device=features.device)
            features = share * features + (1 - share) * features[order]
        logits = model(input_features=features).logits
        loss = target_loss(logits, labels, self.targets, focal_gamma=args.focal_gamma)
        if order is not None:
            other = target_loss(logits, labels[order], self.targets, focal_gamma=args.focal_gamma)
            loss = share * loss + (1 - share) * other
        if args.head_l2:
            loss = loss + args.head_l2 * torch.stack([value.square().sum() for value in self.head_parameters()]).sum()
        return (loss, {"logits": logits}) if return_outputs else loss

    @torch.no_grad()
    def predict_rows(self, rows: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
        """Return logits (recordings, sizes) of whole recordings."""
        model, size = self.model, self.args.per_device_eval_batch_size
        was_training = model.training
        model.eval()
        found = []
        for start in range(0, len(rows), size):
            batch = self.extractor.pad([dict(row) for row in rows[start : start + size]], return_tensors="pt")
            found.append(model(**{name: value.to(self.args.device) for name, value in batch.items()}).logits.float())
        model.train(was_training)
        logits: np.ndarray = torch.cat(found).cpu().numpy()
        return logits

    def evaluate(self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval") -> Any:
        """Log the loss and the first target's figures on whole recordings."""
        data = self.eval_dataset if eval_dataset is None else eval_dataset
        logits = self.predict_rows(data.rows)
        labels = torch.from_numpy(np.asarray(data.labels, dtype=np.float32))
        loss = float(target_loss(torch.from_numpy(logits), labels, self.targets, focal_gamma=self.args.focal_gamma))
        figures = {"loss": loss, **first_figures(logits, data.labels, self.targets)}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def first_figures(logits: np.ndarray, labels: np.ndarray, targets: Sequence[Target]) -> dict[str, float]:
    """Return macro-F1 and macro AUROC of the first target; of a value, both are minus the mean absolute error."""
    target = targets[0]
    scores, truth = probabilities(logits, targets)[target.name], np.asarray(labels)[:, : target.columns]
    known = ~np.isnan(truth).any(axis=1)
    scores, truth = scores[known], truth[known]
    if target.kind == "value":
        error = -float(np.abs(scores - truth).mean())
        return {"macro_f1": error, "auroc": error}
    answers = truth if target.kind == "classes" else truth[:, 0].astype(int)
    decided = (scores > 0.5).astype(int) if target.kind == "classes" else scores.argmax(axis=1)
    table = truth if target.kind == "classes" else np.eye(target.size)[answers]
    carried = [number for number in range(target.size) if 0 < table[:, number].sum() < len(table)]
    auroc = roc_auc_score(table[:, carried], scores[:, carried], average="macro") if carried else 0.5
    return {"macro_f1": float(f1_score(answers, decided, average="macro", zero_division=0)), "auroc": float(auroc)}


def adapted(model: Any, kind: str, settings: Mapping[str, Any] | None = None) -> Any:
    """Put adapters on every linear layer and convolution of a classifier's encoder; its head is trained beside them.

    Args:
        model: `…ForAudioClassification`; its own weights are frozen and stay as they are.
        kind: `lora` (arXiv:2106.09685), `dora` (arXiv:2402.09353) or `ia3` (arXiv:2205.05638).
        settings: of PEFT's configuration, `r` for example.

    Raises:
        ConfigurationError: an unknown kind, or an encoder without such layers.

    Example:
        `adapted(model, "lora", {"r": 8}).save_pretrained("adapter")`
    """
    import peft

    prefix = model.base_model_prefix
    parts = dict(getattr(model, prefix).named_modules())
    # WavLM's attention reads the weights of its layers past their forward pass: adapters would act once merged only.
    past = tuple(f"{name}." for name, part in parts.items() if type(part).__name__ == "WavLMAttention")
    names = [
        f"{prefix}.{name}"
        for name, part in parts.items()
        if isinstance(part, nn.Linear) or (isinstance(part, nn.Conv2d) and part.groups == 1)
        if not (past and name.startswith(past))
    ]
    if not names:
        raise ConfigurationError(f"{type(model).__name__} has no layer to adapt", remedy="fine-tune its head alone")
    common = {"target_modules": names, "modules_to_save": ["classifier"], **(settings or {})}
    if kind == "ia3":
        config: Any = peft.IA3Config(feedforward_modules=[], **common)
    elif kind in ("lora", "dora"):
        config = peft.LoraConfig(use_dora=kind == "dora", **common)
    else:
        raise ConfigurationError(f"unknown adapter {kind!r}", remedy="use lora, dora or ia3")
    return peft.get_peft_model(model, config)
