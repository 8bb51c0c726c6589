"""PhysioNet/CinC Challenge 2016: normal and abnormal heart sounds from six sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .cinc2016_annotations import COLUMNS, Annotations, read_annotations
from .layout import locate
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, Stratum, Table, TaskConfig
from .tabular import read_text

DATABASES: Mapping[str, str] = {
    "a": "Welch Allyn Meditron",
    "b": "3M Littmann E4000",
    "c": "AUDIOSCOPE",
    "d": "Infral prototype",
    "e": "MLT201/Piezo or 3M Littmann",
    "f": "JABES",
}
"""Sub-database -> what it was recorded with (Liu et al. 2016)."""

_CLASSES = {"-1": "Normal", "1": "Abnormal"}


@dataclass(frozen=True)
class Header:
    """What a ``.hea`` file says: the label in its comment, and the ECG file that it lists."""

    label: str | None
    ecg: str | None


def read_rows(source: Path) -> Table:
    """Read ``training-a`` to ``training-f`` (as far as they are here) and, if it is here, ``annotations``.

    A recording is one that a ``REFERENCE.csv`` lists; its label must be that of its header's comment.

    Raises:
        DataError: another layout, or a damaged table.
    """
    root = _root(source)
    annotations = read_annotations(root)
    rows: list[Row] = []
    problems: list[Problem] = []
    notes = [*annotations.notes, *_copies(root)]
    for database in DATABASES:
        folder = root / f"training-{database}"
        if not folder.is_dir():
            notes.append(f"no training-{database} in this folder")
            continue
        labels = _labels(folder / "REFERENCE.csv", database)
        for name in sorted(_records(folder) | set(labels) | {file.stem for file in folder.glob("*.wav")}):
            path = f"training-{database}/{name}.wav"
            try:
                rows.append(_row(folder, name, labels, annotations) | {"path": path})
            except DataError as error:
                problems.append(Problem(name, path, error.problem, "DataError"))
    headless = [row for row in rows if row["header_label"] is None]
    if headless:
        notes.append(f"{len(headless)} recordings have no header, so REFERENCE.csv alone gives their label")
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _root(source: Path) -> Path:
    """Folder that holds the sub-databases; any of them may be absent."""
    for database in DATABASES:
        marker = f"training-{database}"
        inside = source.is_dir() and any((folder / marker).is_dir() for folder in [source, *source.iterdir()])
        if inside:
            return locate(source, marker, dataset="the CinC Challenge 2016")
    return locate(source, "training-a", dataset="the CinC Challenge 2016")


def _labels(file: Path, database: str) -> dict[str, str]:
    """Name -> ``-1`` or ``1``; the table has no header."""
    if not file.is_file():
        raise DataError("the table of labels is missing", where=file, remedy="download it again")
    labels: dict[str, str] = {}
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(",")]
        name_is_right = re.fullmatch(rf"{database}\d{{4,5}}", cells[0]) is not None
        if len(cells) != 2 or not name_is_right or cells[1] not in _CLASSES or cells[0] in labels:
            raise DataError(f"line {number} is damaged: {line!r}", where=file, remedy="download it again")
        labels[cells[0]] = cells[1]
    return labels


def _records(folder: Path) -> set[str]:
    file = folder / "RECORDS"
    return set(read_text(file).split()) if file.exists() else set()


def _header(folder: Path, name: str) -> Header:
    """Read ``name signals rate samples``, one line per signal, and the comment with the label."""
    file = folder / f"{name}.hea"
    if not file.exists():
        return Header(None, None)
    lines = [line.strip() for line in read_text(file, errors="replace").splitlines() if line.strip()]
    comments = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    signals = [line.split() for line in lines[1:] if not line.startswith("#")]
    if not lines or lines[0].split()[0] != name or not signals:
        raise DataError("its header is damaged")
    if len(comments) != 1 or comments[0] not in _CLASSES.values():
        raise DataError(f"its header's comment {comments} is neither Normal nor Abnormal")
    ecg = [words[0] for words in signals if words[-1] == "ECG"]
    return Header(comments[0], ecg[0] if ecg and (folder / ecg[0]).is_file() else None)


def _row(folder: Path, name: str, labels: Mapping[str, str], annotations: Annotations) -> Row:
    database = folder.name[-1]
    if name not in labels:
        raise DataError("REFERENCE.csv does not list it")
    header = _header(folder, name)
    if header.label is not None and header.label != _CLASSES[labels[name]]:
        raise DataError(f"REFERENCE.csv says {_CLASSES[labels[name]]}, its header {header.label}")
    known = annotations.of(name)
    return {
        "recording_id": name,
        "subject_id": f"cinc2016:{annotations.person(name) or name}",
        "site": known.site,
        "device": DATABASES[database],
        "age": known.age,
        "age_group": None,
        "sex": known.sex,
        "organ": "heart",
        "licence": CINC2016.licence,
        "source": CINC2016.name,
        "database": database,
        "reference": labels[name],
        "header_label": header.label,
        "ecg_file": header.ecg and f"{folder.name}/{header.ecg}",
        "sqi": annotations.sqi.get(name),
        **known.columns,
    }


def _copies(root: Path) -> list[str]:
    """Say what the ``validation`` folder holds: copies of training recordings, which are not listed twice."""
    wavs = sorted((root / "validation").glob("*.wav"))
    same = Counter(
        (root / f"training-{wav.stem[0]}" / wav.name).is_file()
        and (root / f"training-{wav.stem[0]}" / wav.name).read_bytes() == wav.read_bytes()
        for wav in wavs
    )
    notes = [f"{same[True]} recordings of validation/ are copies of training recordings and left out"] * bool(
        same[True]
    )
    return notes + [f"{same[False]} recordings of validation/ are in no training folder and left out"] * bool(
        same[False]
    )


CINC2016 = DatasetSpec(
    name="cinc2016",
    title="PhysioNet/CinC Challenge 2016: classification of heart sound recordings",
    version="1.0.0",
    organ="heart",
    licence="ODC-By-1.0",
    licence_tag="odc-by",
    licence_note="As two registries of dataset licences list it; AuscultaBase's table says custom licence.",
    citation=(
        "C. Liu et al., An open access database for the evaluation of heart sound algorithms, Physiological "
        "Measurement 37(12):2181-2213, 2016; PhysioNet, challenge-2016 1.0.0."
    ),
    source_url="https://physionet.org/content/challenge-2016/1.0.0/",
    columns={
        "database": "string",
        "reference": "string",
        "header_label": "string",
        "ecg_file": "string",
        "sqi": "string",
        **COLUMNS,
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "normal_abnormal",
            column="reference",
            classes=("Normal", "Abnormal"),
            rule=_CLASSES,
            paper=(PaperTask("auscultabench16", "T14", {"Normal": 2575, "Abnormal": 665}),),
        ),
        TaskConfig(
            "normal_abnormal_clean",
            column="reference",
            classes=("Normal", "Abnormal"),
            rule=_CLASSES,
            keep={"sqi": ("1",)},
        ),
    ),
    strata=(
        Stratum("database", tuple((name,) for name in DATABASES)),
        Stratum("reference", (("1",), ("-1",))),
    ),
    has_subject_ids=False,
    subject_warning=(
        "The recordings' tables and headers name nobody. Where the distribution's annotations folder is here, "
        "recordings with one C (a), S (b) or id (c) number in their original name, or from one raw record (e), stand "
        "for one person; d, f, what the annotations lack, and everything without that folder count as a person each. "
        "So a person can be on both sides. Leaving out whole sub-databases (leave_one_source_out by database) rules "
        "it out, and shows how much of a score is the source: with simple features AUROC falls from 0.93 to chance."
    ),
    read=read_rows,
    recordings=3_240,
    checksums=("training-[a-f]/SHA256SUMS", "SHA256SUMS.txt"),
    traps=(
        "The label stands twice, in REFERENCE.csv (-1, 1) and in the header's comment; recordings where they differ "
        "are set aside (none in the distribution).",
        "Headers have CRLF line ends; in training-a they list an ECG (`ecg_file`), which is not copied.",
        "Names have four digits, in training-e five.",
        "The share of abnormal recordings is 71 % in a and 9 % in e, and the source can be heard: knowing only the "
        "sub-database gives AUROC 0.79.",
        "`validation/` holds copies of training recordings; they are left out and counted.",
        "40 pairs of recordings (38 in e, 2 in d) overlap in time; a subject split keeps such pairs on one side.",
        "`sqi` 0 marks recordings that the organisers found too noisy to label; the label is kept.",
        "Ages, sexes, places and diagnoses come from the annotations' appendix, which lacks 87 recordings of e.",
    ),
)


class CinC2016(BodySoundBuilder):
    """CinC Challenge 2016: configs ``recordings``, ``normal_abnormal`` and ``normal_abnormal_clean``."""

    SPEC = CINC2016
    BUILDER_CONFIGS = BodySoundBuilder.configs(CINC2016)
    DEFAULT_CONFIG_NAME = "recordings"
