"""Yaseen et al. 2018 ("Korean"): heart sounds of five classes, three cycles each, gathered from teaching material."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, Stratum, Table, TaskConfig

CLASSES: tuple[str, ...] = ("N", "AS", "MR", "MS", "MVP")
PER_CLASS = 200
BLOCK = 40
"""Indices that count as one subject: a fifth of a class."""

_NAME = re.compile(r"New_(?P<cls>AS|MR|MS|MVP|N)_(?P<index>\d{3})")
_FOLDER = re.compile(r"(?P<cls>AS|MR|MS|MVP|N)_New_3.*", re.DOTALL)


def read_rows(source: Path) -> Table:
    """Read the five unpacked archives: ``<class>_New_3주기/New_<class>_<001-200>.wav``, at any depth.

    The folder's Hangul is not asked for: archivers write it in either Unicode form, or garble it.

    Raises:
        DataError: another layout, or archives that are still packed.
    """
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy="point at the folder with the five unpacked archives")
    rows: list[Row] = []
    problems: list[Problem] = []
    for file in sorted(source.rglob("*.wav")):
        if file.name.startswith("._"):  # what macOS leaves in archives, no recording
            continue
        path = file.relative_to(source).as_posix()
        match, folder = _NAME.fullmatch(file.stem), _FOLDER.fullmatch(file.parent.name)
        if match is None or not 1 <= int(match["index"]) <= PER_CLASS:
            reason = f"the name is not New_<class>_<001-{PER_CLASS}>"
            problems.append(Problem(file.stem, path, reason, "DataError"))
        elif folder is not None and folder["cls"] != match["cls"]:
            reason = f"the name says {match['cls']}, the folder {folder['cls']}"
            problems.append(Problem(file.stem, path, reason, "DataError"))
        else:
            rows.append(_row(path, match["cls"], int(match["index"])))
    if not rows:
        packed = any(source.rglob("*.rar"))
        raise DataError(
            "the archives are still packed" if packed else "no recording New_<class>_<number>.wav",
            where=source,
            remedy="unpack the five .rar files here" if packed else "point at the five unpacked archives",
        )
    rows.sort(key=lambda row: str(row["recording_id"]))
    counts = Counter(row["class_code"] for row in rows)
    notes = [f"{counts[name]} of {PER_CLASS} recordings of {name}" for name in CLASSES if counts[name] != PER_CLASS]
    return Table(source, tuple(rows), tuple(problems), tuple(notes))


def _row(path: str, cls: str, index: int) -> Row:
    first = (index - 1) // BLOCK * BLOCK + 1
    return {
        "path": path,
        "recording_id": f"New_{cls}_{index:03d}",
        "subject_id": f"korean:{cls}-{first:03d}-{first + BLOCK - 1:03d}",
        "site": None,
        "device": None,
        "age": None,
        "age_group": None,
        "sex": None,
        "organ": "heart",
        "licence": KOREAN.licence,
        "source": KOREAN.name,
        "class_code": cls,
    }


KOREAN = DatasetSpec(
    name="korean",
    title="Heart sounds of five classes (Yaseen, Son and Kwon 2018)",
    version="2018",
    organ="heart",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note="The article is CC BY 4.0 and AuscultaBase lists the data so; the repository carries no licence file.",
    citation=(
        "Yaseen, G.-Y. Son and S. Kwon, Classification of Heart Sound Signal Using Multiple Features, Applied Sciences "
        "8(12):2344, 2018."
    ),
    source_url="https://github.com/yaseen21khan/Classification-of-Heart-Sound-Signal-Using-Multiple-Features-",
    columns={"class_code": "string"},
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "valve_disease",
            column="class_code",
            classes=CLASSES,
            rule={name: name for name in CLASSES},
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T13",
                    dict.fromkeys(CLASSES, PER_CLASS),
                    note='the table calls MVP "Murmur in Systole"; it is mitral valve prolapse (its appendix D agrees)',
                ),
            ),
        ),
    ),
    strata=(Stratum("class_code", tuple((name,) for name in CLASSES)),),
    has_subject_ids=False,
    subject_warning=(
        "Nobody knows who was recorded: the files were cut from teaching CDs, books and 48 websites. A block of "
        f"{BLOCK} neighbouring indices of a class stands for one person, because neighbours are near-duplicates. It "
        "does not rule out that cuts of one source are on both sides: between blocks, 861 (N), 129 (MVP), 1,255 (MR) "
        "and 493 (MS) pairs of recordings still correlate above 0.95."
    ),
    read=read_rows,
    recordings=1_000,
    traps=(
        "The folders have Hangul names (`AS_New_3주기`: three cycles), which archivers garble; the class is read from "
        "the file name.",
        "Many recordings are cuts of one take: in waveform correlation the nearest other recording of a class is at "
        "most 2 indices away for 18-23 %, at most 20 away for 51-69 %. A random split by file scores 0.977 where "
        "indices 1-160 against 161-200 give 0.880 with the same simple features.",
        "Classes come from different sources, so what tells them apart may be the source.",
    ),
)


class Korean(BodySoundBuilder):
    """Yaseen et al. 2018: configs ``recordings`` and ``valve_disease``."""

    SPEC = KOREAN
    BUILDER_CONFIGS = BodySoundBuilder.configs(KOREAN)
    DEFAULT_CONFIG_NAME = "recordings"
