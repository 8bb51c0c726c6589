"""What every trainer here adds to transformers' own: it stops at the first NaN and finishes only what it has done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import TrainOutput

from ..errors import ConfigurationError, TrainingError
from .batch_norm import BatchNormMode, batch_norms, check_batch_norm, freeze_statistics, synchronise_statistics

# CLIP's bound on the learned inverse temperature (arXiv:2103.00020, 2.5): above it training is unstable.
LARGEST_LOGIT_SCALE = math.log(100.0)
# Scales, temperatures and tokens: pulling them to 0 is no regularisation.
NOT_DECAYED = ("logit_scale", "logit_bias", "tau", "token", "position_bias", "pos_embed")


@dataclass
class AuscultArguments(TrainingArguments):
    """transformers' `TrainingArguments` with what all trainers here share.

    Args:
        batch_norm: what batch normalisation does in training. `frozen`: it normalises by the statistics that it came
            with, which stay as they are, so that a batch may be divided anyhow. `synchronised`: by those of the rows
            of all processes. `batch`: by those of each micro-batch of each process, as in one process without
            accumulation. Encoders without batch normalisation do not care.
        decay_all: weight decay on every parameter, biases and norms included (AcuLa's released code). By default
            matrices alone are decayed.

    Raises:
        ConfigurationError: FSDP or DeepSpeed, under which nothing here has been run.
    """

    batch_norm: BatchNormMode = field(default="frozen", metadata={"help": "frozen, synchronised or batch"})
    decay_all: bool = field(default=False, metadata={"help": "weight decay on biases and norms, too"})

    remove_unused_columns: bool = field(default=False)
    report_to: str | list[str] | None = field(default="none")
    # transformers would write 0 for a loss that is NaN, and wait for the device at every step to do so.
    logging_nan_inf_filter: bool = field(default=False)

    def __post_init__(self) -> None:
        # bf16 would else be refused where there is no accelerator, and a configuration fit one machine only.
        self.use_cpu = self.use_cpu or not torch.accelerator.is_available()
        super().__post_init__()
        check_batch_norm(self.batch_norm)
        for name in ("fsdp", "deepspeed"):
            if getattr(self, name, None):
                raise ConfigurationError(
                    f"{name} has not been tried with these trainers",
                    where=f"training.{name}",
                    remedy="leave it out: accelerate launch with several processes runs DDP",
                )
        if self.logging_nan_inf_filter:
            raise ConfigurationError(
                "logging_nan_inf_filter hides that a run is lost", remedy="leave it out: a NaN stops the run"
            )


class FiniteWatch:
    """Finds that a number is not finite without making an accelerator wait for it.

    On the CPU :meth:`add` raises at once. On an accelerator the verdict is copied to the host while the next step is
    queued, and raised with the next :meth:`add`, one step later; :meth:`settle` waits for it.
    """

    def __init__(self) -> None:
        self._flag: torch.Tensor | None = None
        self._pending: tuple[int, torch.Tensor, Any] | None = None

    def see(self, value: torch.Tensor) -> None:
        """Take a number of the step at hand into account."""
        finite = value.detach().isfinite().all()
        self._flag = finite if self._flag is None else self._flag & finite

    def close(self, step: int) -> None:
        """End a step: the verdict on all that was seen since the last one.

        Raises:
            TrainingError: something was not finite, in this step or, on an accelerator, in the one before.
        """
        self.settle()
        flag, self._flag = self._flag, None
        if flag is None:
            return
        if flag.is_cuda:
            host = torch.empty((), dtype=torch.bool, pin_memory=True)
            host.copy_(flag, non_blocking=True)
            event = torch.cuda.Event()
            event.record()
            self._pending = (step, host, event)
        else:
            self._pending = (step, flag, None)
            self.settle()

    def settle(self) -> None:
        """Wait for a verdict that is on its way.

        Raises:
            TrainingError: as :meth:`close`.
        """
        pending, self._pending = self._pending, None
        if pending is None:
            return
        step, flag, event = pending
        if event is not None:
            event.synchronize()
        if not bool(flag):
            raise TrainingError(
                "the loss or its gradient is NaN or infinite",
                where=f"step {step}",
                remedy="lower the learning rate, or check the recordings and embeddings; the last checkpoint is good",
            )


class _Bounded(TrainerCallback):
    """Keeps a learned inverse temperature where CLIP keeps it."""

    def on_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        for name, parameter in model.named_parameters():
            if name.rpartition(".")[2] == "logit_scale" and parameter.requires_grad:
                parameter.data.clamp_(0.0, LARGEST_LOGIT_SCALE)


class AuscultTrainer(Trainer):
    """transformers' `Trainer` that fails loudly.

    A loss, gradient or weight that is NaN or infinite ends the run with an error before it is saved; so does a run
    that ends before `max_steps` without having been stopped by a callback, and one whose recordings fill no batch.
    Sub-classes report the terms of their loss by :meth:`note`; they are logged as means over steps and processes.

    Raises:
        ConfigurationError: batch normalisation that cannot be what `batch_norm` asks for.
    """

    args: AuscultArguments
    model: Any
    train_dataset: Any

    def __init__(self, model: Any, args: AuscultArguments, **kwargs: Any) -> None:
        super().__init__(model=model, args=args, **kwargs)
        self.add_callback(_Bounded())
        self._watch = FiniteWatch()
        self._sums: dict[str, torch.Tensor] = {}
        self._counts: dict[str, int] = {}
        self._frozen_norms: Sequence[nn.Module] = ()
        self._set_up_batch_norm()

    #: Whether accumulation steps are one batch for the loss (GradCache).
    joins_micro_batches = False

    def _set_up_batch_norm(self) -> None:
        args, norms = self.args, batch_norms(self.model)
        if not norms:
            return
        if args.batch_norm == "frozen":
            self._frozen_norms = norms
            return
        split = args.gradient_accumulation_steps > 1 and self.joins_micro_batches
        if split or (args.batch_norm == "batch" and args.world_size > 1):
            raise ConfigurationError(
                f"batch_norm {args.batch_norm!r} sees parts of the batch only: accumulation steps that grad_cache joins"
                if split
                else "batch_norm 'batch' would see the rows of one process only",
                where=type(self.model).__name__,
                remedy="set batch_norm to frozen" if split else "set batch_norm to frozen or synchronised",
            )
        if args.batch_norm == "synchronised" and args.world_size > 1:
            synchronise_statistics(norms)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Run one micro-batch, and look at its loss."""
        loss = super().training_step(model, inputs, num_items_in_batch)
        self._watch.see(loss)
        return loss

    def compute_loss_context_manager(self) -> Any:
        """Enter what a loss is computed in; by now the model is in training mode."""
        freeze_statistics(self._frozen_norms)
        return super().compute_loss_context_manager()

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm)
        if isinstance(norm, torch.Tensor) and not self.args.fp16:  # whose scaler skips steps that overflow
            self._watch.see(norm)
        self._watch.close(self.state.global_step + 1)
        return norm

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return batches.

        Raises:
            ConfigurationError: the recordings fill none.
        """
        loader: DataLoader[Any] = super().get_train_dataloader()
        if not len(loader):
            args = self.args
            raise ConfigurationError(
                f"{len(self.train_dataset)} recordings fill no batch of {args.train_batch_size} on each of "
                f"{args.world_size} processes",
                where="training.per_device_train_batch_size",
                remedy="use a smaller batch or more recordings",
            )
        return loader

    def train(self, *args: Any, **kwargs: Any) -> TrainOutput:
        """Train to the end.

        Raises:
            TrainingError: something became NaN or infinite, or the run ended early without having been told to.
        """
        output: TrainOutput = super().train(*args, **kwargs)
        self._check_weights()
        stopped = self.control.should_training_stop and self.state.global_step > 0
        if self.state.global_step < self.state.max_steps and not (stopped and len(self.callback_handler.callbacks) > 0):
            raise TrainingError(f"ended after {self.state.global_step} of {self.state.max_steps} steps")
        return output

    def _check_weights(self) -> None:
        self._watch.settle()
        values = [value for value in self.model.state_dict().values() if value.is_floating_point()]
        if values and not bool(torch.stack([value.isfinite().all() for value in values]).all()):
            raise TrainingError(
                "weights are NaN or infinite",
                where=f"step {self.state.global_step}",
                remedy="lower the learning rate; the last checkpoint is good",
            )

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        self._check_weights()
        super()._save_checkpoint(*args, **kwargs)

    def note(self, name: str, value: torch.Tensor) -> None:
        """Add a term of the loss to what the next log shows; nothing waits for it before."""
        value = value.detach().float()
        self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._counts[name] = self._counts.get(name, 0) + 1

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the noted terms: means over the micro-batches of all processes since the last log."""
        if "loss" in logs and self._sums:
            means = torch.stack([self._sums[name] / self._counts[name] for name in self._sums])
            means = self.accelerator.reduce(means, "mean")
            logs |= dict(zip(self._sums, means.tolist(), strict=True))
            self._sums, self._counts = {}, {}
        super().log(logs, start_time)

    def get_decay_parameter_names(self, model: nn.Module) -> list[str]:
        """Return the parameters that weight decay pulls at: all of them under `decay_all`, else the matrices."""
        if self.args.decay_all:
            return [name for name, _ in model.named_parameters()]
        shapes = {name: parameter.ndim for name, parameter in model.named_parameters()}
        return [
            name
            for name in super().get_decay_parameter_names(model)
            if shapes[name] > 1 and not any(word in name.rpartition(".")[2] for word in NOT_DECAYED)
        ]
