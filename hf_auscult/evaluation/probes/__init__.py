"""Frozen features in, scores of the tested recordings out: one convex probe, and the papers' own heads."""

from __future__ import annotations

from .attentive import AttentiveFit, fit_attentive
from .default_run import LinearFit, fit_linear
from .folds import Fold, grouped_folds, leave_one_subject_out
from .label_fraction import label_fraction_folds
from .probe import ProbeOutcome, run_probe
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
from .published_training import TrainedHeads, train_heads
from .ridge import RidgeFit, fit_ridge
from .settings import ProbeSettings
from .target import Target

__all__ = [
    "AUSCULTABENCH",
    "AUSCULTABENCH_MULTILABEL",
    "MMLUNG",
    "NOSEMIC",
    "OPERA",
    "OPERA_TASKS",
    "AttentiveFit",
    "Fold",
    "LinearFit",
    "ProbeOutcome",
    "ProbeSettings",
    "PublishedProbe",
    "RidgeFit",
    "Target",
    "TrainedHeads",
    "ValidationCut",
    "fit_attentive",
    "fit_linear",
    "fit_ridge",
    "grouped_folds",
    "label_fraction_folds",
    "leave_one_subject_out",
    "run_probe",
    "train_heads",
]
