"""HF_Lung_V1 (and its increment V1_IP): lung sounds of 15 s with breath phases and adventitious sounds as events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from .builder import BodySoundBuilder
from .schema import Row
from .spec import DatasetSpec, PaperTask, Problem, PublishedSplit, Table, TaskConfig
from .tabular import read_text

EVENT_TYPES: tuple[str, ...] = ("I", "E", "D", "Wheeze", "Stridor", "Rhonchi")
SITES: Mapping[str, tuple[str, str]] = {
    "L1": ("right anterior", "second intercostal space, right midclavicular line"),
    "L2": ("right anterior", "fifth intercostal space, right midclavicular line"),
    "L3": ("right lateral", "fourth intercostal space, right midaxillary line"),
    "L4": ("right lateral", "tenth intercostal space, right midaxillary line"),
    "L5": ("left anterior", "second intercostal space, left midclavicular line"),
    "L6": ("left anterior", "fifth intercostal space, left midclavicular line"),
    "L7": ("left lateral", "fourth intercostal space, left midaxillary line"),
    "L8": ("left lateral", "tenth intercostal space, left midaxillary line"),
    "Tc": ("trachea", "trachea"),
}
V1, INCREMENT = "HF_Lung_V1", "HF_Lung_V1_IP"
_SPLITS = ("train", "test")
_STETHOSCOPE = re.compile(r"steth_(?P<date>\d{8})_(?P<time>\d{2}_\d{2}_\d{2})")
_PATCHES = re.compile(
    r"trunc_(?P<date>\d{4}-\d{2}-\d{2})-(?P<time>\d{2}-\d{2}-\d{2})-(?P<position>L[1-8]|Tc)(-Tc)?_(?P<part>\d+)"
)
_LABEL = "_label"
_TIME = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")


def read_rows(source: Path) -> Table:
    """Read ``HF_Lung_V1*/{train,test}`` and, where it is there, ``HF_Lung_V1_IP*/{train,test}``.

    Recordings are those whose wav or ``<stem>_label.txt`` is there; a wav without labels has no events.

    Raises:
        DataError: another layout.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    notes: list[str] = []
    seen: dict[str, str] = {}
    for folder, part in _parts(source):
        for official in _SPLITS:
            here = source / folder / official
            wavs = {file.stem for file in here.glob("*.wav")}
            labels = {file.stem.removesuffix(_LABEL) for file in here.glob(f"*{_LABEL}.txt")}
            if wavs - labels:
                notes.append(f"{len(wavs - labels)} recordings in {folder}/{official} have no labels")
            for name in sorted(wavs | labels):
                path = (Path(folder) / official / f"{name}.wav").as_posix()
                try:
                    if name in seen:
                        raise DataError(f"the same name as {seen[name]}")
                    row = _row(name, path, part, official)
                    row["events"] = _events(here / f"{name}{_LABEL}.txt") if name in labels else None
                except DataError as error:
                    problems.append(Problem(name, path, error.problem, "DataError"))
                    continue
                seen[name] = path
                rows.append(row)
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(source, tuple(rows), tuple(problems), tuple(notes))


def _parts(source: Path) -> list[tuple[str, str]]:
    """Folders that hold ``train`` and ``test``, and what they are a copy of."""
    if not source.is_dir():
        raise DataError("no such folder", where=source, remedy="point at the folder of HF_Lung")
    folders = [".", *sorted(folder.name for folder in source.iterdir() if folder.is_dir())]
    found = [name for name in folders if any((source / name / split).is_dir() for split in _SPLITS)]
    if not found:
        raise DataError(
            f"no folder with {' and '.join(_SPLITS)}",
            where=source,
            remedy="point at the folder that holds HF_Lung_V1-master",
        )
    parts = [(name, INCREMENT if "_IP" in (source / name).resolve().name else V1) for name in found]
    for part in (V1, INCREMENT):
        copies = [name for name, other in parts if other == part]
        if len(copies) > 1:
            raise DataError(f"several copies of {part}: {', '.join(copies)}", where=source, remedy="keep one of them")
    return parts


def _row(name: str, path: str, part: str, official: str) -> Row:
    match = _STETHOSCOPE.fullmatch(name) or _PATCHES.fullmatch(name)
    if match is None:
        raise DataError("the name is neither steth_<date>_<time> nor trunc_<date>-<time>-<position>_<part>")
    found = match.groupdict()
    position = found.get("position")
    device = "steth" if position is None else "trunc"
    date = found["date"].replace("-", "")
    site, detail = SITES[position] if position else (None, None)
    return {
        "path": path,
        "recording_id": name,
        # Nobody is named; whoever was recorded on one day with one device is kept together.
        "subject_id": f"hf_lung:{date}:{device}",
        "site": site,
        "device": "HF-Type-1" if position else "Littmann 3200",
        "age": None,
        "age_group": None,
        "sex": None,
        "organ": "lung",
        "licence": HF_LUNG.licence if part == V1 else "CC-BY-NC-4.0",
        "source": HF_LUNG.name,
        "part": part,
        "recording_date": f"{date[:4]}-{date[4:6]}-{date[6:]}",
        "recording_time": re.sub(r"[_-]", ":", found["time"]),
        "position": position,
        "site_detail": detail,
        "official_split": official,
    }


