"""HSDReport: heart sounds of children with echocardiography reports. Private: read from the generic layout."""

from __future__ import annotations

from pathlib import Path

from .builder import BodySoundBuilder
from .generic import OWN_COLUMNS, read_generic
from .spec import DatasetSpec, PaperTask, Stratum, Table, TaskConfig


def read_rows(source: Path) -> Table:
    """Read ``metadata.csv`` (see :mod:`hf_auscult.data.generic`) with the columns ``label`` and, if given, ``report``.

    ``label`` is ``Normal``, ``Abnormal`` or empty.

    Raises:
        DataError: another layout.
    """
    return read_generic(
        source,
        name="hsdreport",
        organ="heart",
        licence=HSDREPORT.licence,
        device="Littmann 3200",
        extra={"report": "string"},
        needed=("label",),
    )


HSDREPORT = DatasetSpec(
    name="hsdreport",
    title="HSDReport: heart sound diagnosis with echocardiography reports",
    version="private",
    organ="heart",
    licence="unpublished",
    licence_tag="unknown",
    licence_note="Not published (AuscultaBase, Table 5). Whoever holds a copy must not pass it on.",
    citation="Z. Zhao et al., HSDReport: Heart Sound Diagnosis with Echocardiography Reports, arXiv:2408.08669, 2024.",
    source_url="https://arxiv.org/abs/2408.08669",
    columns={**OWN_COLUMNS, "report": "string"},
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "normal_abnormal",
            column="original_label",
            classes=("Normal", "Abnormal"),
            rule={"Normal": "Normal", "Abnormal": "Abnormal"},
            left_out=(None,),
            why_left_out="recordings of the later extension have no diagnosis",
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T16",
                    {"Normal": 247, "Abnormal": 2028},
                    note="2,275 recordings of as many children; the corpus of 3,660 includes a later extension. Cannot "
                    "be checked: the data are unpublished.",
                ),
            ),
        ),
    ),
    strata=(Stratum("original_label", (("Abnormal",), ("Normal",))),),
    has_subject_ids=True,
    read=read_rows,
    recordings=2_275,
    traps=(
        "One recording holds five sites one after the other, at least 15 s each (AuscultaBase, appendix B).",
        "No original layout is known: metadata.csv as described in `hf_auscult/data/generic.py` is ours.",
    ),
)


class HSDReport(BodySoundBuilder):
    """HSDReport: configs ``recordings`` and ``normal_abnormal``."""

    SPEC = HSDREPORT
    BUILDER_CONFIGS = BodySoundBuilder.configs(HSDREPORT)
    DEFAULT_CONFIG_NAME = "recordings"
