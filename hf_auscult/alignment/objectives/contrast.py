"""What the contrastive objectives share: cosines against batch and memory, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from .base import Extras

Targets = Callable[[slice], torch.Tensor]


def blocks(rows: int, chunk: int | None) -> Iterator[slice]:
    """Yield slices of at most `chunk` rows."""
    step = chunk or rows
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def blockwise(function: Callable[[slice], torch.Tensor], rows: int, chunk: int | None) -> torch.Tensor:
    """Sum `function(rows of a block)`; with a chunk, a block's table is computed again in the backward pass."""
    if chunk is None or chunk >= rows:
        return function(slice(0, rows))
    parts = [checkpoint(function, block, use_reentrant=False) for block in blocks(rows, chunk)]
    return torch.stack(parts).sum()


def cross_entropy(
    queries: torch.Tensor,
    keys: torch.Tensor,
    scale: torch.Tensor | float,
    *,
    targets: Targets | None = None,
    left_out: torch.Tensor | None = None,
    chunk: int | None = None,
) -> torch.Tensor:
    """Return the mean cross entropy of `scale * cos(queries, keys)`.

    Args:
        queries: (B, D).
        keys: (B + M, D); key i belongs to query i.
        scale: inverse temperature.
        targets: block of rows -> (rows, B + M) target distribution; the diagonal by default.
        left_out: (B, B + M) keys that are no candidates for a query.
        chunk: rows a block.
    """
    queries, keys = F.normalize(queries, dim=-1), F.normalize(keys, dim=-1)
    own = torch.arange(len(queries), device=queries.device)

    def block(rows: slice) -> torch.Tensor:
        logits = queries[rows] @ keys.T * scale
        if left_out is not None:
            logits = logits.masked_fill(left_out[rows], float("-inf"))
        return F.cross_entropy(logits, own[rows] if targets is None else targets(rows), reduction="sum")

    return blockwise(block, len(queries), chunk) / len(queries)


def alike(text: torch.Tensor, extras: Extras) -> torch.Tensor:
    """Return (B, B + M) whether two reports are equal: by their ids, without ids to the last bit of their vectors."""
    memory = extras.memory
    if extras.text_ids is not None:
        ids = extras.text_ids
        if memory is not None and memory.text_ids is not None:
            ids = torch.cat([ids, memory.text_ids])
        return extras.text_ids[:, None] == ids[None]
    known = text if memory is None else torch.cat([text, memory.text])
    return (text[:, None] == known[None]).all(dim=-1)


def remembered_alike(text: torch.Tensor, extras: Extras) -> torch.Tensor | None:
    """Return (B, B + M), true where the memory holds a recording's own report: no negative; `None` without memory."""
    if extras.memory is None:
        return None
    same = alike(text, extras)
    same[:, : len(text)] = False
    return same
