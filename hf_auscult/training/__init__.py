"""Accelerate-launched trainers: alignment with reports, and the controls it is judged against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .align import AlignmentArguments, AlignmentTrainer
    from .collate import AlignmentCollator
    from .dataset import AlignmentDataset, AlignmentExample, CropPolicy
    from .supervise import LabelSupervisedModel

_HOMES = {
    "AlignmentTrainer": "align",
    "AlignmentArguments": "align",
    "AlignmentCollator": "collate",
    "AlignmentDataset": "dataset",
    "AlignmentExample": "dataset",
    "CropPolicy": "dataset",
    "LabelSupervisedModel": "supervise",
}
__all__ = [
    "AlignmentArguments",
    "AlignmentCollator",
    "AlignmentDataset",
    "AlignmentExample",
    "AlignmentTrainer",
    "CropPolicy",
    "LabelSupervisedModel",
]


def __getattr__(name: str) -> Any:
    """Load a trainer, and with it transformers' Trainer, only when it is needed."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
