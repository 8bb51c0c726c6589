"""XHheartSound: unlabelled heart sounds of children. Private: read from the generic layout."""

from __future__ import annotations

from pathlib import Path

from .builder import BodySoundBuilder
from .generic import OWN_COLUMNS, read_generic
from .spec import DatasetSpec, Table, TaskConfig


def read_rows(source: Path) -> Table:
    """Read ``metadata.csv``, see :mod:`hf_auscult.data.generic`; the authors give no diagnosis.

    Raises:
        DataError: another layout.
    """
    return read_generic(
        source, name="xh_heartsound", organ="heart", licence=XH_HEARTSOUND.licence, device="Littmann 3200"
    )


XH_HEARTSOUND = DatasetSpec(
    name="xh_heartsound",
    title="XHheartSound: heart sounds of children",
    version="private",
    organ="heart",
    licence="unpublished",
    licence_tag="unknown",
    licence_note="Not published (AuscultaBase, Table 5). Whoever holds a copy must not pass it on.",
    citation=(
        "P. Wang et al., A Generalist Audio Foundation Model for Comprehensive Body Sound Auscultation (AuscultaBase), "
        "appendix B."
    ),
    source_url="https://github.com/applewpj/AuscultaBase",
    columns=dict(OWN_COLUMNS),
    tasks=(TaskConfig("recordings"),),
    strata=(),
    has_subject_ids=True,
    read=read_rows,
    recordings=8_377,
    traps=(
        "8,377 recordings of as many children without a label: pre-training only.",
        "Device and places as in HSDReport (AuscultaBase, appendix B).",
        "No original layout is known: metadata.csv as described in `hf_auscult/data/generic.py` is ours.",
    ),
)


class XHHeartSound(BodySoundBuilder):
    """XHheartSound: config ``recordings``."""

    SPEC = XH_HEARTSOUND
    BUILDER_CONFIGS = BodySoundBuilder.configs(XH_HEARTSOUND)
    DEFAULT_CONFIG_NAME = "recordings"
