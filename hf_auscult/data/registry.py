"""Every dataset that can be prepared, by name."""

from __future__ import annotations

from ..errors import ConfigurationError
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
from .mmlung import MMLung
from .nosemic import NoseMic
from .resp_at_tr import RespAtTr
from .spec import DatasetSpec
from .sprsound import SPRSound
from .ssbpr import SSBPRBuilder
from .uk_covid19 import UKCovid19
from .xh_heartsound import XHHeartSound
from .zchsound import ZCHSound

BUILDERS: dict[str, type[BodySoundBuilder]] = {
    builder.SPEC.name: builder
    for builder in (
        *(BMDHS, CinC2016, Circor, HSDReport, Korean, XHHeartSound, ZCHSound),
        *(HFLung, ICBHI2017, Kauh, RespAtTr, SPRSound),
        *(Bowel, Coswara, CoughVID, Covid19Cough, MMLung, NoseMic, SSBPRBuilder, UKCovid19),
    )
}
DATASETS: dict[str, DatasetSpec] = {name: builder.SPEC for name, builder in sorted(BUILDERS.items())}


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
