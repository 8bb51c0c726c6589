"""The alignment trainer: a pair-wise objective over the whole batch plus what preserves the encoder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch.utils.data import Sampler
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ..alignment.objectives import Memory, Objective, fact_similarity, get
from ..errors import ConfigurationError, DataError
from .dataset import AlignmentDataset, EpochSampler
from .freezing import unused_parameters
from .heads import UNKNOWN, HeadedModel
from .large_batches import CachedLoss, EmbeddingMemory, gather_rows
from .preservation import KINDS, FrozenStart, resolve
from .trainer import AuscultArguments, AuscultTrainer

MEMORY_NAME = "memory.safetensors"
# What of a batch belongs to its rows and is not a representation.
ROWS = ("text_embeddings", "text_ids", "facts")


@dataclass
class AlignmentArguments(AuscultArguments):
    """The settings of an alignment, with AcuLa's values as defaults (IV-B and the released code).

    Args:
        recipe: `published` follows the released code where it differs from ours by more than a value: weight decay on
            all parameters, datasets mixed in a batch, a last incomplete accumulation weighs what its rows weigh, and
            the schedule counts whole accumulations only.
        objective: name in `alignment.objectives`.
        alignment_weight, reconstruction_weight: the paper's two lambdas; 0 switches a term off. The second weighs
            whatever preserves the encoder.
        label_weight: of the cross entropy of a linear head on the examples' labels, unknown ones left out.
        adversarial_weight: of a linear head that tells the examples' domains (devices, sites) apart behind a reversed
            gradient: the encoder unlearns what it reads (arXiv:1505.07818).
        preservation: `auto`, `own` (the encoder's pre-training objective), `distillation` (to the frozen start) or
            `none`, see `training.preservation`.
        one_pass: one masked pass of the encoder feeds both terms, in place of a masked and a whole one: what is
            aligned is the mean of the visible patches.
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

    recipe: Literal["ours", "published"] = field(default="ours", metadata={"help": "ours or published"})
    objective: str = field(default="infonce", metadata={"help": "alignment objective, see alignment.objectives"})
    alignment_weight: float = field(default=1.0, metadata={"help": "weight of the alignment objective"})
    reconstruction_weight: float = field(default=1.0, metadata={"help": "weight of the encoder's preservation"})
    label_weight: float = field(default=0.0, metadata={"help": "weight of label supervision"})
    adversarial_weight: float = field(default=0.0, metadata={"help": "weight of the domain adversary"})
    preservation: str = field(default="auto", metadata={"help": "auto, own, distillation or none"})
    one_pass: bool = field(default=False, metadata={"help": "one masked pass feeds both terms"})
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
    # Parameters that get no gradient are frozen before training, see `training.freezing`.
    ddp_find_unused_parameters: bool | None = field(default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.recipe not in ("ours", "published"):
            raise ConfigurationError(f"unknown recipe {self.recipe!r}", remedy="use ours or published")
        self.decay_all = self.decay_all or self.recipe == "published"
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
        weights = (self.alignment_weight, self.reconstruction_weight, self.label_weight, self.adversarial_weight)
        if min(weights) < 0:
            raise ConfigurationError("negative loss weights", remedy="use weights of 0 or more")
        if not any(weights[:3]):
            raise ConfigurationError("both loss weights are 0", remedy="give one of them a positive weight")


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
            "audio": output.audio_embeds if output.audio_branch_embeds is None else output.audio_branch_embeds,
            "text": output.text_embeds if output.text_branch_embeds is None else output.text_branch_embeds,
            "logit_scale": output.logit_scale,
            "logit_bias": output.logit_bias,
        }

    def __call__(self, representations: Mapping[str, torch.Tensor], batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the objective of all processes' rows, the mean over branches where the model has several.

        Audio layers go with text branches one by one, or all of them with the one text.
        """
        rows = self._rows(batch)
        audio, text = (_branches(gather_rows(representations[name])) for name in ("audio", "text"))
        memories = self._memories(len(text), rows)
        if len(text) < len(audio):
            text, memories = text * len(audio), memories * len(audio)
        elif len(audio) < len(text):
            audio = audio * len(text)
        losses = [
            self.objective(
                recordings,
                reports,
                logit_scale=representations["logit_scale"],
                logit_bias=representations["logit_bias"],
                text_ids=rows.get("text_ids"),
                similarity=self._similarity(rows),
                memory=memory,
            )
            for recordings, reports, memory in zip(audio, text, memories, strict=True)
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
    def _memories(self, branches: int, rows: Mapping[str, torch.Tensor]) -> tuple[Memory | None, ...]:
        if self.memory is None or not len(self.memory):
            return (None,) * branches
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
        return tuple(Memory(branch, audio, ids) for branch in _branches(text))


def _branches(projected: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Return (B, size) each, of (B, branches, size) or (B, size)."""
    return projected.unbind(dim=1) if projected.ndim == 3 else (projected,)


def joined(batches: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Return the rows of several micro-batches as of one."""
    return {name: torch.cat([batch[name] for batch in batches]) for name in ROWS if name in batches[0]}


class AlignmentTrainer(AuscultTrainer):
    """Trains an `AcuLaModel` on an `AlignmentDataset` (AcuLa, III-C).

    The loss is `alignment_weight * objective + reconstruction_weight * preservation`, and where they have a weight the
    cross entropies of labels and of the domain adversary. Objective and contrastive preservation see the rows of all
    processes, cross entropies count the known labels of all of them. Accumulation steps each have their own batch, as
    in the released code; with `grad_cache` they are one. All terms are logged, the second as `reconstruction_loss` or
    `distillation_loss`. Distillation is to the model as it is given here.

    Args:
        model: an `AcuLaModel`.
        args: of the training.
        classes: number of classes of the examples' labels; needed with a `label_weight`.
        kwargs: of transformers' `Trainer`.

    Raises:
        ConfigurationError: nothing to train, or a model whose stored retrieval map training would make wrong.
        DataError: labels or domains of one class.

    Example:
        `AlignmentTrainer(model, AlignmentArguments("runs/a"), train_dataset=pairs, data_collator=collator).train()`
    """

    args: AlignmentArguments

    def __init__(self, model: Any, args: AlignmentArguments, *, classes: int = 0, **kwargs: Any) -> None:
        if model.retrieval_map is not None:
            raise ConfigurationError(
                "the model holds a retrieval map, fitted on the weights as they are",
                remedy="call model.drop_retrieval_map() and fit it again after training",
            )
        dataset = kwargs.get("train_dataset")
        heads = {
            "classes": _classes(dataset, "label", classes) if args.label_weight else 0,
            "domains": _classes(dataset, "domain") if args.adversarial_weight else 0,
        }
        self.aligned = model
        self.joins_micro_batches = args.grad_cache
        super().__init__(model=HeadedModel(model, **heads) if any(heads.values()) else model, args=args, **kwargs)
        self.alignment = AlignmentLoss(model, args)
        self.preservation = resolve(args.preservation, model, args.objective) if args.reconstruction_weight else "none"
        if not (args.alignment_weight or args.label_weight) and self.preservation == "none":
            raise ConfigurationError("nothing to train: no alignment and no preservation", remedy="choose one of them")
        layers = model.config.audio_layers
        if layers and (args.one_pass or args.memory_audio):
            raise ConfigurationError(
                "audio_layers, which are aligned apart, with one_pass or memory_audio", remedy="use neither with them"
            )
        if args.one_pass and not (self.preservation == "own" and model.masks_patches):
            raise ConfigurationError(
                "one_pass, but the encoder hides no patches in training",
                remedy="use a masked autoencoder (OPERA-GT, AudioMAE) with its own preservation",
            )
        settings: Any = args.gradient_checkpointing_kwargs or {}
        again = args.gradient_checkpointing and settings.get("use_reentrant")
        if again and args.world_size > 1 and self.preservation == "own" and not args.one_pass:
            raise ConfigurationError(
                "use_reentrant reports the gradients of an encoder that runs twice a step twice, which DDP refuses",
                where="training.gradient_checkpointing_kwargs",
                remedy="set use_reentrant to false",
            )
        # Compared within the batch, like the objective: over all processes and, with grad_cache, accumulation steps.
        self.contrastive = self.preservation == "own" and model.compares_views
        self.start = FrozenStart(model.audio_encoder) if self.preservation == "distillation" else None
        self._micro_batches: list[dict[str, torch.Tensor]] = []
        self._window: CachedLoss | None = None
        self._window_terms: dict[str, torch.Tensor] = {}
        self._known: dict[str, torch.Tensor] = {}
        #: Names of parameters that this training has no use for.
        self.frozen: list[str] = []

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train to the end; parameters that get no gradient are frozen meanwhile."""
        self.frozen = unused_parameters(self.model, self._probe)
        parameters = dict(self.model.named_parameters())
        try:
            for name in self.frozen:
                parameters[name].requires_grad_(False)
            return super().train(*args, **kwargs)
        finally:
            for name in self.frozen:
                parameters[name].requires_grad_(True)

    def _probe(self) -> torch.Tensor:
        """Return the loss of a few rows, as training computes it."""
        dataset = self.train_dataset
        rows = min(len(dataset), max(2, self.alignment.objective.minimum_batch))
        items = [dataset[0, position] for position in range(rows)]
        memory, self.alignment.memory = self.alignment.memory, None
        sums, counts = dict(self._sums), dict(self._counts)
        try:
            return self.compute_loss(self.model.train(), self._prepare_inputs(self.data_collator(items)))
        finally:
            self.alignment.memory, self._sums, self._counts = memory, sums, counts

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> tuple[list[Any], torch.Tensor | int | None]:
        """Fetch the micro-batches of one optimizer step."""
        batches, items = super().get_batch_samples(*args, **kwargs)
        if self.args.grad_cache and (self.args.alignment_weight > 0 or self.contrastive):
            self._micro_batches = batches
        for name, weight in (("labels", self.args.label_weight), ("domains", self.args.adversarial_weight)):
            if weight and batches:
                known = torch.stack([(batch[name] != UNKNOWN).sum() for batch in batches]).sum()
                self._known[name] = self.accelerator.reduce(known.to(self.args.device), "sum")
        return batches, items

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Run one micro-batch."""
        if self.args.recipe == "published":
            # Of an epoch's last, incomplete accumulation the release divides by the full number of steps.
            self.current_gradient_accumulation_steps = self.args.gradient_accumulation_steps
        return super().training_step(*args, **kwargs)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Return the schedule; the release's counts whole accumulations only."""
        args = self.args
        if args.recipe == "published" and args.max_steps <= 0:
            batches = len(self.train_dataset) // (args.train_batch_size * args.world_size)
            num_training_steps = max(1, batches // args.gradient_accumulation_steps) * int(args.num_train_epochs)
        return super().create_scheduler(num_training_steps, optimizer)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the loss of one batch (and the model's output)."""
        args = self.args
        if args.alignment_weight > 0 and "text_embeddings" not in inputs:
            raise ConfigurationError(
                "the batch holds no text embeddings", remedy="give the examples reports, or set alignment_weight to 0"
            )
        if model.training and self._micro_batches:
            self._open_window()
        window = self._window if model.training else None
        if window is not None:
            window.rewind()
        output = self._represent(model, inputs, reconstruct=self.preservation == "own")
        terms: dict[str, torch.Tensor] = {}
        loss = torch.zeros((), device=output.pooler_output.device)
        compared = self._compared(output)
        if window is not None:
            loss = loss + window.term(compared)
            terms |= self._window_terms
            self._window = window if window.remaining else None
        else:
            for name, value in self._compare(compared, inputs).items():
                loss, terms[name] = loss + self._weight(name) * value, value
            if model.training and args.alignment_weight > 0:
                self.alignment.remember(compared, inputs)
        for name, value in self._row_terms(output, inputs, training=model.training).items():
            loss, terms[name] = loss + self._weight(name) * value, value
        if model.training:
            for name, value in terms.items():
                self.note(name, value)
        return (loss, output) if return_outputs else loss

    def _weight(self, term: str) -> float:
        args = self.args
        named = {
            "alignment_loss": args.alignment_weight,
            "label_loss": args.label_weight,
            "adversarial_loss": args.adversarial_weight,
        }
        return named.get(term, args.reconstruction_weight)

    def _represent(self, model: Any, inputs: Mapping[str, torch.Tensor], *, reconstruct: bool) -> Any:
        return model(
            input_features=inputs["input_features"],
            text_embeddings=inputs["text_embeddings"] if self.args.alignment_weight > 0 else None,
            noise=inputs.get("noise"),
            reconstruct=reconstruct,
            one_pass=self.args.one_pass,
        )

    def _compared(self, output: Any) -> dict[str, torch.Tensor]:
        """Return what of a model's output is compared with other rows of the batch."""
        compared = self.alignment.representations(output) if self.args.alignment_weight > 0 else {}
        return compared | ({"views": output.views} if self.contrastive else {})

    def _compare(
        self, compared: Mapping[str, torch.Tensor], rows: Mapping[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Return the terms that compare rows of the batch, over those of all processes."""
        terms = {}
        if self.args.alignment_weight > 0:
            terms["alignment_loss"] = self.alignment(compared, rows)
        if self.contrastive:
            terms["reconstruction_loss"] = self.aligned.audio_model.compare(gather_rows(compared["views"]))
        return terms

    def _row_terms(self, output: Any, inputs: Mapping[str, torch.Tensor], *, training: bool) -> dict[str, torch.Tensor]:
        """Return the terms that are means over rows."""
        terms = {}
        if self.preservation == "own" and not self.contrastive:
            terms["reconstruction_loss"] = output.reconstruction_loss
        if self.start is not None:
            terms["distillation_loss"] = self.start.loss(inputs["input_features"], output.pooler_output)
        if self.args.label_weight:
            terms["label_loss"] = self._cross_entropy(output.label_logits, inputs["labels"], "labels", training)
        if self.args.adversarial_weight:
            terms["adversarial_loss"] = self._cross_entropy(
                output.domain_logits, inputs["domains"], "domains", training
            )
        return terms

    def _cross_entropy(self, logits: torch.Tensor, targets: torch.Tensor, name: str, training: bool) -> torch.Tensor:
        """Return the mean over the known targets of the whole step, of all processes and accumulation steps."""
        total = F.cross_entropy(logits, targets, ignore_index=UNKNOWN, reduction="sum")
        if not training or name not in self._known:
            return total / (targets != UNKNOWN).sum().clamp(min=1)
        # Both the processes' gradients and the accumulation steps are averaged later on.
        parts = self.args.world_size * self.current_gradient_accumulation_steps
        return total * parts / self._known[name].clamp(min=1)

    def _open_window(self) -> None:
        """Represent all micro-batches of this optimizer step and keep the gradient of their common loss."""
        batches = [self._prepare_inputs(batch) for batch in self._micro_batches]
        self._micro_batches = []
        core = self.accelerator.unwrap_model(self.model)
        rows = joined(batches)

        def represent(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            # In one pass the masked one is what is aligned.
            return self._compared(self._represent(core, batch, reconstruct=self.contrastive or self.args.one_pass))

        def loss(compared: dict[str, torch.Tensor]) -> torch.Tensor:
            terms = self._compare(compared, rows)
            if self.args.alignment_weight > 0:
                self.alignment.remember(compared, rows)
            self._window_terms = {name: value.detach() for name, value in terms.items()}
            return torch.stack([self._weight(name) * value for name, value in terms.items()]).sum()

        self._window = CachedLoss(represent, loss, batches, core)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the terms' means since the last log, and the temperature."""
        if "loss" in logs and self._sums:
            logs["logit_scale"] = self.aligned.logit_scale.detach().exp().item()
        super().log(logs, start_time)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[Any] | None:
        dataset = self.train_dataset if train_dataset is None else train_dataset
        if not isinstance(dataset, AlignmentDataset):
            raise ConfigurationError(f"a {type(dataset).__name__} cannot be aligned", remedy="use an AlignmentDataset")
        args = self.args
        batch = args.train_batch_size * args.world_size * (args.gradient_accumulation_steps if args.grad_cache else 1)
        groups = [example.group for example in dataset.examples]
        return EpochSampler([""] * len(groups) if args.recipe == "published" else groups, batch, args.seed)

    # The memory goes with the optimizer's state: a checkpoint counts as complete once what follows is written.
    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        if self.alignment.memory is not None and self.args.should_save:
            self.alignment.memory.save(Path(output_dir) / MEMORY_NAME)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if self.alignment.memory is not None and checkpoint is not None:
            self.alignment.memory.load(Path(checkpoint) / MEMORY_NAME, self.args.device)


def _classes(dataset: Any, name: str, classes: int = 0) -> int:
    """Return how many classes a head needs.

    Raises:
        DataError: no example, or those of one class only, have one.
    """
    values = {getattr(example, name) for example in getattr(dataset, "examples", ())} - {UNKNOWN}
    if len(values) < 2:
        raise DataError(
            f"{len(values)} {name} classes among the training recordings; a head needs two or more",
            where=f"training.{'label' if name == 'label' else 'adversarial'}_weight",
            remedy="check the task's labels, or set the weight to 0",
        )
    return max(classes, max(values) + 1)


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
