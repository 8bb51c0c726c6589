"""covid19-cough: coughs on request by phone or messenger, positive or negative for COVID-19, nobody named."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError
from .builder import BodySoundBuilder
from .layout import locate
from .schema import Row, text_or_none
from .spec import DatasetSpec, Problem, Stratum, Table, TaskConfig
from .tabular import read_text

DEVICES: Mapping[str, str] = {"call-center": "phone", "telegram": "messenger"}
CONFLICT = "contradicting duplicate"
_KEYS = {"filename", "verified", "asymptomatic", "comment", "covid19", "source", "kind", "start_at", "end_at"}


def read_rows(source: Path) -> Table:
    """Read the original layout: ``metadata.json`` and ``raw/*.mp3``.

    The files are hashed here: byte-identical ones are one subject, and where they contradict each other on ``covid19``
    their ``covid_label`` is ``contradicting duplicate``, which the labelled tasks leave out.

    Raises:
        DataError: another layout.
    """
    root = locate(source, "metadata.json", dataset="covid19-cough")
    rows: list[Row] = []
    problems: list[Problem] = []
    unknown: set[str] = set()
    for position, entry in enumerate(_entries(root / "metadata.json")):
        try:
            rows.append(_row(entry))
            unknown |= set(entry) - _KEYS
        except DataError as error:
            problems.append(Problem(f"entry {position}", "metadata.json", error.problem, "DataError"))
    notes = _mark_duplicates(root, rows)
    if unknown:
        notes.append(f"metadata.json has keys that nobody documents, which are not read: {sorted(unknown)}")
    listed = {row["path"] for row in rows}
    found = sorted(f"raw/{file.name}" for file in (root / "raw").glob("*.mp3"))
    orphans = [
        Problem(Path(path).stem, path, "metadata.json does not list it", "DataError")
        for path in found
        if path not in listed
    ]
    rows.sort(key=lambda row: str(row["recording_id"]))
    return Table(root, tuple(rows), (*problems, *orphans), tuple(notes))


def _entries(file: Path) -> list[Any]:
    try:
        content = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON ({error})", where=file, remedy="download it again") from error
    if not isinstance(content, list):
        raise DataError("not a list of recordings", where=file, remedy="download it again")
    return content


def _row(entry: Any) -> Row:
    if not isinstance(entry, dict):
        raise DataError("the entry is not an object")
    name = entry.get("filename")
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".mp3"):
        raise DataError(f"filename {name!r} is not the name of an mp3")
    covid, collection = entry.get("covid19"), entry.get("source")
    if not isinstance(covid, bool):
        raise DataError(f"covid19 of {name} is {covid!r}, not true or false")
    if not isinstance(collection, str) or collection not in DEVICES:
        raise DataError(f"source of {name} is {collection!r}, none of {sorted(DEVICES)}")
    recording = name.removesuffix(".mp3")
    return {
        "path": f"raw/{name}",
        "recording_id": recording,
        "subject_id": f"covid19_cough:{recording}",
        "site": "mouth",
        "device": DEVICES[collection],
        "age": None,
        "age_group": None,
        "sex": None,
        "organ": "cough",
        "licence": COVID19_COUGH.licence,
        "source": COVID19_COUGH.name,
        "covid19": covid,
        "verified": _flag(entry, "verified"),
        "asymptomatic": _flag(entry, "asymptomatic"),
        "collection": collection,
        "kind": _text(entry, "kind"),
        "comment": _text(entry, "comment"),
        "covid_label": "positive" if covid else "negative",
        "duplicate_of": None,
        "duplicate_conflict": False,
    }


def _flag(entry: Mapping[str, Any], key: str) -> bool | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, bool):
        raise DataError(f"{key} of {entry['filename']} is {value!r}, not true or false")
    return value


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise DataError(f"{key} of {entry['filename']} is {value!r}, not text")
    return text_or_none(value)


def _mark_duplicates(root: Path, rows: list[Row]) -> list[str]:
    """Give byte-identical files one subject, and say which of them contradict each other."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        file = root / row["path"]
        if file.is_file():
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


def _covid(name: str, collection: str | None = None) -> TaskConfig:
    return TaskConfig(
        name,
        column="covid_label",
        classes=("negative", "positive"),
        rule={"negative": "negative", "positive": "positive"},
        left_out=(CONFLICT,),
        why_left_out="the same file is called positive and negative, so it has no label",
        keep={} if collection is None else {"collection": (collection,)},
    )


COVID19_COUGH = DatasetSpec(
    name="covid19_cough",
    title="covid19-cough: induced coughs by phone and messenger, with COVID-19 status",
    version="metadata.json of 1,324 recordings",
    organ="cough",
    licence="CC0-1.0",
    licence_tag="cc0-1.0",
    licence_note="Public domain dedication.",
    citation="covid19-cough/dataset, https://github.com/covid19-cough/dataset.",
    source_url="https://github.com/covid19-cough/dataset",
    columns={
        "covid19": "bool",
        "verified": "bool",
        "asymptomatic": "bool",
        "collection": "string",
        "kind": "string",
        "comment": "string",
        "covid_label": "string",
        "duplicate_of": "string",
        "duplicate_conflict": "bool",
    },
    tasks=(
        TaskConfig("recordings"),
        _covid("covid"),
        _covid("covid_phone", "call-center"),
        _covid("covid_messenger", "telegram"),
    ),
    strata=(
        Stratum("covid_label", (("positive",), ("negative",), (CONFLICT,))),
        Stratum("collection", (("telegram",), ("call-center",))),
    ),
    has_subject_ids=False,
    subject_warning=(
        "Nobody is named: every file counts as its own person, byte-identical files as one. Whoever called twice, or "
        "sent several files through the messenger, may stand on two sides."
    ),
    read=read_rows,
    recordings=1_324,
    traps=(
        "112 of the complete distribution's 115 groups of byte-identical files (238 files) contradict each other on "
        "`covid19`: `covid_label` is `contradicting duplicate` there, `duplicate_of` names the group, and the labelled "
        "tasks leave these 232 files out.",
        "`098d66e5-…` and `a9ecaf03-…` are 261-byte stubs that do not decode (and one of the 112 groups).",
        "The way of recording (`device`: phone, 8 kHz stereo; messenger, 48 kHz mono) goes with the label: the source "
        "alone tells positive from negative with AUROC 0.71, and every model can tell the source. Judge within one "
        "source (`covid_phone`, `covid_messenger`); do not report accuracy over both.",
        "`verified` is null for negatives by phone, `asymptomatic` for nearly all negatives; `kind` (how a caller was "
        "reached) is documented nowhere, `start_at` and `end_at` are documented and absent.",
        "`collection` is the dataset's own key `source`.",
    ),
)


class Covid19Cough(BodySoundBuilder):
    """covid19-cough: configs ``recordings``, ``covid``, ``covid_phone`` and ``covid_messenger``."""

    SPEC = COVID19_COUGH
    BUILDER_CONFIGS = BodySoundBuilder.configs(COVID19_COUGH)
    DEFAULT_CONFIG_NAME = "recordings"
