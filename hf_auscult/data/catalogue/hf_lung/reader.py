"""Read HF_Lung_V1 and its increment V1_IP."""

from __future__ import annotations

import re
from pathlib import Path

from ....errors import DataError
from ....texts import read_text
from ...collector import RowCollector, folder_of
from ...spec import Table

EVENT_TYPES = ("I", "E", "D", "Wheeze", "Stridor", "Rhonchi")
V1, INCREMENT = "HF_Lung_V1", "HF_Lung_V1_IP"
_SPLITS = ("train", "test")
_STETHOSCOPE = re.compile(r"steth_(?P<date>\d{8})_(?P<time>\d{2}_\d{2}_\d{2})")
_PATCHES = re.compile(
    r"trunc_(?P<date>\d{4}-\d{2}-\d{2})-(?P<time>\d{2}-\d{2}-\d{2})-(?P<position>L[1-8]|Tc)(-Tc)?_(?P<part>\d+)"
)
_LABEL = "_label"
_TIME = re.compile(r"(\d{1,6}):([0-5]\d):([0-5]\d(?:\.\d+)?)")


def read(source: Path, collector: RowCollector) -> Table:
    """Read ``HF_Lung_V1*/{train,test}`` and, where it is there, ``HF_Lung_V1_IP*/{train,test}``.

    Recordings are those whose wav or ``<stem>_label.txt`` is there; a wav without labels has no events.

    Raises:
        DataError: another layout.
    """
    seen: dict[str, str] = {}
    for folder, part in _parts(source):
        for official in _SPLITS:
            here = source / folder / official
            wavs = {file.stem for file in here.glob("*.[wW][aA][vV]")}
            labels = {file.stem.removesuffix(_LABEL) for file in here.glob(f"*{_LABEL}.txt")}
            if wavs - labels:
                collector.notes.append(f"{len(wavs - labels)} recordings in {folder}/{official} have no labels")
            for name in sorted(wavs | labels):
                path = (Path(folder) / official / f"{name}.wav").as_posix()
                with collector.checked(name, path):
                    if name in seen:
                        raise DataError(f"the same name as {seen[name]}")
                    events = _events(here / f"{name}{_LABEL}.txt") if name in labels else None
                    _add(collector, name, path, part=part, events=events, official_split=official)
                    seen[name] = path
    return collector.table(source)


def _parts(source: Path) -> list[tuple[str, str]]:
    """Folders that hold ``train`` and ``test``, and what they are a copy of."""
    folder_of(source, dataset="HF_Lung")
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


def _add(collector: RowCollector, name: str, path: str, *, part: str, **cells: object) -> None:
    match = _STETHOSCOPE.fullmatch(name) or _PATCHES.fullmatch(name)
    if match is None:
        raise DataError("the name is neither steth_<date>_<time> nor trunc_<date>-<time>-<position>_<part>")
    position = match.groupdict().get("position")
    date = match["date"].replace("-", "")
    site, detail = collector.codes["sites"][position] if position else (None, None)
    collector.add(
        name,
        path,
        # Nobody is named; whoever was recorded on one day with one device is kept together.
        f"{date}:{'trunc' if position else 'steth'}",
        site=site,
        device="HF-Type-1" if position else "Littmann 3200",
        licence=collector.spec.licence if part == V1 else "CC-BY-NC-4.0",
        part=part,
        recording_date=f"{date[:4]}-{date[4:6]}-{date[6:]}",
        recording_time=re.sub(r"[_-]", ":", match["time"]),
        position=position,
        site_detail=detail,
        **cells,
    )


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
