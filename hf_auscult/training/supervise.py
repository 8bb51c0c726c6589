"""Direct label supervision: the control that asks what the labels alone would have taught."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.data import Sampler
from transformers import Trainer
from transformers.utils.generic import ModelOutput

from .align import epoch_sampler
from .preservation import FrozenStart


class LabelSupervisedModel(nn.Module):
    """An AcuLa model's encoder under a linear head, preserved as in the alignment it is compared with.

    Args:
        model: the `AcuLaModel` whose encoder is trained.
        classes: number of classes.
        reconstruction_weight: as in alignment.
        preservation: `own`, `distillation` or `none`, as `preservation.resolve` gave it.
    """

    accepts_loss_kwargs = False

    def __init__(
        self,
        model: Any,
        classes: int,
        reconstruction_weight: float = 1.0,
        preservation: str = "own",
    ) -> None:
        super().__init__()
        self.model, self.weight = model, reconstruction_weight
        self.own = preservation == "own" and reconstruction_weight > 0
        # In a tuple, so that the frozen start is not a sub-module.
        self.start = (FrozenStart(model.audio_encoder),) if preservation == "distillation" else ()
        self.head = nn.Linear(model.config.pooled_size, classes)

    def forward(
        self,
        input_features: torch.Tensor,
        labels: torch.Tensor,
        noise: torch.Tensor | None = None,
        text_embeddings: torch.Tensor | None = None,
        text_ids: torch.Tensor | None = None,
        facts: torch.Tensor | None = None,
    ) -> ModelOutput:
        """Return cross entropy over known labels plus preservation; reports in the batch are not read."""
        output = self.model(input_features=input_features, noise=noise, reconstruct=self.own)
        logits = self.head(output.pooler_output)
        # A batch may hold unknown labels only; a mean over none would be NaN.
        known = (labels != -100).sum().clamp(min=1)
        loss = nn.functional.cross_entropy(logits, labels, ignore_index=-100, reduction="sum") / known
        if output.reconstruction_loss is not None:
            loss = loss + self.weight * output.reconstruction_loss
        for start in self.start:
            loss = loss + self.weight * start.loss(input_features, output.pooler_output)
        return ModelOutput(loss=loss, logits=logits)


class LabelSupervisedTrainer(Trainer):
    """`Trainer` for a `LabelSupervisedModel` on the same batches as the alignment it is compared with."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[Any] | None:
        return epoch_sampler(self, train_dataset)
