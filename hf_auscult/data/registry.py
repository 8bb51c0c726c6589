"""Every dataset that can be prepared, by name."""

from __future__ import annotations

from ..errors import ConfigurationError
from .bmd_hs import BMD_HS, BMDHS
from .builder import BodySoundBuilder
from .cinc2016 import CINC2016, CinC2016
from .circor import CIRCOR, Circor
from .hf_lung import HF_LUNG, HFLung
from .hsdreport import HSDREPORT, HSDReport
from .icbhi import ICBHI, ICBHI2017
from .kauh import KAUH, Kauh
from .korean import KOREAN, Korean
from .resp_at_tr import RESP_AT_TR, RespAtTr
from .spec import DatasetSpec
from .sprsound import SPRSOUND, SPRSound
from .xh_heartsound import XH_HEARTSOUND, XHHeartSound
from .zchsound import ZCHSOUND, ZCHSound

DATASETS: dict[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        BMD_HS,
        CINC2016,
        CIRCOR,
        HF_LUNG,
        HSDREPORT,
        ICBHI,
        KAUH,
        KOREAN,
        RESP_AT_TR,
        SPRSOUND,
        XH_HEARTSOUND,
        ZCHSOUND,
    )
}
BUILDERS: dict[str, type[BodySoundBuilder]] = {
    "bmd_hs": BMDHS,
    "cinc2016": CinC2016,
    "circor": Circor,
    "hf_lung": HFLung,
    "hsdreport": HSDReport,
    "icbhi": ICBHI2017,
    "kauh": Kauh,
    "korean": Korean,
    "resp_at_tr": RespAtTr,
    "sprsound": SPRSound,
    "xh_heartsound": XHHeartSound,
    "zchsound": ZCHSound,
}


def dataset(name: str) -> DatasetSpec:
    """Find a dataset by its name.

    Raises:
        ConfigurationError: there is none of that name.

    Example:
        >>> dataset("circor").licence
        'ODC-By-1.0'
    """
    if name not in DATASETS:
        raise ConfigurationError(f"no dataset {name!r}", remedy=f"choose one of {', '.join(sorted(DATASETS))}")
    return DATASETS[name]
