"""Batch normalisation when a batch is divided: statistics that stay, or those of all processes' rows."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..errors import ConfigurationError

BatchNormMode = Literal["frozen", "synchronised", "batch"]


def check_batch_norm(mode: str) -> None:
    """Refuse an unknown mode.

    Raises:
        ConfigurationError: naming those that there are.
    """
    if mode not in get_args(BatchNormMode):
        raise ConfigurationError(
            f"unknown batch_norm {mode!r}",
            where="training.batch_norm",
            remedy=f"use {', '.join(get_args(BatchNormMode))}",
        )


def batch_norms(model: nn.Module) -> list[_BatchNorm]:
    """Return the batch normalisations of a model that keep statistics."""
    return [part for part in model.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]


def freeze_statistics(norms: Sequence[nn.Module]) -> None:
    """Let batch normalisations use the statistics they have; scale and shift are trained on."""
    for norm in norms:
        norm.eval()


class _SumOverProcesses(torch.autograd.Function):
    """Sum over processes; every process has its share of the loss, so gradients are summed as well."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor) -> torch.Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        gradient = gradients[0].clone()
        dist.all_reduce(gradient)
        return gradient


def _synchronised(norm: _BatchNorm, rows: torch.Tensor) -> torch.Tensor:
    """Normalise by the mean and variance of all processes' rows (torch's own does so on accelerators only)."""
    if not norm.training:
        return F.batch_norm(rows, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps)
    dims = [dim for dim in range(rows.ndim) if dim != 1]
    shape = [1, -1, *([1] * (rows.ndim - 2))]
    count = rows.numel() // rows.shape[1] * dist.get_world_size()
    # The mean first: a difference of sums of squares would lose what float32 has.
    wide = rows if rows.dtype == torch.float64 else rows.float()
    mean = _SumOverProcesses.apply(wide.sum(dims)) / count
    centred = wide - mean.view(shape)
    variance = _SumOverProcesses.apply(centred.square().sum(dims)) / count
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    with torch.no_grad():
        norm.num_batches_tracked += 1
        momentum = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
        norm.running_mean.lerp_(mean.to(norm.running_mean), momentum)
        norm.running_var.lerp_((variance * count / (count - 1)).to(norm.running_var), momentum)
    output = centred * (variance + norm.eps).rsqrt().view(shape)
    if norm.weight is not None:
        output = output * norm.weight.view(shape) + norm.bias.view(shape)
    return output.to(rows.dtype)


def synchronise_statistics(norms: Sequence[_BatchNorm]) -> None:
    """Let batch normalisations see the rows of all processes, equally many on each."""
    for norm in norms:
        norm.forward = types.MethodType(_synchronised, norm)  # type: ignore[method-assign]


__all__ = ["BatchNormMode", "batch_norms", "check_batch_norm", "freeze_statistics", "synchronise_statistics"]
