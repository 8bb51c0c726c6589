"""Frozen features in, honest figures out: linear probes with all or few labels, and classes from text alone."""

from __future__ import annotations

from .evaluate import Figure, ProbeFigures, ProbeResult, evaluate_probe
from .fraction import FewLabelScores, probe_with_label_fraction
from .linear import LogisticProbe, ProbeSettings
from .neighbours import Neighbours, nearest
from .people import mean_by_person
from .zeroshot import margins, zero_shot

__all__ = [
    "FewLabelScores",
    "Figure",
    "LogisticProbe",
    "Neighbours",
    "ProbeFigures",
    "ProbeResult",
    "ProbeSettings",
    "evaluate_probe",
    "margins",
    "mean_by_person",
    "nearest",
    "probe_with_label_fraction",
    "zero_shot",
]
