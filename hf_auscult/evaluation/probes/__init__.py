"""Frozen features in, honest figures out: linear probes with all or few labels, and classes from text alone."""

from __future__ import annotations

from .attentive import AttentiveFit, fit_attentive
from .engine import TrainedHeads, train_heads
from .evaluate import Figure, ProbeFigures, ProbeResult, evaluate_probe
from .folds import Fold, grouped_folds, leave_one_subject_out
from .fraction import FewLabelScores, probe_with_label_fraction
from .linear import LogisticProbe, ProbeSettings
from .outcome import ProbeOutcome, pool_scores
from .people import mean_by_person
from .published import (
    AUSCULTABENCH,
    AUSCULTABENCH_MULTILABEL,
    MMLUNG,
    NOSEMIC,
    OPERA,
    OPERA_TASKS,
    PublishedProbe,
    ValidationCut,
)
from .ridge import RidgeFit, fit_ridge
from .run import run_probe
from .settings import DefaultProbe

__all__ = [
    "AUSCULTABENCH",
    "AUSCULTABENCH_MULTILABEL",
    "MMLUNG",
    "NOSEMIC",
    "OPERA",
    "OPERA_TASKS",
    "AttentiveFit",
    "DefaultProbe",
    "FewLabelScores",
    "Figure",
    "Fold",
    "LogisticProbe",
    "ProbeFigures",
    "ProbeOutcome",
    "ProbeResult",
    "ProbeSettings",
    "PublishedProbe",
    "RidgeFit",
    "TrainedHeads",
    "ValidationCut",
    "evaluate_probe",
    "fit_attentive",
    "fit_ridge",
    "grouped_folds",
    "leave_one_subject_out",
    "mean_by_person",
    "pool_scores",
    "probe_with_label_fraction",
    "run_probe",
    "train_heads",
]
