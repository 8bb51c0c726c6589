"""Batches larger than a device: rows of all processes, micro-batches as one (GradCache), pairs of earlier batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..errors import ConfigurationError, DataError

Batch = TypeVar("Batch")
Representations = Mapping[str, torch.Tensor]


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


class CachedLoss:
    """The loss of a whole window of micro-batches, handed back to each of them as a surrogate.

    All micro-batches are represented once without gradient; the loss of all rows together gives the gradient of every
    representation; then each micro-batch is represented again, now with gradient, under the same random numbers, and
    its :meth:`term` carries the cached gradient into the weights.

    Args:
        represent: micro-batch -> named tensors; those of rank 0 (a temperature) are the same for every micro-batch.
        loss: named tensors of all rows, each kept apart from its graph -> scalar.
        batches: the window.
        model: whose batch norms must not count a micro-batch twice.

    Attributes:
        value: the window's loss.

    Example:
        >>> layer, rows = nn.Linear(3, 2), torch.randn(4, 3)
        >>> window = CachedLoss(lambda x: {"y": layer(x)}, lambda rows: rows["y"].std(), rows.split(2), layer)
        >>> for part in rows.split(2):
        ...     window.rewind()
        ...     window.term({"y": layer(part)}).div(2).backward()
        >>> cached, layer.weight.grad = layer.weight.grad, None
        >>> layer(rows).std().backward()
        >>> torch.allclose(cached, layer.weight.grad, atol=1e-6)
        True
    """

    def __init__(
        self,
        represent: Callable[[Batch], Representations],
        loss: Callable[[dict[str, torch.Tensor]], torch.Tensor],
        batches: Sequence[Batch],
        model: nn.Module,
    ) -> None:
        self._states: list[Any] = []
        parts: list[Representations] = []
        with torch.no_grad(), batch_norms_kept(model):
            for batch in batches:
                self._states.append(_random_state())
                parts.append(represent(batch))
        leaves = {
            name: (first if first.ndim == 0 else torch.cat([part[name] for part in parts])).detach().requires_grad_()
            for name, first in parts[0].items()
        }
        with torch.enable_grad():
            value = loss(leaves)
        gradients = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
        self.value = value.detach()
        self._gradients: list[dict[str, torch.Tensor]] = [{} for _ in batches]
        for (name, leaf), gradient in zip(leaves.items(), gradients, strict=True):
            if gradient is None:
                continue
            sizes = [1] * len(parts) if leaf.ndim == 0 else [len(part[name]) for part in parts]
            shares = [gradient / len(parts)] * len(parts) if leaf.ndim == 0 else gradient.split(sizes)
            for micro_batch, share in zip(self._gradients, shares, strict=True):
                micro_batch[name] = share
        self._next = 0

    @property
    def remaining(self) -> int:
        """Micro-batches whose second pass is still to come."""
        return len(self._gradients) - self._next

    def rewind(self) -> None:
        """Set the random numbers of the next micro-batch's second pass to those of its first."""
        _set_random_state(self._states[self._next])

    def term(self, representations: Representations) -> torch.Tensor:
        """Return the next micro-batch's term: its value is the window's loss.

        The mean of all terms has the gradient of the window's loss, so that whoever divides by the number of
        accumulation steps gets it right.
        """
        gradients = self._gradients[self._next]
        self._next += 1
        pull = torch.stack([(representations[name] * gradient).sum() for name, gradient in gradients.items()]).sum()
        return len(self._gradients) * (pull - pull.detach()) + self.value


def _random_state() -> tuple[torch.Tensor, torch.Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state() if torch.cuda.is_available() else None


def _set_random_state(state: tuple[torch.Tensor, torch.Tensor | None]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1])


@contextmanager
def batch_norms_kept(model: nn.Module) -> Iterator[None]:
    """Undo what happened to running statistics."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    kept = [(buffer, buffer.clone()) for norm in norms for buffer in norm.buffers()]
    try:
        yield
    finally:
        for buffer, value in kept:
            buffer.copy_(value)


class EmbeddingMemory:
    """The newest `size` pairs, first in, first out, held alike by every process.

    Reports are kept as the frozen teacher read them and projected anew when used: unlike the recordings, which are
    kept as they were projected then, they never grow stale.

    Args:
        size: how many pairs.

    Example:
        >>> memory = EmbeddingMemory(3)
        >>> memory.push(text=torch.tensor([[1.0], [2.0]]))
        >>> memory.push(text=torch.tensor([[3.0], [4.0]]))
        >>> memory.rows["text"].flatten().tolist()
        [2.0, 3.0, 4.0]
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ConfigurationError(f"a memory of {size} pairs", remedy="use 1 or more")
        self.size = size
        self.rows: dict[str, torch.Tensor] = {}

    def __len__(self) -> int:
        return len(next(iter(self.rows.values()))) if self.rows else 0

    def push(self, **rows: torch.Tensor) -> None:
        """Add a batch: equally many rows under the same names each time."""
        if self.rows and set(rows) != set(self.rows):
            raise DataError(f"batches with {sorted(rows)} and with {sorted(self.rows)}", where="embedding memory")
        for name, new in rows.items():
            old = self.rows.get(name)
            new = new.detach()
            self.rows[name] = (new if old is None else torch.cat([old, new]))[-self.size :].clone()

    def save(self, path: Path) -> None:
        """Write the memory; a resumed run goes on with it."""
        save_file({name: rows.contiguous().cpu() for name, rows in self.rows.items()}, path)

    def load(self, path: Path, device: torch.device | str = "cpu") -> None:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: no such file: the checkpoint is of a run without a memory.
        """
        if not path.is_file():
            raise DataError("the checkpoint holds no memory", where=path, remedy="start anew or set memory_size to 0")
        self.rows = load_file(path, device=str(device))
