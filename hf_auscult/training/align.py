"""The alignment trainer: a pair-wise objective over the whole batch plus what preserves the encoder."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ..errors import ConfigurationError
from .alignment import AlignmentLoss, joined
from .arguments import AlignmentArguments
from .dataset import AlignmentDataset, EpochSampler
from .gradcache import CachedLoss
from .preservation import FrozenStart, resolve

MEMORY_NAME = "memory.safetensors"


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
            found = self.alignment.representations(output)
            if window is not None:
                terms["alignment_loss"] = window.term(found)
                self._window = window if window.remaining else None
            else:
                terms["alignment_loss"] = self.alignment(found, inputs)
                if model.training:
                    self.alignment.remember(found, inputs)
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

        def loss(found: dict[str, torch.Tensor]) -> torch.Tensor:
            value = self.alignment(found, rows)
            self.alignment.remember(found, rows)
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
    found: list[tuple[int, str]] = []
    for path in Path(folder).glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        try:
            # transformers writes this file last.
            step = json.loads((path / "trainer_state.json").read_text())["global_step"]
        except (OSError, ValueError, KeyError):
            continue
        found.append((int(step), str(path)))
    return max(found)[1] if found else None
