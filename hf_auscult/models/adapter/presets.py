"""Readings of well-known encoders as data: `presets.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True)
class Preset:
    """How one published encoder is read.

    Args:
        model: Hub id.
        checked: what of this reading was compared with an original implementation, or `no`.
        layers, pooling, windows, real_frames, rate_factor: as of `adapt`.
    """

    model: str
    checked: str
    layers: list[int] | None = None
    pooling: str = "native"
    windows: Mapping[str, Any] | None = None
    real_frames: bool = False
    rate_factor: float = 1.0

    def settings(self) -> dict[str, Any]:
        """Return the arguments of `adapt` beside the model."""
        return {name: value for name, value in asdict(self).items() if name not in ("model", "checked")}


@cache
def presets() -> Mapping[str, Preset]:
    """Return all of them, by name.

    Example:
        >>> presets()["whisper-base-heart"].rate_factor
        4
    """
    text = resources.files(__package__).joinpath("presets.yaml").read_text("utf-8")
    return {name: Preset(**values) for name, values in yaml.safe_load(text).items()}


__all__ = ["Preset", "presets"]
