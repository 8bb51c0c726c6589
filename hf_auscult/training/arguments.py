"""Training arguments whose defaults are AcuLa's recipe."""

from __future__ import annotations

from dataclasses import dataclass, field

from transformers import TrainingArguments

from ..alignment.objectives import get
from ..errors import ConfigurationError
from .preservation import KINDS


@dataclass
class AlignmentArguments(TrainingArguments):
    """transformers' `TrainingArguments` with AcuLa's values as defaults (IV-B and the released code).

    Args:
        objective: name in `alignment.objectives`.
        alignment_weight, reconstruction_weight: the paper's two lambdas; 0 switches a term off. The second weighs
            whatever preserves the encoder.
        preservation: `auto`, `own` (the encoder's pre-training objective), `distillation` (to the frozen start) or
            `none`, see `training.preservation`.
        grad_cache: make the micro-batches of an optimizer step one batch for the objective (exact; a second forward
            pass is its price).
        memory_size: pairs of earlier batches the objective also sees, 0 for none; see `training.memory`.
        memory_audio: remember recordings too, not reports alone.
        matryoshka_dims: prefixes of the projections that must work alone, see `objectives.Matryoshka`.
        loss_chunk: rows of the batch that are compared at a time, 0 for all: less memory, the same value.
        graded_positives: weigh the positives of `multi_positive` by the fraction of facts that two reports share; the
            examples must bring `facts`.
        fact_sharpness: power of that fraction.

    Example:
        `AlignmentArguments("runs/first", objective="infonce", max_steps=2000)`
    """

    objective: str = field(default="infonce", metadata={"help": "alignment objective, see alignment.objectives"})
    alignment_weight: float = field(default=1.0, metadata={"help": "weight of the alignment objective"})
    reconstruction_weight: float = field(default=1.0, metadata={"help": "weight of the encoder's preservation"})
    preservation: str = field(default="auto", metadata={"help": "auto, own, distillation or none"})
    grad_cache: bool = field(default=False, metadata={"help": "one objective over all accumulation steps"})
    memory_size: int = field(default=0, metadata={"help": "remembered pairs, 0 for none"})
    memory_audio: bool = field(default=False, metadata={"help": "remember recordings too"})
    matryoshka_dims: list[int] | None = field(default=None, metadata={"help": "prefixes that must work alone"})
    loss_chunk: int = field(default=0, metadata={"help": "rows compared at a time, 0 for all"})
    graded_positives: bool = field(default=False, metadata={"help": "positives weighed by shared facts"})
    fact_sharpness: float = field(default=1.0, metadata={"help": "power of the shared fraction of facts"})

    learning_rate: float = field(default=1e-5)
    weight_decay: float = field(default=1e-2)
    num_train_epochs: float = field(default=50.0)
    per_device_train_batch_size: int = field(default=24)
    gradient_accumulation_steps: int = field(default=2)
    warmup_steps: float = field(default=400)
    max_grad_norm: float = field(default=1.0)
    dataloader_drop_last: bool = field(default=True)
    remove_unused_columns: bool = field(default=False)
    report_to: str | list[str] | None = field(default="none")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.memory_size < 0 or self.loss_chunk < 0:
            raise ConfigurationError("negative memory_size or loss_chunk", remedy="use 0 to switch them off")
        objective = get(self.objective, chunk=self.loss_chunk or None, widths=self.matryoshka_dims or ())
        if self.memory_size:
            objective.check_memory(pairs=self.memory_audio)
        if self.graded_positives and "multi_positive" not in self.objective:
            raise ConfigurationError(
                f"graded_positives, but {self.objective} knows one positive", remedy="use the objective multi_positive"
            )
        if not self.fact_sharpness > 0:
            raise ConfigurationError(f"fact_sharpness {self.fact_sharpness}", remedy="use a number above 0")
        if self.preservation not in KINDS:
            raise ConfigurationError(f"unknown preservation {self.preservation!r}", remedy=f"use {', '.join(KINDS)}")
        if self.alignment_weight < 0 or self.reconstruction_weight < 0:
            raise ConfigurationError("negative loss weights", remedy="use weights of 0 or more")
        if self.alignment_weight == self.reconstruction_weight == 0:
            raise ConfigurationError("both loss weights are 0", remedy="give one of them a positive weight")
        # Objectives without temperature, and runs without text, leave parameters unused.
        if self.ddp_find_unused_parameters is None:
            self.ddp_find_unused_parameters = True
