"""Read covid19-cough, whose byte-identical files may contradict each other."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....errors import DataError
from ....texts import is_file, read_json
from ...collector import RowCollector
from ...schema import Row, text_or_none
from ...spec import Table

CONFLICT = "contradicting duplicate"
_KEYS = {"filename", "verified", "asymptomatic", "comment", "covid19", "source", "kind", "start_at", "end_at"}


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``metadata.json`` and ``raw/*.mp3``.

    The files are hashed here: byte-identical ones are one subject, and where they contradict each other on ``covid19``
    their ``covid_label`` is ``contradicting duplicate``, which the labelled tasks leave out.

    Raises:
        DataError: another layout.
    """
    root = collector.root(source, "metadata.json")
    unknown: set[str] = set()
    entries: dict[object, Any] = {}
    for position, entry in enumerate(read_json(root / "metadata.json", list)):
        name = entry.get("filename") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            name = None
        elif name in entries:
            if entry != entries[name]:
                collector.problem(f"entry {position}", "metadata.json", f"it contradicts the first entry of {name}")
            else:
                collector.notes.append(f"metadata.json lists {name} again")
            continue
        entries[name] = entry
        where = (f"entry {position}", "metadata.json") if name is None else (Path(name).stem, f"raw/{name}")
        with collector.checked(*where):
            _add(collector, entry)
            unknown |= set(entry) - _KEYS
    collector.notes += _mark_duplicates(root, collector.rows)
    if unknown:
        collector.notes.append(f"metadata.json has keys that nobody documents, which are not read: {sorted(unknown)}")
    listed = {row["path"] for row in collector.rows}
    collector.unlisted(root, (root / "raw").glob("*.mp3"), listed, "metadata.json does not list it")
    return collector.table(root)


def _add(collector: RowCollector, entry: Any) -> None:
    if not isinstance(entry, dict):
        raise DataError("the entry is not an object")
    name = entry.get("filename")
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".mp3"):
        raise DataError(f"filename {name!r} is not the name of an mp3")
    covid, collection, devices = entry.get("covid19"), entry.get("source"), collector.codes["devices"]
    if not isinstance(covid, bool):
        raise DataError(f"covid19 of {name} is {covid!r}, not true or false")
    if not isinstance(collection, str) or collection not in devices:
        raise DataError(f"source of {name} is {collection!r}, none of {sorted(devices)}")
    recording = name.removesuffix(".mp3")
    collector.add(
        recording,
        f"raw/{name}",
        recording,
        device=devices[collection],
        covid19=covid,
        verified=_typed(entry, "verified", bool),
        asymptomatic=_typed(entry, "asymptomatic", bool),
        collection=collection,
        kind=text_or_none(_typed(entry, "kind", str)),
        comment=text_or_none(_typed(entry, "comment", str)),
        covid_label="positive" if covid else "negative",
        duplicate_of=None,
        duplicate_conflict=False,
    )


def _typed(entry: Mapping[str, Any], key: str, kind: type) -> Any:
    value = entry.get(key)
    if value is not None and not isinstance(value, kind):
        words = "true or false" if kind is bool else "text"
        raise DataError(f"{key} of {entry['filename']} is {value!r}, not {words}")
    return value


def _mark_duplicates(root: Path, rows: list[Row]) -> list[str]:
    """Give byte-identical files one subject, and say which of them contradict each other."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        file = root / row["path"]
        with suppress(OSError):  # prepare says of it that it is missing, or cannot be read
            if is_file(file):
                groups[hashlib.sha256(file.read_bytes()).hexdigest()].append(row)
    same = [group for group in groups.values() if len(group) > 1]
    at_odds = [group for group in same if len({row["covid19"] for row in group}) > 1]
    for group in same:
        first = min(str(row["recording_id"]) for row in group)
        for row in group:
            row |= {"subject_id": f"covid19_cough:{first}", "duplicate_of": first}
    for group in at_odds:
        for row in group:
            row |= {"duplicate_conflict": True, "covid_label": CONFLICT}
    if not same:
        return []
    return [
        f"{len(same)} groups of byte-identical files ({sum(map(len, same))} files); in {len(at_odds)} of them "
        f"({sum(map(len, at_odds))} files) one file is called positive and another negative"
    ]
