"""A batch-coupled loss over accumulated micro-batches, exact, at the memory of one of them (arXiv:2101.06983)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

Batch = TypeVar("Batch")
Representations = Mapping[str, torch.Tensor]


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
        >>> window = CachedLoss(lambda x: {"y": layer(x)}, lambda found: found["y"].std(), rows.split(2), layer)
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
        with torch.no_grad(), _batch_norms_kept(model):
            for batch in batches:
                self._states.append(_random_state())
                parts.append(represent(batch))
        leaves = {
            name: (first if first.ndim == 0 else torch.cat([part[name] for part in parts])).detach().requires_grad_()
            for name, first in parts[0].items()
        }
        with torch.enable_grad():
            value = loss(leaves)
        found = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
        self.value = value.detach()
        self._gradients: list[dict[str, torch.Tensor]] = [{} for _ in batches]
        for (name, leaf), gradient in zip(leaves.items(), found, strict=True):
            if gradient is None:
                continue
            sizes = [1] * len(parts) if leaf.ndim == 0 else [len(part[name]) for part in parts]
            shares = [gradient / len(parts)] * len(parts) if leaf.ndim == 0 else gradient.split(sizes)
            for place, share in zip(self._gradients, shares, strict=True):
                place[name] = share
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
def _batch_norms_kept(model: nn.Module) -> Iterator[None]:
    """Undo what happened to running statistics."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    kept = [(buffer, buffer.clone()) for norm in norms for buffer in norm.buffers()]
    try:
        yield
    finally:
        for buffer, value in kept:
            buffer.copy_(value)
