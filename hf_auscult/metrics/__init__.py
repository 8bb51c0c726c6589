"""Figures and their uncertainty: plain numpy functions, and evaluate modules in ``modules/``.

Imports nothing else of the package but its errors, so that every other layer can use it.
"""

from __future__ import annotations

from .classification import accuracy, balanced_accuracy, macro_f1, micro_f1, sensitivity, specificity
from .delong import DeLong, delong, delong_difference
from .intervals import Interval, paired_difference, patient_bootstrap
from .multiplicity import holm
from .ranking import RocPoints, auroc, auroc_over_runs, roc_points, weighted_auroc
from .representation import debiased_cka, effective_rank, within_groups_debiased_cka
from .retrieval import QueryRanks, RetrievalScores, bidirectional_retrieval, retrieval_intervals, zero_shot_scores

__all__ = [
    "DeLong",
    "Interval",
    "QueryRanks",
    "RetrievalScores",
    "RocPoints",
    "accuracy",
    "auroc",
    "auroc_over_runs",
    "balanced_accuracy",
    "bidirectional_retrieval",
    "debiased_cka",
    "delong",
    "delong_difference",
    "effective_rank",
    "holm",
    "macro_f1",
    "micro_f1",
    "paired_difference",
    "patient_bootstrap",
    "retrieval_intervals",
    "roc_points",
    "sensitivity",
    "specificity",
    "weighted_auroc",
    "within_groups_debiased_cka",
    "zero_shot_scores",
]
