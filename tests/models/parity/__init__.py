"""Parity with the original implementations: one module a reference case, one test, one table.

`python -m tests.models.parity` prints the table that the README shows.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
import torch

from hf_auscult.models.convert_checkpoint import StateDict, convert
from tests.reference import Case


class Array(NamedTuple):
    """Our value of one recorded array, and where it starts: at the recorded `features` or at the `waveform`."""

    name: str
    ours: np.ndarray | torch.Tensor
    start: str = "features"


@dataclass(frozen=True)
class Parity:
    """How one reference case is reproduced.

    Args:
        case: its name.
        family: the converter's.
        container: original state dict -> the file its authors published.
        arrays: (case, weight variant, converted folder, empty folder) -> our values.
        recorded: key of the original state dict in the case's facts, where it is not the case's own.
        extra: key, in the case's facts, of tensors that the published file has besides.
        name: shown for it; the family's by default.
    """

    case: str
    family: str
    container: Callable[[StateDict], dict[str, Any]]
    arrays: Callable[[Case, str, Path, Path], Iterator[Array]]
    recorded: str | None = None
    extra: str | None = None
    name: str = ""


class Row(NamedTuple):
    """One line of the table."""

    case: str
    variant: str
    array: str
    start: str
    error: float
    tolerance: float


def cases() -> dict[str, Parity]:
    """All cases, by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            for parity in importlib.import_module(f"{__name__}.{module.name}").PARITY:
                found[parity.name or parity.family] = parity
    return found


def wav(case: Case, name: str, folder: Path) -> Path:
    """Write an input as a 16-bit wav at its rate."""
    made = case.facts["inputs"][name]
    pcm = case.fill.make_waveform_int16(made["seed"], made["n"], made["sr"])
    soundfile.write(folder / f"{name}.wav", pcm, made["sr"], subtype="PCM_16")
    return folder / f"{name}.wav"


def rows(parity: Parity, case: Case, variant: str, folder: Path) -> Iterator[Row]:
    """Convert the case's checkpoint in `folder` and compare every array."""
    folder.mkdir(parents=True, exist_ok=True)
    state = case.state_dict(variant, parity.recorded)
    if parity.extra:
        state |= case.state_dict(variant, parity.extra)
    torch.save(parity.container(state), folder / "checkpoint.ckpt")
    model = convert(parity.family, folder / "checkpoint.ckpt", folder / "model")
    spreads = {name: case.facts["facts"].get(f"float64_max_abs_diff_{name}", 0.0) for name in case.variants}
    with torch.no_grad():
        for name, ours, start in parity.arrays(case, variant, model, folder):
            # Arrays of no variant (features, tables) have the case's spread: the larger one.
            spread = spreads.get(name.partition(".")[0], max(spreads.values()))
            error, tolerance = case.compare(name, ours, spread)
            yield Row(parity.case, variant, name, start, error, tolerance)
