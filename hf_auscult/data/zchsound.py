"""ZCHSound: heart sounds of children with and without congenital heart disease, a clean and a noisy part."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row, text_or_none
from .spec import DatasetSpec, PaperTask, Problem, Stratum, Table, TaskConfig
from .tabular import read_text

DIAGNOSES: tuple[str, ...] = ("NORMAL", "ASD", "VSD", "PDA", "PFO")
PARTS: Mapping[str, tuple[str, str]] = {
    "clean": ("Clean Heartsound Data Details.csv", "clean Heartsound Data"),
    "noise": ("Noise Heartsound Data Details.csv", "Noise Heartsound Data"),
}
"""Part -> its table, and its folder; the folder's name varies after these words, and in case."""

DAYS_PER_YEAR = 365.25
_SEXES = {"m": "male", "male": "male", "f": "female", "female": "female"}


def read_rows(source: Path) -> Table:
    """Read the two tables (``fileName;gender;age(days)…;diagnosis``) and the two folders of recordings.

    Raises:
        DataError: another layout, or a table with other columns.
    """
    root = locate(source, PARTS["clean"][0], dataset="ZCHSound")
    rows: list[Row] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for part, (table, prefix) in PARTS.items():
        folder = _folder(root, prefix)
        if not (root / table).exists():
            notes.append(f"no {table}: the {part} part is not in this folder")
            problems += [
                Problem(file.stem, f"{folder}/{file.name}", f"there is no {table}", "DataError")
                for file in sorted((root / folder).glob("*.wav"))
            ]
            continue
        listed: set[str] = set()
        for line, cells in _lines(root / table):
            name = cells["filename"].removesuffix(".wav")
            path = f"{folder}/{name}.wav"
            listed.add(path)
            try:
                rows.append(_row(name, cells, part) | {"path": path})
            except DataError as error:
                problems.append(Problem(name, path, f"{table} line {line}: {error.problem}", "DataError"))
        found = {f"{folder}/{file.name}" for file in (root / folder).glob("*.wav") if not file.name.startswith("._")}
        problems += [
            Problem(Path(path).stem, path, f"{table} does not list it", "DataError") for path in sorted(found - listed)
        ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(root, tuple(rows), tuple(problems), tuple(notes))


def _folder(root: Path, prefix: str) -> str:
    """Name of a part's folder: mirrors write it in different case, and one appends ``Details``."""
    names = [folder.name for folder in root.iterdir() if folder.is_dir()]
    found = sorted(name for name in names if name.casefold().startswith(prefix.casefold()))
    if len(found) > 1:
        raise DataError(f"two folders of one part: {found}", where=root, remedy="keep the one with the recordings")
    return found[0] if found else prefix


def _lines(file: Path) -> list[tuple[int, dict[str, str]]]:
    """Cells of every line by the first word of their column: file, gender, age, diagnosis."""
    # Only the header may hold anything but ASCII (a unit), and no column is found by that part of it.
    reader = csv.reader(read_text(file, errors="replace").splitlines(), delimiter=";")
    header = [cell.strip().casefold() for cell in next(reader, [])]
    places: dict[str, int] = {}
    for word in ("filename", "gender", "age", "diagnosis"):
        columns = [place for place, cell in enumerate(header) if cell.startswith(word)]
        if len(columns) != 1:
            raise DataError(
                f"no column {word}" if not columns else f"two columns {word}",
                where=file,
                remedy="keep the original table: separated by ';', fileName;gender;age(days);diagnosis",
            )
        places[word] = columns[0]
    lines = []
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise DataError(f"line {number} has {len(cells)} cells", where=file, remedy="download the table again")
        lines.append((number, {word: cells[place].strip() for word, place in places.items()}))
    return lines


def _row(name: str, cells: Mapping[str, str], part: str) -> Row:
    diagnosis, days, sex = cells["diagnosis"].upper(), text_or_none(cells["age"]), text_or_none(cells["gender"])
    if not name or Path(name).name != name:
        raise DataError(f"{name!r} is no file name")
    if diagnosis not in DIAGNOSES:
        raise DataError(f"diagnosis {cells['diagnosis']!r} is none of {DIAGNOSES}")
    if sex is not None and sex.lower() not in _SEXES:
        raise DataError(f"gender is {sex!r}")
    try:
        age_days = None if days is None else float(days)
    except ValueError as error:
        raise DataError(f"age is {days!r} days") from error
    return {
        "recording_id": name,
        "subject_id": f"zchsound:{name}",
        "site": "pulmonary",
        "device": "ChildCare G-100",
        "age": None if age_days is None else age_days / DAYS_PER_YEAR,
        "age_group": None,
        "sex": _SEXES[sex.lower()] if sex else None,
        "organ": "heart",
        "licence": ZCHSOUND.licence,
        "source": ZCHSOUND.name,
        "age_days": age_days,
        "diagnosis": diagnosis,
        "part": part,
    }


ZCHSOUND = DatasetSpec(
    name="zchsound",
    title="ZCHSound: open-source ZJU paediatric heart sound database with congenital heart disease",
    version="2024",
    organ="heart",
    licence="unknown",
    licence_tag="unknown",
    licence_note=(
        "The article is CC BY 4.0; for the recordings its authors refer to the project's website. Ask them before you "
        "pass a copy on."
    ),
    citation=(
        "W. Jia et al., ZCHSound: Open-Source ZJU Paediatric Heart Sound Database With Congenital Heart Disease, IEEE "
        "Transactions on Biomedical Engineering 71(8):2278-2286, 2024."
    ),
    source_url="https://github.com/WeiJieOvO/ZCHSound-Dataset",
    columns={"age_days": "float", "diagnosis": "string", "part": "string"},
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "symptomatic",
            column="diagnosis",
            classes=("Healthy", "Symptomatic"),
            rule={"NORMAL": "Healthy"} | dict.fromkeys(DIAGNOSES[1:], "Symptomatic"),
            paper=(
                PaperTask(
                    "acula18",
                    "T18",
                    {"Symptomatic": 693, "Healthy": 566},
                    {"Symptomatic": 566, "Healthy": 693},
                    note="printed as Symptomatic/Healthy 693/566; 693 are normal in the authors' own table",
                ),
            ),
        ),
        TaskConfig("diagnosis", column="diagnosis", classes=DIAGNOSES, rule={name: name for name in DIAGNOSES}),
    ),
    strata=(
        Stratum("diagnosis", tuple((name,) for name in ("PDA", "PFO", "ASD", "VSD", "NORMAL"))),
        Stratum("part", (("noise",), ("clean",))),
    ),
    has_subject_ids=False,
    subject_warning=(
        "The tables do not say who is who. The article counts one recording per participant (941 clean, 318 noisy), so "
        "every recording stands for a child of its own. That this holds cannot be checked: the authors' repository "
        "speaks of 685 children, and six pairs of the clean part are byte-identical."
    ),
    read=read_rows,
    recordings=1_259,
    traps=(
        "The tables are separated by `;`. Ages are in days there (`age_days`), years of 365.25 days in `age`.",
        "The folder of the noisy part has different names in different copies.",
        "All recordings were made at the left edge of the sternum between the second and third rib, the child lying.",
        "The noisy part holds newborns of up to five days only, the clean part children up to 14 years: noise, age and "
        "part are one thing.",
        "Six pairs of the clean part are said to be byte-identical, one with contradicting diagnoses (ASD and VSD); a "
        "subject split keeps identical files on one side.",
        "The parts differ in disease: 43 % of the clean and 50 % of the noisy recordings are not normal, and of those "
        "29 % and 65 % are ASD. So noise says something about the label.",
    ),
)


class ZCHSound(BodySoundBuilder):
    """ZCHSound: configs ``recordings``, ``symptomatic`` and ``diagnosis``."""

    SPEC = ZCHSOUND
    BUILDER_CONFIGS = BodySoundBuilder.configs(ZCHSOUND)
    DEFAULT_CONFIG_NAME = "recordings"
