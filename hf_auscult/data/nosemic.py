"""NoseMic: breathing recorded near the nose, with the respiratory rate."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, Table, TaskConfig

_NAME = re.compile(r"(?P<user>[^_]+)_(?P<second>[^_]+)_(?P<third>[^_]+)_(?P<rate>\d+(\.\d+)?)")
_FASTEST = 120  # breaths a minute: more is a typing error


def read_rows(source: Path) -> Table:
    """Read the original layout: ``audio/<user>_<x>_<y>_<breaths per minute>.wav``.

    Raises:
        DataError: another layout.
    """
    root = locate(source, "audio", dataset="NoseMic")
    rows: list[Row] = []
    problems: list[Problem] = []
    for file in sorted((root / "audio").glob("*.wav")):
        try:
            rows.append(_row(file))
        except DataError as error:
            problems.append(Problem(file.stem, f"audio/{file.name}", error.problem, "DataError"))
    if not rows:
        raise DataError("no recording of NoseMic's names", where=root / "audio", remedy="download it again")
    return Table(root, tuple(rows), tuple(problems))


def _row(file: Path) -> Row:
    match = _NAME.fullmatch(file.stem)
    if match is None:
        raise DataError("the name is not <user>_<x>_<y>_<breaths per minute>")
    rate = float(match["rate"])
    if not 0 < rate <= _FASTEST:
        raise DataError(f"{rate:g} breaths per minute")
    return {
        "path": f"audio/{file.name}",
        "recording_id": file.stem,
        "subject_id": f"nosemic:{match['user']}",
        "site": "nose",
        "device": None,
        "age": None,
        "age_group": None,
        "sex": None,
        "organ": "breath",
        "licence": NOSEMIC.licence,
        "source": NOSEMIC.name,
        "user": match["user"],
        "second_field": match["second"],
        "third_field": match["third"],
        "respiratory_rate": rate,
    }


NOSEMIC = DatasetSpec(
    name="nosemic",
    title="NoseMic: breathing near the nose with respiratory rate",
    version="2024 (1,297 recordings of 16 people)",
    organ="breath",
    licence="University of Cambridge, all rights reserved",
    licence_tag="other",
    licence_note="Copyright (c) 2024, University of Cambridge, all rights reserved; OPERA lists a custom licence.",
    citation=(
        "Y. Zhang et al., Towards Open Respiratory Acoustic Foundation Models: Pretraining and Benchmarking (OPERA), "
        "NeurIPS 2024 Datasets and Benchmarks, which distributes the recordings."
    ),
    source_url="https://github.com/evelyn0414/OPERA",
    columns={"user": "string", "second_field": "string", "third_field": "string", "respiratory_rate": "float"},
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "respiratory_rate",
            column="respiratory_rate",
            target="value",
            left_out=(None,),
            why_left_out="no rate",
            paper=(
                PaperTask(
                    "acula18", "T16", note="1,297 recordings of 16 people; one person out at a time, MAE in breaths/min"
                ),
            ),
        ),
    ),
    strata=(),
    has_subject_ids=True,
    read=read_rows,
    recordings=1_297,
    traps=(
        "Everything known of a recording is its name: person, two fields that nobody explains (`second_field`, "
        "`third_field`), and breaths per minute, the target.",
        "About 80 recordings a person: a random split tests on the people it was trained on.",
    ),
)


class NoseMic(BodySoundBuilder):
    """NoseMic: configs ``recordings`` and ``respiratory_rate``."""

    SPEC = NOSEMIC
    BUILDER_CONFIGS = BodySoundBuilder.configs(NOSEMIC)
    DEFAULT_CONFIG_NAME = "recordings"
