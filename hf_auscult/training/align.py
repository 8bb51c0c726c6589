"""The alignment trainer: a pair-wise objective over the whole batch plus what preserves the encoder."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ..alignment.objectives import Memory, Objective, fact_similarity, get
from ..errors import ConfigurationError
from .dataset import AlignmentDataset, EpochSampler
from .large_batches import CachedLoss, EmbeddingMemory, gather_rows
from .preservation import KINDS, FrozenStart, resolve

MEMORY_NAME = "memory.safetensors"
# What of a batch belongs to its rows and is not a representation.
ROWS = ("text_embeddings", "text_ids", "facts")


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


class AlignmentLoss:
    """Applies the objective of the arguments to representations of an `AcuLaModel`.

    Args:
        model: whose text projection reads the memory.
        args: objective and how it is computed.
    """

    def __init__(self, model: Any, args: AlignmentArguments) -> None:
        self.model, self.args = model, args
        self.objective: Objective = get(
            args.objective, chunk=args.loss_chunk or None, widths=args.matryoshka_dims or ()
        )
        self.memory = EmbeddingMemory(args.memory_size) if args.memory_size else None

    def representations(self, output: Any) -> dict[str, torch.Tensor]:
        """Return what of a model's output the loss depends on."""
        return {
            "audio": output.audio_embeds,
            "text": output.text_embeds if output.text_branch_embeds is None else output.text_branch_embeds,
            "logit_scale": output.logit_scale,
            "logit_bias": output.logit_bias,
        }

    def __call__(self, representations: Mapping[str, torch.Tensor], batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the objective of all processes' rows, the mean over text branches where the model has several."""
        rows = self._rows(batch)
        audio, text = gather_rows(representations["audio"]), gather_rows(representations["text"])
        branches = text.unbind(dim=1) if text.ndim == 3 else (text,)
        memories = self._memories(len(branches), rows)
        losses = [
            self.objective(
                audio,
                branch,
                logit_scale=representations["logit_scale"],
                logit_bias=representations["logit_bias"],
                text_ids=rows.get("text_ids"),
                similarity=self._similarity(rows),
                memory=memory,
            )
            for branch, memory in zip(branches, memories, strict=True)
        ]
        return torch.stack(losses).mean()

    @torch.no_grad()
    def remember(self, representations: Mapping[str, torch.Tensor], batch: Mapping[str, torch.Tensor]) -> None:
        """Put a batch of all processes into the memory, once its loss has been computed."""
        if self.memory is None:
            return
        rows = self._rows(batch)
        if self.args.memory_audio:
            rows["audio"] = gather_rows(representations["audio"].detach())
        self.memory.push(**rows)

    def _rows(self, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return what belongs to the rows of all processes."""
        graded = self.args.graded_positives
        if graded and "facts" not in batch:
            raise ConfigurationError(
                "graded_positives, but the batch holds no facts",
                remedy="give every example its row of objectives.fact_table",
            )
        return {name: gather_rows(batch[name]) for name in ROWS if name in batch and (graded or name != "facts")}

    def _similarity(self, rows: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
        facts = rows.get("facts")
        if facts is None:
            return None
        known = facts
        if self.memory is not None and len(self.memory):
            known = torch.cat([facts, self.memory.rows["facts"]])
        return fact_similarity(facts, known, sharpness=self.args.fact_sharpness)

    @torch.no_grad()
    def _memories(self, branches: int, rows: Mapping[str, torch.Tensor]) -> Sequence[Memory | None]:
        if self.memory is None or not len(self.memory):
            return [None] * branches
        if set(self.memory.rows) - {"audio"} != set(rows):
            raise ConfigurationError(
                f"the memory holds {sorted(self.memory.rows)}, the batch {sorted(rows)}", remedy="start the run anew"
            )
        projection = self.model.text_projection
        training = projection.training
        # Constants, the same on every process: no gradient and no dropout.
        projection.eval()
        text = projection(self.memory.rows["text_embeddings"].to(self.model.logit_scale))
        projection.train(training)
        audio, ids = self.memory.rows.get("audio"), self.memory.rows.get("text_ids")
        return [Memory(branch, audio, ids) for branch in (text.unbind(dim=1) if text.ndim == 3 else (text,))]


def joined(batches: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Return the rows of several micro-batches as of one."""
    return {name: torch.cat([batch[name] for batch in batches]) for name in ROWS if name in batches[0]}


class AlignmentTrainer(Trainer):
    """transformers' `Trainer` for an `AcuLaModel` on an `AlignmentDataset` (AcuLa, III-C).

    The loss is `alignment_weight * objective + reconstruction_weight * preservation`. The objective sees the rows of
    all processes. Accumulation steps each have their own batch, as in the released code; with `grad_cache` they are
    one. Both terms are logged, the second as `reconstruction_loss` or `distillation_loss`. Distillation is to the
    model as it is given here.

    Raises:
        ConfigurationError: nothing to train, or a model whose stored retrieval map training would make wrong.

    Example:
        `AlignmentTrainer(model, AlignmentArguments("runs/a"), train_dataset=pairs, data_collator=collator).train()`
    """

    args: AlignmentArguments

    def __init__(self, model: Any, args: AlignmentArguments, **kwargs: Any) -> None:
        super().__init__(model=model, args=args, **kwargs)
        if model.retrieval_map is not None:
            raise ConfigurationError(
                "the model holds a retrieval map, fitted on the weights as they are",
                remedy="call model.drop_retrieval_map() and fit it again after training",
            )
        self.alignment = AlignmentLoss(model, args)
        self.preservation = resolve(args.preservation, model, args.objective) if args.reconstruction_weight else "none"
        if args.alignment_weight == 0 and self.preservation == "none":
            raise ConfigurationError("nothing to train: no alignment and no preservation", remedy="choose one of them")
        self.start = FrozenStart(model.audio_encoder) if self.preservation == "distillation" else None
        self._sums: dict[str, float] = defaultdict(float)
        self._counted = 0
        self._micro_batches: list[dict[str, torch.Tensor]] = []
        self._window: CachedLoss | None = None

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> tuple[list[Any], torch.Tensor | int | None]:
        """Fetch the micro-batches of one optimizer step."""
        batches, items = super().get_batch_samples(*args, **kwargs)
        if self.args.grad_cache and self.args.alignment_weight > 0:
            self._micro_batches = batches
        return batches, items

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the loss of one batch (and the model's output)."""
        args = self.args
        aligned = args.alignment_weight > 0
        if aligned and "text_embeddings" not in inputs:
            raise ConfigurationError(
                "the batch holds no text embeddings", remedy="give the examples reports, or set alignment_weight to 0"
            )
        if model.training and self._micro_batches:
            self._open_window()
        window = self._window if model.training else None
        if window is not None:
            window.rewind()
        output = model(
            input_features=inputs["input_features"],
            text_embeddings=inputs["text_embeddings"] if aligned else None,
            noise=inputs.get("noise"),
            reconstruct=self.preservation == "own",
        )
        terms: dict[str, torch.Tensor] = {}
        if aligned:
            representations = self.alignment.representations(output)
            if window is not None:
                terms["alignment_loss"] = window.term(representations)
                self._window = window if window.remaining else None
            else:
                terms["alignment_loss"] = self.alignment(representations, inputs)
                if model.training:
                    self.alignment.remember(representations, inputs)
        if output.reconstruction_loss is not None:
            terms["reconstruction_loss"] = output.reconstruction_loss
        if self.start is not None:
            terms["distillation_loss"] = self.start.loss(inputs["input_features"], output.pooler_output)
        weights = {"alignment_loss": args.alignment_weight}
        loss = torch.stack(
            [weights.get(name, args.reconstruction_weight) * value for name, value in terms.items()]
        ).sum()
        if model.training:
            for name, value in terms.items():
                self._sums[name] += float(value.detach())
            self._counted += 1
        return (loss, output) if return_outputs else loss

    def _open_window(self) -> None:
        """Represent all micro-batches of this optimizer step and keep the gradient of their common loss."""
        batches = [self._prepare_inputs(batch) for batch in self._micro_batches]
        self._micro_batches = []
        core = self.accelerator.unwrap_model(self.model)
        rows = joined(batches)

        def represent(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            output = core(input_features=batch["input_features"], text_embeddings=batch["text_embeddings"])
            return self.alignment.representations(output)

        def loss(representations: dict[str, torch.Tensor]) -> torch.Tensor:
            value = self.alignment(representations, rows)
            self.alignment.remember(representations, rows)
            return value

        self._window = CachedLoss(represent, loss, batches, core)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the two terms' means since the last log, and the temperature."""
        if "loss" in logs and self._counted:
            logs |= {name: value / self._counted for name, value in self._sums.items()}
            logs["logit_scale"] = self.accelerator.unwrap_model(self.model).logit_scale.detach().exp().item()
            self._sums.clear()
            self._counted = 0
        super().log(logs, start_time)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[Any] | None:
        return epoch_sampler(self, train_dataset)

    # The memory goes with the optimizer's state: a checkpoint counts as complete once what follows is written.
    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        if self.alignment.memory is not None and self.args.should_save:
            self.alignment.memory.save(Path(output_dir) / MEMORY_NAME)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if self.alignment.memory is not None and checkpoint is not None:
            self.alignment.memory.load(Path(checkpoint) / MEMORY_NAME, self.args.device)


def epoch_sampler(trainer: Trainer, dataset: Any = None) -> EpochSampler:
    """Return the sampler of an `AlignmentDataset`: shuffled by seed and epoch, one group a global batch."""
    dataset = trainer.train_dataset if dataset is None else dataset
    if not isinstance(dataset, AlignmentDataset):
        raise ConfigurationError(f"a {type(dataset).__name__} cannot be aligned", remedy="use an AlignmentDataset")
    args = trainer.args
    batch = args.train_batch_size * args.world_size
    if getattr(args, "grad_cache", False):
        batch *= args.gradient_accumulation_steps
    return EpochSampler([example.group for example in dataset.examples], batch, args.seed)


def last_complete_checkpoint(folder: str | Path) -> str | None:
    """Return the newest checkpoint whose writing was finished; a killed run can leave a half-written one."""
    complete: list[tuple[int, str]] = []
    for path in Path(folder).glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        try:
            # transformers writes this file last.
            step = json.loads((path / "trainer_state.json").read_text())["global_step"]
        except (OSError, ValueError, KeyError):
            continue
        complete.append((int(step), str(path)))
    return max(complete)[1] if complete else None
