"""Accelerate-launched trainers: alignment with reports, and the controls that it is compared with."""

from __future__ import annotations

from .align import AlignmentArguments, AlignmentTrainer
from .collate import AlignmentCollator
from .dataset import AlignmentDataset, AlignmentExample, CropPolicy
from .supervise import LabelSupervisedModel

__all__ = [
    "AlignmentArguments",
    "AlignmentCollator",
    "AlignmentDataset",
    "AlignmentExample",
    "AlignmentTrainer",
    "CropPolicy",
    "LabelSupervisedModel",
]
