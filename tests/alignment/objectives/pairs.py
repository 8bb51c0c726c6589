"""Pairs for the property suite, in float64."""

from __future__ import annotations

import torch

from hf_auscult.alignment.objectives import OBJECTIVES

NAMES = [*OBJECTIVES, "debiased_cka+infonce"]


def related(number: int = 24, width: int = 16, noise: float = 0.5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Audio and text rows that belong together."""
    generator = torch.Generator().manual_seed(seed)
    audio = torch.randn(number, width, generator=generator, dtype=torch.float64)
    return audio, audio + noise * torch.randn(number, width, generator=generator, dtype=torch.float64)


def independent(number: int, width: int = 512, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Audio and text rows that have nothing to do with each other."""
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(number, width, generator=generator, dtype=torch.float64),
        torch.randn(number, width, generator=generator, dtype=torch.float64),
    )


def rotation(width: int, seed: int = 0) -> torch.Tensor:
    """A random rotation."""
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(width, width, generator=generator, dtype=torch.float64))[0]


def value_and_gradient(loss, *leaves: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """A loss and its gradients with respect to copies of the leaves."""
    copies = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    value = loss(*copies)
    found = torch.autograd.grad(value, copies, allow_unused=True)
    return value.detach(), *(
        torch.zeros_like(leaf) if gradient is None else gradient for leaf, gradient in zip(copies, found, strict=True)
    )
