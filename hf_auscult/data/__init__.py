"""Datasets without leaks: original downloads in, Parquet with subject-disjoint splits out.

Importing this package is light; what needs the datasets library is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .guards import (
    assert_no_reserved,
    assert_no_shared_audio,
    assert_subject_disjoint,
    check_splits,
    reserved_subjects,
)
from .identity import merge
from .people import assign_people
from .report import PrepareReport
from .schema import ORGANS, SITES, features
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .split_spec import SplitPlan, SplitSpec
from .splits import assign, plan, split_sha256

if TYPE_CHECKING:
    from .builder import BodySoundBuilder
    from .circor import Circor
    from .load import load_prepared
    from .preparation import prepare
    from .registry import BUILDERS, DATASETS
    from .sprsound import SPRSound

_LAZY = {
    "BUILDERS": "registry",
    "BodySoundBuilder": "builder",
    "Circor": "circor",
    "DATASETS": "registry",
    "SPRSound": "sprsound",
    "load_prepared": "load",
    "prepare": "preparation",
}

__all__ = [
    "BUILDERS",
    "DATASETS",
    "ORGANS",
    "SITES",
    "BodySoundBuilder",
    "Circor",
    "DatasetSpec",
    "PaperTask",
    "PrepareReport",
    "Problem",
    "PublishedSplit",
    "SPRSound",
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
    "check_splits",
    "features",
    "load_prepared",
    "merge",
    "plan",
    "prepare",
    "reserved_subjects",
    "split_sha256",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value
