"""Yaseen et al. 2018 ("Korean"): heart sounds of five classes, three cycles each, gathered from teaching material."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib import resources
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, Stratum, Table, TaskConfig

CLASSES: tuple[str, ...] = ("N", "AS", "MR", "MS", "MVP")
PER_CLASS = 200
BLOCK = 40
"""Neighbouring indices that stand for one source in a class whose sources are not known: a fifth of it."""

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


@cache
def sources() -> dict[tuple[str, int], int]:
    """(Class, index) -> smallest index of the recordings cut from the same source; AS is not among them.

    Measured by ``dataset_scripts/korean/find_sources.py``: within a class, recordings that correlate above 0.9.

    Raises:
        DataError: the table that comes with this package is damaged.
    """
    text = resources.files(__package__).joinpath("korean_sources.tsv").read_text("utf-8")
    found: dict[tuple[str, int], int] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, _, cells = line.partition("\t")
        indices = [int(cell) for cell in cells.split()]
        if name not in CLASSES or not indices or any((name, index) in found for index in indices):
            raise DataError(f"line {line!r} is damaged", where="korean_sources.tsv", remedy="reinstall")
        found |= {(name, index): min(indices) for index in indices}
    return found


def _subject(cls: str, index: int) -> str:
    source = sources().get((cls, index))
    if source is not None:
        return f"korean:{cls}-source-{source:03d}"
    first = (index - 1) // BLOCK * BLOCK + 1
    return f"korean:{cls}-{first:03d}-{first + BLOCK - 1:03d}"


def _row(path: str, cls: str, index: int) -> Row:
    return {
        "path": path,
        "recording_id": f"New_{cls}_{index:03d}",
        "subject_id": _subject(cls, index),
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
        "Nobody knows who was recorded: the files were cut from teaching CDs, books and 48 websites. Recordings of a "
        "class that correlate above 0.9 stand for one source, and a source for one person: 9 sources of N, 58 of MVP, "
        f"53 of MR, 86 of MS. AS could not be measured: there, {BLOCK} neighbouring indices stand for one. One person "
        "may still be several sources, and the sources of N, MR and AS are so few that a score on a split of them is "
        "very uncertain."
    ),
    read=read_rows,
    recordings=1_000,
    traps=(
        "The folders have Hangul names (`AS_New_3주기`: three cycles), which archivers garble; the class is read from "
        "the file name.",
        "The recordings are cuts of few sources: of the 200 normal ones, 72, 41, 32 and 30 are of one source each; of "
        "MR 43, 39 and 38; of MVP 66 and 26. Index blocks do not keep them together: cuts of one source are on both "
        "sides of 1-160 / 161-200 too. A random split by file scores 0.977, that block split 0.880.",
        "Classes come from different sources, so what tells them apart may be the source.",
    ),
)


class Korean(BodySoundBuilder):
    """Yaseen et al. 2018: configs ``recordings`` and ``valve_disease``."""

    SPEC = KOREAN
    BUILDER_CONFIGS = BodySoundBuilder.configs(KOREAN)
    DEFAULT_CONFIG_NAME = "recordings"
