"""Every dataset that can be prepared, by name."""

from __future__ import annotations

from ..errors import ConfigurationError
from .bowel import BOWEL, Bowel
from .builder import BodySoundBuilder
from .circor import CIRCOR, Circor
from .coswara import COSWARA, Coswara
from .coughvid import COUGHVID, CoughVID
from .covid19_cough import COVID19_COUGH, Covid19Cough
from .hf_lung import HF_LUNG, HFLung
from .icbhi import ICBHI, ICBHI2017
from .kauh import KAUH, Kauh
from .mmlung import MMLUNG, MMLung
from .nosemic import NOSEMIC, NoseMic
from .resp_at_tr import RESP_AT_TR, RespAtTr
from .spec import DatasetSpec
from .sprsound import SPRSOUND, SPRSound
from .ssbpr import SSBPR, SSBPRBuilder
from .uk_covid19 import UK_COVID19, UKCovid19

DATASETS: dict[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        *(CIRCOR, HF_LUNG, ICBHI, KAUH, RESP_AT_TR, SPRSOUND),
        *(COVID19_COUGH, COUGHVID, COSWARA, UK_COVID19, MMLUNG, NOSEMIC, SSBPR, BOWEL),
    )
}
BUILDERS: dict[str, type[BodySoundBuilder]] = {
    builder.SPEC.name: builder
    for builder in (
        *(Circor, HFLung, ICBHI2017, Kauh, RespAtTr, SPRSound),
        *(Covid19Cough, CoughVID, Coswara, UKCovid19, MMLung, NoseMic, SSBPRBuilder, Bowel),
    )
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
