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

    def state_dict(self, variant: str) -> dict[str, torch.Tensor]:
        """Original names; tensors the architecture itself computes are absent."""
        filled = self.fill.fill_state_dict(self.facts["state_dict"], self.variants[variant])
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

    def check(self, name: str, ours: np.ndarray | torch.Tensor, spread: float) -> None:
        """Compare with the original: at most 10x its own float32-float64 spread, never below 1e-5 of the largest."""
        ours = ours.detach().numpy() if isinstance(ours, torch.Tensor) else np.asarray(ours)
        theirs = self.arrays[name]
        ours = self.subsampled(name, ours)
        assert ours.shape == theirs.shape, (name, ours.shape, theirs.shape)
        tolerance = max(10 * spread, 1e-5 * float(np.abs(theirs).max()))
        error = float(np.abs(ours - theirs).max())
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
