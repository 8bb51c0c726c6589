"""Heat maps over log-mel windows: what a linear score of the pooled vector rests on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...errors import ConfigurationError

Score = Callable[[torch.Tensor], torch.Tensor]
BATCH = 32  # perturbed windows in a forward pass: bounds the memory, changes no value


def heat_maps(
    encoder: Any, windows: torch.Tensor, direction: torch.Tensor, method: str = "occlusion", *, patch: int = 8
) -> torch.Tensor:
    """Evidence for a class in every cell of log-mel windows.

    Args:
        encoder: a model of this package that maps (windows, frames, bands) to ``pooler_output``; in evaluation mode.
        windows: (windows, frames, bands).
        direction: (pooled size,) weights of the class's linear score.
        method: ``occlusion``: how much the score falls when a patch is replaced by the window's mean (any encoder);
            ``gradient``: gradient times the cell's distance from the mean (any encoder); ``grad_cam``: Selvaraju et al.
            2017 over the last layer's patch tokens; ``rollout``: Abnar & Zuidema 2020, attention of the pooled tokens
            multiplied through the layers, which knows nothing of the class. The last two need an encoder of patch
            tokens (OPERA-GT, AudioMAE).
        patch: side of an occluded square, in frames and bands.

    Returns:
        (windows, frames, bands) at least 0; what speaks against the class is 0.

    Raises:
        ConfigurationError: no such method, or one that this encoder does not allow.

    Example:
        `heat_maps(encoder, images, direction, "grad_cam").shape  # (windows, frames, bands)`
    """
    if method not in METHODS:
        raise ConfigurationError(f"no method {method!r}", remedy=f"choose one of {', '.join(METHODS)}")
    if encoder.training:
        raise ConfigurationError("the encoder is in training mode", remedy="call encoder.eval()")
    return METHODS[method](encoder, windows, direction.to(windows), patch)


def _occlusion(encoder: Any, windows: torch.Tensor, direction: torch.Tensor, patch: int) -> torch.Tensor:
    _, frames, bands = windows.shape
    heat = torch.zeros_like(windows)
    corners = [(t, f) for t in range(0, frames, patch) for f in range(0, bands, patch)]
    with torch.inference_mode():
        for number, window in enumerate(windows):
            base = encoder(window[None]).pooler_output @ direction
            for start in range(0, len(corners), BATCH):
                part = corners[start : start + BATCH]
                hidden = window.repeat(len(part), 1, 1)
                for place, (t, f) in enumerate(part):
                    hidden[place, t : t + patch, f : f + patch] = window.mean()
                falls = base - encoder(hidden).pooler_output @ direction
                for fall, (t, f) in zip(falls, part, strict=True):
                    heat[number, t : t + patch, f : f + patch] = fall
    return heat.clamp(min=0)


def _gradient(encoder: Any, windows: torch.Tensor, direction: torch.Tensor, patch: int) -> torch.Tensor:
    del patch
    parts = []
    for part in windows.split(BATCH):
        images = part.clone().requires_grad_()
        (slope,) = torch.autograd.grad((encoder(images).pooler_output @ direction).sum(), images)
        parts.append((slope * (part - part.mean(dim=(1, 2), keepdim=True))).clamp(min=0).detach())
    return torch.cat(parts)


def _grad_cam(encoder: Any, windows: torch.Tensor, direction: torch.Tensor, patch: int) -> torch.Tensor:
    del patch
    grid = _grid(encoder, windows)
    parts = []
    for part in windows.split(BATCH):
        kept: list[torch.Tensor] = []

        def keep(module: Any, inputs: Any, output: Any, kept: list[torch.Tensor] = kept) -> Any:
            tokens = output[0] if isinstance(output, tuple) else output
            tokens = tokens.detach().requires_grad_()
            kept.append(tokens)
            return (tokens, *output[1:]) if isinstance(output, tuple) else tokens

        handle = encoder.blocks[-1].register_forward_hook(keep)
        try:
            score = (encoder(part).pooler_output @ direction).sum()
        finally:
            handle.remove()
        (slope,) = torch.autograd.grad(score, kept[-1])
        count = grid[0] * grid[1]
        tokens, slopes = kept[-1][:, -count:].detach(), slope[:, -count:]
        cam = (tokens * slopes.mean(dim=1, keepdim=True)).sum(dim=2).clamp(min=0)
        parts.append(_enlarge(cam.unflatten(1, grid), part.shape[1:]))
    return torch.cat(parts)


def _rollout(encoder: Any, windows: torch.Tensor, direction: torch.Tensor, patch: int) -> torch.Tensor:
    del direction, patch
    grid = _grid(encoder, windows)
    parts = []
    with torch.inference_mode():
        for part in windows.split(BATCH):
            attentions = encoder(part, output_attentions=True).attentions
            if not attentions or attentions[0] is None:
                raise ConfigurationError(
                    "the encoder gives no attention weights", remedy='load it with attn_implementation="eager"'
                )
            whole = torch.eye(attentions[0].shape[-1]).expand(len(part), -1, -1)
            for layer in attentions:
                mixed = (layer.mean(dim=1) + torch.eye(layer.shape[-1])) / 2
                whole = mixed @ whole
            count = grid[0] * grid[1]
            flow = whole[:, -count:, -count:].mean(dim=1)  # the pooled vector is the mean of the patch tokens
            parts.append(_enlarge(flow.unflatten(1, grid), part.shape[1:]))
    return torch.cat(parts)


METHODS: dict[str, Callable[[Any, torch.Tensor, torch.Tensor, int], torch.Tensor]] = {
    "occlusion": _occlusion,
    "gradient": _gradient,
    "grad_cam": _grad_cam,
    "rollout": _rollout,
}


def _grid(encoder: Any, windows: torch.Tensor) -> tuple[int, int]:
    """Patches over time and frequency of windows of this length."""
    config = encoder.config
    if not hasattr(config, "grid_size") or not hasattr(encoder, "blocks"):
        raise ConfigurationError(
            f"{type(encoder).__name__} has no patch tokens", remedy="use the method 'occlusion' or 'gradient'"
        )
    return windows.shape[1] // config.patch_size, config.grid_size[1]


def _enlarge(cells: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Patch values (windows, times, bands) to (windows, frames, bands) of the image."""
    return torch.nn.functional.interpolate(cells[:, None], size=tuple(shape), mode="nearest")[:, 0]
