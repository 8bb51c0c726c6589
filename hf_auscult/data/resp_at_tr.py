"""RespiratoryDatabase@TR: 12-channel lung sounds of 42 people, with the stage of their COPD."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import ConfigurationError, DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Stratum, Table, TaskConfig
from .tabular import read_text

AUDIO = "RespiratoryDatabase@TR"
LABELS: tuple[str, ...] = ("Labels.xlsx", "Labels.csv")
SITES: Mapping[str, tuple[str, str]] = {
    "1": ("posterior", "upper lung"),
    "2": ("posterior", "middle lung"),
    "3": ("posterior", "lower lung"),
    "4": ("", ""),
    "5": ("", ""),
    "6": ("anterior", "lower lung"),
}
"""Channel -> where on the chest. Of channels 4 and 5 (a costophrenic angle, and the anterior chest) the sources at hand
do not agree which is which."""
CHANNELS: tuple[str, ...] = tuple(f"{side}{number}" for side in "LR" for number in SITES)
STAGES: tuple[str, ...] = ("COPD0", "COPD1", "COPD2", "COPD3", "COPD4")
_SIDES = {"L": "left", "R": "right"}
_PATIENT = re.compile(r"H\d{3}")


def read_rows(source: Path) -> Table:
    """Read the original layout: ``RespiratoryDatabase@TR/<patient>_<channel>.wav`` and ``Labels.xlsx`` beside it.

    The workbook lists the patients; each has twelve recordings.

    Raises:
        ConfigurationError: the workbook is there and openpyxl is not installed.
        DataError: another layout, or a damaged table.
    """
    root = locate(source, AUDIO, dataset="RespiratoryDatabase@TR")
    stages = _stages(root)
    rows = [_row(patient, channel, stage) for patient, stage in sorted(stages.items()) for channel in CHANNELS]
    listed = {row["recording_id"] for row in rows}
    problems = tuple(
        Problem(file.stem, f"{AUDIO}/{file.name}", "no such patient in the labels, or no such channel", "DataError")
        for file in sorted((root / AUDIO).glob("*.wav"))
        if file.stem not in listed
    )
    return Table(root, tuple(rows), problems)


def _stages(root: Path) -> dict[str, str]:
    files = [folder / name for name in LABELS for folder in (root, root / AUDIO)]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(f"no {LABELS[0]}", where=root, remedy="download it and put it there")
    lines = _workbook(file) if file.suffix == ".xlsx" else _text(file)
    header = [cell.strip() for cell in lines[0][:2]] if lines else []
    if header != ["Patient ID", "Diagnosis"]:
        raise DataError("the first row is not 'Patient ID, Diagnosis'", where=file, remedy="download it again")
    stages: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        patient, stage = (cell.strip() for cell in (*line, "", "")[:2])
        if not patient and not stage:
            continue
        if not _PATIENT.fullmatch(patient) or stage not in STAGES or patient in stages:
            raise DataError(f"row {number} is damaged, or repeats a patient", where=file, remedy="download it again")
        stages[patient] = stage
    return stages


def _workbook(file: Path) -> Sequence[Sequence[str]]:
    import zipfile
    import zlib

    import pandas

    try:
        sheet = pandas.read_excel(file, header=None, dtype=str, engine="openpyxl")
    except ImportError as error:
        raise ConfigurationError(
            "openpyxl is needed to read it", where=file, remedy="pip install 'hf-auscult[data]'"
        ) from error
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"the workbook is damaged ({error})", where=file, remedy="download it again") from error
    return [[str(cell) for cell in line] for line in sheet.fillna("").itertuples(index=False)]


def _text(file: Path) -> Sequence[Sequence[str]]:
    try:
        return list(csv.reader(io.StringIO(read_text(file), newline="")))
    except csv.Error as error:
        raise DataError(f"not a table of text ({error})", where=file, remedy="download it again") from error


def _row(patient: str, channel: str, stage: str) -> Row:
    name = f"{patient}_{channel}"
    face, level = SITES[channel[1]]
    return {
        "path": f"{AUDIO}/{name}.wav",
        "recording_id": name,
        "subject_id": f"resp_at_tr:{patient}",
        "site": f"{_SIDES[channel[0]]} {face}" if face else "other",
        "device": "Littmann 3200",
        "age": None,
        "age_group": None,
        "sex": None,
        "organ": "lung",
        "licence": RESP_AT_TR.licence,
        "source": RESP_AT_TR.name,
        "patient_id": patient,
        "channel": channel,
        "site_detail": f"{_SIDES[channel[0]]} {face} {level}" if face else f"channel {channel}",
        "diagnosis": stage,
    }


_OPERA: Mapping[str, tuple[str, ...]] = {
    "validation": ("H007", "H015", "H024", "H028", "H032", "H037", "H045"),
    "test": ("H003", "H012", "H018", "H022", "H023", "H026", "H034", "H039", "H050"),
}
"""People whom OPERA holds out; the other 26 are in training."""


def _opera(rows: Sequence[Row]) -> dict[str, str]:
    held_out = {patient: part for part, patients in _OPERA.items() for patient in patients}
    return {row["recording_id"]: held_out.get(row["patient_id"], "train") for row in rows}


RESP_AT_TR = DatasetSpec(
    name="resp_at_tr",
    title="RespiratoryDatabase@TR (COPD severity)",
    version="1",
    organ="lung",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note="Creative Commons Attribution 4.0: keep the attribution below with every copy.",
    citation=(
        "G. Altan, Y. Kutlu, Y. Garbi, A. Ö. Pekmezci, S. Nural, Multimedia Respiratory Database "
        "(RespiratoryDatabase@TR): Auscultation Sounds and Chest X-rays, Natural and Engineering Sciences 2(3):59-72, "
        "2017; Mendeley Data p9z4h98s6j, version 1."
    ),
    source_url="https://data.mendeley.com/datasets/p9z4h98s6j/1",
    columns={
        "patient_id": "string",
        "channel": "string",
        "site_detail": "string",
        "diagnosis": "string",
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "copd_severity",
            column="diagnosis",
            classes=STAGES,
            rule={stage: stage for stage in STAGES},
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T12",
                    dict(zip(STAGES, (72, 60, 84, 84, 204), strict=True)),
                    note="the paper's split takes 10 % of the files at random, without a seed, so patients are on "
                    "both sides",
                ),
                PaperTask(
                    "acula18",
                    "T9",
                    dict(zip(STAGES, (72, 60, 84, 84, 204), strict=True)),
                    note="42 people; OPERA, whose task it is, splits them 26/7/9, disjoint",
                ),
            ),
        ),
    ),
    strata=(Stratum("diagnosis", tuple((stage,) for stage in reversed(STAGES))),),
    has_subject_ids=True,
    read=read_rows,
    recordings=504,
    published={
        "opera": PublishedSplit(
            ("train", "validation", "test"),
            _opera,
            source="evelyn0414/OPERA, feature/copd_eval/train_test_split.npy; AcuLa evaluates on the same file",
        ),
    },
    traps=(
        "Twelve recordings of one person carry one label: there are 42 independent labels, not 504.",
        "`COPD0` is a person at risk, not a healthy one.",
        "What channels 4 and 5 are is not documented consistently, so their `site` is other; age and sex are not "
        "distributed.",
    ),
)


class RespAtTr(BodySoundBuilder):
    """RespiratoryDatabase@TR: configs ``recordings`` and ``copd_severity``."""

    SPEC = RESP_AT_TR
    BUILDER_CONFIGS = BodySoundBuilder.configs(RESP_AT_TR)
    DEFAULT_CONFIG_NAME = "recordings"
