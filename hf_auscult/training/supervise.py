"""Direct label supervision: the control that asks what the labels alone would have taught."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.data import Sampler
from transformers import PreTrainedModel, Trainer
from transformers.utils.generic import ModelOutput

from .align import epoch_sampler


class LabelSupervisedModel(nn.Module):
    """An AcuLa model's encoder under a linear head, with the same reconstruction term.

    Args:
        model: the `AcuLaModel` whose encoder and decoder are trained.
        classes: number of classes.
        reconstruction_weight: as in alignment.
    """

    accepts_loss_kwargs = False

    def __init__(self, model: PreTrainedModel, classes: int, reconstruction_weight: float = 1.0) -> None:
        super().__init__()
        self.model, self.weight = model, reconstruction_weight
        self.head = nn.Linear(model.config.pooled_size, classes)

    def forward(
        self,
        input_features: torch.Tensor,
        labels: torch.Tensor,
        noise: torch.Tensor | None = None,
        text_embeddings: torch.Tensor | None = None,
        text_ids: torch.Tensor | None = None,
    ) -> ModelOutput:
        """Return cross entropy over known labels plus reconstruction; reports in the batch are not read."""
        output = self.model(input_features=input_features, noise=noise, reconstruct=self.weight > 0)
        logits = self.head(output.pooler_output)
        # A batch may hold unknown labels only; a mean over none would be NaN.
        known = (labels != -100).sum().clamp(min=1)
        loss = nn.functional.cross_entropy(logits, labels, ignore_index=-100, reduction="sum") / known
        if output.reconstruction_loss is not None:
            loss = loss + self.weight * output.reconstruction_loss
        return ModelOutput(loss=loss, logits=logits)


class LabelSupervisedTrainer(Trainer):
    """`Trainer` for a `LabelSupervisedModel` on the same batches as the alignment it is compared with."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[Any] | None:
        return epoch_sampler(self, train_dataset)
