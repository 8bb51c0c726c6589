"""Every dataset that can be prepared, by name."""

from __future__ import annotations

from ..errors import ConfigurationError
from .bmd_hs import BMD_HS, BMDHS
from .builder import BodySoundBuilder
from .cinc2016 import CINC2016, CinC2016
from .circor import CIRCOR, Circor
from .hsdreport import HSDREPORT, HSDReport
from .korean import KOREAN, Korean
from .spec import DatasetSpec
from .sprsound import SPRSOUND, SPRSound
from .xh_heartsound import XH_HEARTSOUND, XHHeartSound
from .zchsound import ZCHSOUND, ZCHSound

DATASETS: dict[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        CIRCOR,
        SPRSOUND,
        CINC2016,
        KOREAN,
        ZCHSOUND,
        BMD_HS,
        HSDREPORT,
        XH_HEARTSOUND,
    )
}
BUILDERS: dict[str, type[BodySoundBuilder]] = {
    "circor": Circor,
    "sprsound": SPRSound,
    "cinc2016": CinC2016,
    "korean": Korean,
    "zchsound": ZCHSound,
    "bmd_hs": BMDHS,
    "hsdreport": HSDReport,
    "xh_heartsound": XHHeartSound,
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
