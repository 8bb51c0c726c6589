"""Read RespiratoryDatabase@TR: twelve channels a patient, and a workbook of their stages of COPD."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ....errors import ConfigurationError, DataError, limit
from ....texts import AGAIN, read_lines, require_regular
from ...collector import RowCollector
from ...spec import Table

AUDIO = "RespiratoryDatabase@TR"
LABELS = ("Labels.xlsx", "Labels.csv")
STAGES = ("COPD0", "COPD1", "COPD2", "COPD3", "COPD4")
_SIDES = {"L": "left", "R": "right"}
_PATIENT = re.compile(r"H\d{3}")


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``RespiratoryDatabase@TR/<patient>_<channel>.wav`` and ``Labels.xlsx`` beside it.

    The workbook lists the patients; each has twelve recordings.

    Raises:
        ConfigurationError: the workbook is there and openpyxl is not installed.
        DataError: another layout, or a damaged table.
    """
    root = collector.root(source, AUDIO)
    for patient, stage in sorted(_stages(root).items()):
        for side in _SIDES:
            for place, (face, level) in collector.codes["channels"].items():
                channel = f"{side}{place}"
                collector.add(
                    f"{patient}_{channel}",
                    f"{AUDIO}/{patient}_{channel}.wav",
                    patient,
                    site=f"{_SIDES[side]} {face}" if face else "other",
                    patient_id=patient,
                    channel=channel,
                    site_detail=f"{_SIDES[side]} {face} {level}" if face else f"channel {channel}",
                    diagnosis=stage,
                )
    listed = {row["path"] for row in collector.rows}
    reason = "no such patient in the labels, or no such channel"
    collector.unlisted(root, (root / AUDIO).glob("*.wav"), listed, reason)
    return collector.table(root)


def _stages(root: Path) -> dict[str, str]:
    files = [folder / name for name in LABELS for folder in (root, root / AUDIO)]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(f"no {LABELS[0]}", where=root, remedy="download it and put it there")
    lines = _workbook(file) if file.suffix == ".xlsx" else _text(file)
    header = [cell.strip() for cell in lines[0][:2]] if lines else []
    if header != ["Patient ID", "Diagnosis"]:
        raise DataError("the first row is not 'Patient ID, Diagnosis'", where=file, remedy=AGAIN)
    stages: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        patient, stage = (cell.strip() for cell in (*line, "", "")[:2])
        if not patient and not stage:
            continue
        if not _PATIENT.fullmatch(patient) or stage not in STAGES or stages.get(patient, stage) != stage:
            raise DataError(f"row {number} is damaged, or contradicts an earlier one", where=file, remedy=AGAIN)
        stages[patient] = stage
    return stages


def _workbook(file: Path) -> Sequence[Sequence[str]]:
    import zipfile

    import pandas

    require_regular(file)
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > limit("AUSCULT_MAX_TEXT_BYTES", 1 << 28):
            raise DataError(f"{size} bytes of text", where=file, remedy="set AUSCULT_MAX_TEXT_BYTES higher")
        sheet = pandas.read_excel(file, header=None, dtype=str, engine="openpyxl")
    except ImportError as error:
        raise ConfigurationError(
            "openpyxl is needed to read it", where=file, remedy="pip install 'hf-auscult[data]'"
        ) from error
    except DataError:
        raise
    except Exception as error:  # of the archive, the XML or whatever openpyxl stumbles over in it
        raise DataError(f"the workbook is damaged ({error})", where=file, remedy=AGAIN) from error
    return [[str(cell) for cell in line] for line in sheet.fillna("").itertuples(index=False)]


def _text(file: Path) -> Sequence[Sequence[str]]:
    return [cells for _, cells in read_lines(file)]
