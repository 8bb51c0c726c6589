"""Accelerate-launched trainers: alignment with reports."""

from __future__ import annotations

from .align import AlignmentArguments, AlignmentTrainer
from .collate import AlignmentCollator
from .dataset import AlignmentDataset, AlignmentExample, CropPolicy
from .trainer import AuscultArguments, AuscultTrainer
from .waveforms import StoredWaveform, Waveforms

__all__ = [
    "AlignmentArguments",
    "AlignmentCollator",
    "AlignmentDataset",
    "AlignmentExample",
    "AlignmentTrainer",
    "AuscultArguments",
    "AuscultTrainer",
    "CropPolicy",
    "StoredWaveform",
    "Waveforms",
]