def _events(file: Path) -> list[dict[str, float | str]]:
    """Events of a label file, ``type hh:mm:ss.fff hh:mm:ss.fff`` a line."""
    events: list[dict[str, float | str]] = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        cells = line.split()
        if not cells:
            continue
        times = [_TIME.fullmatch(cell) for cell in cells[1:]]
        if len(cells) != 3 or cells[0] not in EVENT_TYPES or None in times:
            raise DataError(f"label line {number} is not 'type hh:mm:ss.fff hh:mm:ss.fff'", where=file)
        start, end = (int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3]) for time in times if time)
        if start >= end:
            raise DataError(f"label line {number} ends before it starts", where=file)
        events.append({"start": start, "end": end, "type": cells[0]})
    return events


_PHASES = {"I": "Inhalation", "E": "Exhalation"}
_CONTINUOUS = ("Wheeze", "Stridor", "Rhonchi")
_ONE_PART = {"part": (V1,)}
_COUNTS = {"Inhalation": 34095, "Exhalation": 18349, "Wheeze": 8457, "Stridor": 686, "Rhonchi": 4740, "Crackle": 15606}
_NOTE = "events of HF_Lung_V1; the paper uses its folders train and test"

_UNKNOWN = "nothing is known: its folders share no day, but one person may have been recorded on several days"


def _folders(rows: Sequence[Row]) -> dict[str, str]:
    return {row["recording_id"]: row["official_split"] for row in rows}


HF_LUNG = DatasetSpec(
    name="hf_lung",
    title="HF_Lung_V1",
    version="1",
    organ="lung",
    licence="CC-BY-4.0",
    licence_tag="cc-by-4.0",
    licence_note=(
        "CC BY 4.0 as its paper states (some lists say CC BY-NC 4.0); the increment V1_IP is CC BY-NC 4.0, and the "
        "column licence says so."
    ),
    citation=(
        "F.-S. Hsu et al., Benchmarking of eight recurrent neural network variants for breath phase and adventitious "
        "sound detection on a self-developed open-access lung sound database HF_Lung_V1, PLOS ONE 16(7):e0254134, 2021."
    ),
    source_url="https://gitlab.com/techsupportHF/HF_Lung_V1",
    columns={
        "part": "string",
        "recording_date": "string",
        "recording_time": "string",
        "position": "string",
        "site_detail": "string",
        "events": "events",
        "official_split": "string",
    },
    tasks=(
        TaskConfig("recordings"),
        TaskConfig(
            "normal_abnormal",
            column="type",
            segments="events",
            keep=_ONE_PART,
            classes=("Normal", "Abnormal"),
            rule=dict.fromkeys(_PHASES, "Normal") | dict.fromkeys(("D", *_CONTINUOUS), "Abnormal"),
            paper=(PaperTask("auscultabench16", "T3", {"Normal": 52444, "Abnormal": 29489}, note=_NOTE),),
        ),
        TaskConfig(
            "phases_cas_das",
            column="type",
            segments="events",
            keep=_ONE_PART,
            classes=("Inhalation", "Exhalation", "CAS", "DAS"),
            rule=_PHASES | dict.fromkeys(_CONTINUOUS, "CAS") | {"D": "DAS"},
            paper=(
                PaperTask(
                    "auscultabench16",
                    "T4",
                    {"Inhalation": 34095, "Exhalation": 18349, "CAS": 13883, "DAS": 15606},
                    note=_NOTE,
                ),
            ),
        ),
        TaskConfig(
            "events",
            column="type",
            segments="events",
            keep=_ONE_PART,
            classes=tuple(_COUNTS),
            rule=_PHASES | {name: name for name in _CONTINUOUS} | {"D": "Crackle"},
            paper=(PaperTask("auscultabench16", "T5", _COUNTS, note=_NOTE),),
        ),
    ),
    strata=(),
    has_subject_ids=False,
    subject_warning=(
        "HF_Lung says nowhere who was recorded. subject_id is the day and the device: recordings of one day stay "
        "together, but the same person on two days, or with two devices, cannot be kept on one side (18 residents of a "
        "care ward were recorded over 14 months), so a score may be too good."
    ),
    read=read_rows,
    recordings=9765,
    official=_SPLITS,
    official_leaks=_UNKNOWN,
    published={
        "auscultabench": PublishedSplit(
            _SPLITS, _folders, _UNKNOWN, "applewpj/AuscultaBase, generate_train_test.py: the folders of V1 and V1_IP"
        ),
    },
    traps=(
        "An abnormal event usually lies inside a breath phase that is an event of its own, so the same sound is "
        "Normal and Abnormal at once in the tasks of events.",
        "`steth` recordings are separate takes; `trunc` ones are neighbouring pieces of 15 s of long recordings at "
        "up to eight places at once, and so resemble each other.",
        "`steth` recordings do not say where on the chest they were made.",
        "The increment V1_IP does not come with labels everywhere; the tasks are over V1, as the paper's are.",
    ),
)


class HFLung(BodySoundBuilder):
    """HF_Lung_V1: configs ``recordings``, ``normal_abnormal``, ``phases_cas_das`` and ``events``."""

    SPEC = HF_LUNG
    BUILDER_CONFIGS = BodySoundBuilder.configs(HF_LUNG)
    DEFAULT_CONFIG_NAME = "recordings"
