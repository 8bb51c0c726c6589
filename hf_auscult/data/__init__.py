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
    from .bmd_hs import BMDHS
    from .bowel import Bowel
    from .builder import BodySoundBuilder
    from .cinc2016 import CinC2016
    from .circor import Circor
    from .coswara import Coswara
    from .coughvid import CoughVID
    from .covid19_cough import Covid19Cough
    from .hf_lung import HFLung
    from .hsdreport import HSDReport
    from .icbhi import ICBHI2017
    from .kauh import Kauh
    from .korean import Korean
    from .load import load_prepared
    from .mmlung import MMLung
    from .nosemic import NoseMic
    from .preparation import prepare
    from .registry import BUILDERS, DATASETS
    from .resp_at_tr import RespAtTr
    from .sprsound import SPRSound
    from .ssbpr import SSBPRBuilder
    from .uk_covid19 import UKCovid19
    from .xh_heartsound import XHHeartSound
    from .zchsound import ZCHSound

_LAZY = {
    "BMDHS": "bmd_hs",
    "BUILDERS": "registry",
    "BodySoundBuilder": "builder",
    "CinC2016": "cinc2016",
    "Bowel": "bowel",
    "Circor": "circor",
    "Coswara": "coswara",
    "CoughVID": "coughvid",
    "Covid19Cough": "covid19_cough",
    "DATASETS": "registry",
    "MMLung": "mmlung",
    "NoseMic": "nosemic",
    "HFLung": "hf_lung",
    "HSDReport": "hsdreport",
    "ICBHI2017": "icbhi",
    "Kauh": "kauh",
    "Korean": "korean",
    "RespAtTr": "resp_at_tr",
    "SPRSound": "sprsound",
    "XHHeartSound": "xh_heartsound",
    "ZCHSound": "zchsound",
    "SSBPRBuilder": "ssbpr",
    "UKCovid19": "uk_covid19",
    "load_prepared": "load",
    "prepare": "preparation",
}

__all__ = [
    "BMDHS",
    "BUILDERS",
    "DATASETS",
    "ICBHI2017",
    "ORGANS",
    "SITES",
    "BodySoundBuilder",
    "Bowel",
    "CinC2016",
    "Circor",
    "Coswara",
    "CoughVID",
    "Covid19Cough",
    "DatasetSpec",
    "HFLung",
    "HSDReport",
    "Kauh",
    "Korean",
    "MMLung",
    "NoseMic",
    "PaperTask",
    "PrepareReport",
    "Problem",
    "PublishedSplit",
    "RespAtTr",
    "SPRSound",
    "SSBPRBuilder",
    "SplitPlan",
    "SplitSpec",
    "Stratum",
    "Table",
    "TaskConfig",
    "UKCovid19",
    "XHHeartSound",
    "ZCHSound",
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
