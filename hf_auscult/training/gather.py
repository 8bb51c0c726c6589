"""Gather a batch from all processes and let the gradient flow back to where each row came from."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor) -> torch.Tensor:
        ctx.size = len(rows)
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        # Every process has the gradient of its own copy of the loss. Their sum, which DDP then divides by the number
        # of processes, is the gradient of the one loss over the whole batch.
        gradient = gradients[0].contiguous()
        dist.all_reduce(gradient)
        start = dist.get_rank() * ctx.size
        return gradient[start : start + ctx.size]


def gather_rows(rows: torch.Tensor) -> torch.Tensor:
    """Concatenate (B, …) of all processes, equal B everywhere, with exact gradients under DDP; identity for one."""
    if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
        return rows
    gathered: torch.Tensor = _GatherRows.apply(rows)
    return gathered
