"""Every dataset that can be prepared, by name."""

from __future__ import annotations

from ..errors import ConfigurationError
from .builder import BodySoundBuilder
from .circor import CIRCOR, Circor
from .hf_lung import HF_LUNG, HFLung
from .icbhi import ICBHI, ICBHI2017
from .kauh import KAUH, Kauh
from .resp_at_tr import RESP_AT_TR, RespAtTr
from .spec import DatasetSpec
from .sprsound import SPRSOUND, SPRSound

DATASETS: dict[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        CIRCOR,
        HF_LUNG,
        ICBHI,
        KAUH,
        RESP_AT_TR,
        SPRSOUND,
    )
}
BUILDERS: dict[str, type[BodySoundBuilder]] = {
    "circor": Circor,
    "hf_lung": HFLung,
    "icbhi": ICBHI2017,
    "kauh": Kauh,
    "resp_at_tr": RespAtTr,
    "sprsound": SPRSound,
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
