"""Figures and their uncertainty: plain numpy functions, and ``load(name)`` for them as ``evaluate`` metrics.

Imports nothing else of the package but its errors and its file writer, so that every other layer can use it.
"""

from __future__ import annotations

from .borda import BordaCount, borda_count
from .calibration import Reliability, brier, debiased_ece, ece, reliability
from .classification import (
    accuracy,
    class_scores,
    confusion_counts,
    macro_f1,
    micro_f1,
    sensitivity,
    specificity,
)
from .conformal import fit_conformal
from .conformal_report import CoverageReport, conformal_coverage
from .decisions import DecisionScore
from .delong import delong, delong_difference
from .fairness import FairnessReport, fairness_report
from .icbhi import icbhi_score
from .intervals import (
    Interval,
    independent_difference,
    mean_error,
    mean_hits,
    paired_difference,
    patient_bootstrap,
    person_interval,
)
from .modules import MetricModule, load, metric_class, metric_names, register
from .multiplicity import holm
from .operating import OperatingPoint, choose_threshold, operating_point
from .physionet2016 import physionet2016_score
from .physionet2022 import murmur_weighted_accuracy, physionet2022_cost
from .ranking import auroc, auroc_over_runs, roc_points, weighted_auroc
from .recalibration import CalibrationLine, calibration_line, platt_scaling, temperature_scaling
from .regression import mae, mape, regression_scores
from .representation import cka, debiased_cka, effective_rank, within_groups_debiased_cka
from .retrieval import RetrievalScores, bidirectional_retrieval, retrieval_intervals, zero_shot_scores
from .roc_band import roc_band
from .selective import SelectiveAuroc, selective_auroc
from .sprsound import event_detection_score, sprsound_score
from .subgroups import age_groups

__all__ = [
    "BordaCount",
    "CalibrationLine",
    "CoverageReport",
    "DecisionScore",
    "FairnessReport",
    "Interval",
    "MetricModule",
    "OperatingPoint",
    "Reliability",
    "RetrievalScores",
    "SelectiveAuroc",
    "accuracy",
    "age_groups",
    "auroc",
    "auroc_over_runs",
    "bidirectional_retrieval",
    "borda_count",
    "brier",
    "calibration_line",
    "choose_threshold",
    "cka",
    "class_scores",
    "conformal_coverage",
    "confusion_counts",
    "debiased_cka",
    "debiased_ece",
    "delong",
    "delong_difference",
    "ece",
    "effective_rank",
    "event_detection_score",
    "fairness_report",
    "fit_conformal",
    "holm",
    "icbhi_score",
    "independent_difference",
    "load",
    "macro_f1",
    "mae",
    "mape",
    "mean_error",
    "mean_hits",
    "metric_class",
    "metric_names",
    "micro_f1",
    "murmur_weighted_accuracy",
    "operating_point",
    "paired_difference",
    "patient_bootstrap",
    "person_interval",
    "physionet2016_score",
    "physionet2022_cost",
    "platt_scaling",
    "register",
    "regression_scores",
    "reliability",
    "retrieval_intervals",
    "roc_band",
    "roc_points",
    "selective_auroc",
    "sensitivity",
    "specificity",
    "sprsound_score",
    "temperature_scaling",
    "weighted_auroc",
    "within_groups_debiased_cka",
    "zero_shot_scores",
]
