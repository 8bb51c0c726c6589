"""The original scripts' stream of random numbers: layer construction, initial weights, loaders, in their order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .published import PublishedProbe

if TYPE_CHECKING:
    from torch import Generator, Tensor


def initial_parameters(columns: int, outputs: int, settings: PublishedProbe, stream: Generator) -> list[Tensor]:
    """[weight (in, out), bias (1, out), ...] after ``nn.Linear``'s own draws and the script's initialisation."""
    import torch

    sizes = [(outputs, columns)] if settings.head == "linear" else [(columns, columns), (outputs, columns)]
    for rows, inputs in sizes:  # nn.Linear fills weights and bias before the script overwrites them
        torch.empty(rows, inputs).uniform_(-1, 1, generator=stream)
        torch.empty(rows).uniform_(-1, 1, generator=stream)
    parameters = []
    for rows, inputs in sizes:
        weight = torch.empty(rows, inputs)
        if settings.weights == "normal":
            weight.normal_(mean=0.0, std=0.01, generator=stream)
        else:
            bound = math.sqrt(6.0 / (rows + inputs))
            weight.uniform_(-bound, bound, generator=stream)
        parameters += [weight.T.contiguous(), torch.zeros(1, rows)]
    return parameters


def loader_order(rows: int, stream: Generator) -> Tensor:
    """(rows,) order of one pass of ``DataLoader(shuffle=True)``: a seed for the workers, then one for the sampler."""
    import torch

    open_loader(stream)
    sampler = torch.Generator()
    sampler.manual_seed(_draw(stream))
    return torch.randperm(rows, generator=sampler)


def open_loader(stream: Generator, *, shuffled: bool = False) -> None:
    """What opening a loader takes from the stream: the workers' seed, and the sampler's when it shuffles."""
    for _ in range(1 + shuffled):
        _draw(stream)


def _draw(stream: Generator) -> int:
    import torch

    return int(torch.empty((), dtype=torch.int64).random_(generator=stream).item())
