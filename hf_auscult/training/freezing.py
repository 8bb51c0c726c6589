"""Parameters that a training has no use for: found by asking the loss, so that no process waits for their gradient."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from .large_batches import batch_norms_kept


def unused_parameters(model: nn.Module, loss: Callable[[], torch.Tensor]) -> list[str]:
    """Return the names of trainable parameters that a loss gives no gradient.

    Distributed training waits for the gradient of every trainable parameter, and weight decay shrinks those that get
    none. The model, its statistics and the random numbers are left as they were.

    Args:
        model: whose parameters.
        loss: computes the training's loss of a few rows, in training mode.

    Example:
        >>> model = nn.ModuleDict({"used": nn.Linear(2, 1), "idle": nn.Linear(2, 1)})
        >>> unused_parameters(model, lambda: model["used"](torch.ones(1, 2)).sum())
        ['idle.weight', 'idle.bias']
    """
    devices = {value.device.index or 0 for value in model.parameters() if value.is_cuda}
    training = model.training
    with torch.random.fork_rng(devices=sorted(devices)), batch_norms_kept(model), torch.enable_grad():
        value = loss()
        # Now: some encoders freeze tables of theirs in their forward pass.
        trainable = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(value, [parameter for _, parameter in trainable], allow_unused=True)
    model.train(training)
    return [name for (name, _), gradient in zip(trainable, gradients, strict=True) if gradient is None]
