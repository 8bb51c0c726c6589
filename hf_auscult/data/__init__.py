"""Datasets without leaks: original downloads in, Parquet with subject-disjoint splits out.

Importing this package is light; what needs the datasets library is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .guards import assert_no_reserved, assert_no_shared_audio, assert_subject_disjoint, check_splits, reserved_subjects
from .identity import merge
from .people import assign_people
from .report import PrepareReport
from .schema import ORGANS, SITES, features
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .split_spec import SplitPlan, SplitSpec
from .splits import assign, plan, split_sha256

if TYPE_CHECKING:
    from .builder import BodySoundBuilder, builder_of
    from .catalogue import DATASETS, dataset, register_dataset
    from .corpora import build_corpus
    from .load import load_prepared
    from .preparation import prepare

_LAZY = {
    "BodySoundBuilder": "builder",
    "DATASETS": "catalogue",
    "build_corpus": "corpora",
    "builder_of": "builder",
    "dataset": "catalogue",
    "load_prepared": "load",
    "prepare": "preparation",
    "register_dataset": "catalogue",
}

__all__ = [
    "DATASETS",
    "ORGANS",
    "SITES",
    "BodySoundBuilder",
    "DatasetSpec",
    "PaperTask",
    "PrepareReport",
    "Problem",
    "PublishedSplit",
    "SplitPlan",
    "SplitSpec",
    "Stratum",
    "Table",
    "TaskConfig",
    "assert_no_reserved",
    "assert_no_shared_audio",
    "assert_subject_disjoint",
    "assign",
    "assign_people",
    "build_corpus",
    "builder_of",
    "check_splits",
    "dataset",
    "features",
    "load_prepared",
    "merge",
    "plan",
    "prepare",
    "register_dataset",
    "reserved_subjects",
    "split_sha256",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value
