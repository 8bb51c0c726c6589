"""The numerical-parity cases: weights and inputs by rule, arrays of the original implementations."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch


@dataclass
class Case:
    """One encoder's reference case."""

    facts: dict[str, Any]
    arrays: dict[str, np.ndarray]
    fill: ModuleType

    @property
    def variants(self) -> dict[str, float | None]:
        return self.facts["variants"]

    def state_dict(self, variant: str, recorded: str | None = None) -> dict[str, torch.Tensor]:
        """Original names; tensors the architecture itself computes are absent."""
        spec = self.facts["facts"][recorded] if recorded else self.facts["state_dict"]
        filled = self.fill.fill_state_dict(spec, self.variants[variant])
        for key, item in spec.items():
            if item["fill"] == "tied":
                filled[key] = filled[item["same_as"]]
        return {key: torch.from_numpy(value) for key, value in filled.items()}

    def waveform(self, name: str) -> np.ndarray:
        """Float32 waveform of an input."""
        made = self.facts["inputs"][name]
        return self.fill.to_float(self.fill.make_waveform_int16(made["seed"], made["n"], made["sr"]))

    def spectrogram(self, name: str) -> np.ndarray:
        made = self.facts["inputs"][name]
        return self.fill.make_spectrogram(made["seed"], made["frames"], made["bins"])

    def subsampled(self, name: str, full: np.ndarray) -> np.ndarray:
        """The rows and columns of `full` that the case keeps."""
        if f"{name}.rows" not in self.arrays:
            return full
        return full[..., self.arrays[f"{name}.rows"], :][..., self.arrays[f"{name}.cols"]]

    def compare(self, name: str, ours: np.ndarray | torch.Tensor, spread: float) -> tuple[float, float]:
        """Return the largest difference, and the tolerance: 10x the original's own float32-float64 spread, at least
        1e-5 of its largest value."""
        ours = ours.detach().numpy() if isinstance(ours, torch.Tensor) else np.asarray(ours)
        theirs = self.arrays[name]
        ours = self.subsampled(name, ours)
        assert ours.shape == theirs.shape, (name, ours.shape, theirs.shape)
        assert np.isfinite(ours).all(), name
        tolerance = max(10 * spread, 1e-5 * float(np.abs(theirs).max()))
        return float(np.abs(ours.astype(np.float64) - theirs.astype(np.float64)).max()), tolerance

    def check(self, name: str, ours: np.ndarray | torch.Tensor, spread: float) -> None:
        """Compare with the original, within the tolerance of `compare`."""
        error, tolerance = self.compare(name, ours, spread)
        assert error <= tolerance, f"{name}: {error:.3g} > {tolerance:.3g}"


def load_fill(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_fill", shared / "reference" / "fill.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_case(shared: Path, name: str) -> Case:
    folder = shared / "reference"
    facts = json.loads((folder / f"{name}.json").read_text())
    with np.load(folder / f"{name}.npz") as arrays:
        return Case(facts, dict(arrays), load_fill(shared))
