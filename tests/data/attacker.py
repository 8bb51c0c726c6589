"""An attacker on splits, and a referee who trusts nothing of the package: who is who is read from names again here."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hf_auscult.data import guards, splits
from hf_auscult.data.builder import by_split
from hf_auscult.data.duplicates import Twins
from hf_auscult.data.guards import check_splits
from hf_auscult.data.spec import DatasetSpec
from hf_auscult.data.split_spec import SplitPlan, SplitSpec

Row = dict[str, Any]
PERSON_IN_NAME = {
    "bmd_hs": r".._(\d+)_|.*?_(\d+)_",
    "circor": r"(\d+)_",
    "coswara": r"(.+)_[^_]+",
    "hf_lung": r"(steth)_(\d{8})|(trunc)_(\d{4}-\d\d-\d\d)",
    "icbhi": r"(\d+)_",
    "kauh": r"[BDE]P0*(\d+)_",
    "mmlung": r"(\d+)_",
    "nosemic": r"([^_]+)_",
    "resp_at_tr": r"H0*(\d+)_",
    "sprsound": r"(\d+)_",
}
"""Dataset -> what its recordings' names say of who it is; of the others, names say nothing."""
BLANKS = (None, "", "   ", "\u200b", "{name}:", "{name}: ", "\u00a0\t")


@dataclass
class Scene:
    """A dataset as the attacker presents it."""

    rows: list[Row]
    twins: list[tuple[str, str]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    reserved: set[str] = field(default_factory=set)

    def digests(self) -> dict[str, str]:
        return {row["recording_id"]: row["audio_sha256"] for row in self.rows if row["recording_id"] not in self.broken}


def some_people(rows: Sequence[Row], chance: random.Random, most: int = 60) -> Scene:
    """A few people of a table with up to six recordings each, in any order."""
    by_person: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        by_person[row["subject_id"]].append(row)
    chosen: list[Row] = []
    for person in chance.sample(sorted(by_person, key=str), len(by_person)):
        if len(chosen) >= most:
            break
        own = by_person[person]
        chosen += chance.sample(own, min(6, len(own)))
    chance.shuffle(chosen)
    return Scene([{**row, "audio_sha256": f"sha of {row['recording_id']}", "original": True} for row in chosen])


def respelled(subject: str, chance: random.Random) -> str:
    """The same id as another hand would type it."""
    wide = "".join(chr(ord(char) + 0xFEE0) if char.isdecimal() and char.isascii() else char for char in subject)
    head, _, tail = subject.partition(":")
    return chance.choice(
        [
            subject.upper(),
            f" {subject}",
            f"{subject}\u00a0",
            f"{head}: {tail}",
            f"{subject}\u200b",
            wide,
            f"{subject}\n",
        ]
    )


def attack(scene: Scene, spec: DatasetSpec, labels: Sequence[str], chance: random.Random, moves: int) -> Scene:
    """Make ``moves`` moves that could bring somebody on both sides."""
    rows = scene.rows
    for number in range(moves):
        one, other = chance.choice(rows), chance.choice(rows)
        name = f"forged {number}"
        forged = {**one, "recording_id": name, "path": name, "original": False}
        match chance.choice(
            [
                *("bytes", "filter", "alike", "nobody between", "withheld between", "spelling", "blank", "site"),
                *("official", "traits", "broken", "reserved", "reserved copy"),
            ]
        ):
            case "bytes":
                rows.append(forged | {"subject_id": other["subject_id"]})
            case "filter":
                rows.append(forged | {"subject_id": other["subject_id"], "audio_sha256": name})
                scene.twins.append((one["recording_id"], name))
            case "alike":
                scene.twins.append((one["recording_id"], other["recording_id"]))
            case "nobody between":
                rows.append(forged | {"subject_id": None, "audio_sha256": name})
                scene.twins += [(one["recording_id"], name), (name, other["recording_id"])]
            case "withheld between":
                apart = {"official_split": None} if "official_split" in one else {}
                rows.append(forged | apart | {"subject_id": other["subject_id"]})
            case "spelling" if one["subject_id"]:
                one["subject_id"] = respelled(one["subject_id"], chance)
            case "blank":
                blank = chance.choice(BLANKS)
                one["subject_id"] = None if blank is None else blank.format(name=spec.name)
            case "site":
                for column in ("site", "device", "organ"):
                    one[column], other[column] = other[column], one[column]
            case "official" if "official_split" in one:
                one["official_split"], other["official_split"] = other["official_split"], one["official_split"]
            case "traits":
                for column in ("age", "sex", *labels):
                    one[column] = other[column]
            case "broken":
                scene.broken.add(one["recording_id"])
            case "reserved" if one["subject_id"]:
                scene.reserved.add(plain(one["subject_id"]))
            case "reserved copy" if one["subject_id"]:
                scene.reserved.add(plain(one["subject_id"]))
                rows.append(forged | {"subject_id": other["subject_id"]})
    chance.shuffle(rows)
    return scene


def split_as_prepare_does(
    scene: Scene, spec: DatasetSpec, split: SplitSpec, *, guarded: bool = True
) -> tuple[SplitPlan, dict[str, list[Row]]]:
    """The calls of ``prepare``, on tables.

    Raises:
        AuscultError: the split is refused.
    """
    locked = frozenset(guards.bare_id(subject, spec.name) for subject in scene.reserved)
    twins = [Twins(*sorted(pair), 0.1, 3.0, 0.0) for pair in scene.twins]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guards, "reserved_subjects", lambda name: locked)
        decided = splits.plan(scene.rows, spec, split, scene.digests(), [(pair.one, pair.other) for pair in twins])
        sound = [row for row in scene.rows if row["recording_id"] not in scene.broken]
        parts = by_split(sound, decided.splits, decided.names)
        if guarded:
            check_splits(parts, spec.name, twins=twins, people=decided.people)
    return decided, parts


def plain(subject: str | None) -> str:
    """An id without what a hand may change about it; empty where it names nobody."""
    text = unicodedata.normalize("NFKC", subject or "").casefold()
    text = re.sub(r"[\s\u200b]+", "", text)
    return "" if text.endswith(":") else text


def true_people(scene: Scene, spec: DatasetSpec) -> Groups:
    """Who is who, by ids, bytes, copies and what names of recordings say: ``("recording", name)`` -> root."""
    groups = Groups()
    pattern = PERSON_IN_NAME.get(spec.name)
    for row in scene.rows:
        name = row["recording_id"]
        marks = [("id", plain(row["subject_id"])), ("bytes", "" if name in scene.broken else row["audio_sha256"])]
        # Who has lost the subject id is nobody for the package, and so withheld; the name may not tell more.
        if pattern and row["original"] and plain(row["subject_id"]) and (match := re.match(pattern, name)):
            marks.append(("name", "".join(filter(None, match.groups()))))
        for mark in marks:
            if mark[1]:
                groups.join(("recording", name), mark)
    for one, other in scene.twins:
        groups.join(("recording", one), ("recording", other))
    return groups


def crossings(scene: Scene, spec: DatasetSpec, parts: Mapping[str, Iterable[Row]]) -> list[str]:
    """Everything that is on two sides, or in training though locked, or in a split though of nobody knows whom."""
    where = {row["recording_id"]: name for name, rows in parts.items() for row in rows}
    groups = true_people(scene, spec)
    locked = {groups.root(("id", subject)) for subject in scene.reserved}
    sides: dict[object, set[str]] = defaultdict(set)
    found = []
    for row in scene.rows:
        name = row["recording_id"]
        if name not in where:
            continue
        who = groups.root(("recording", name))
        sides[who].add(where[name])
        if not plain(row["subject_id"]):
            found.append(f"{name} is of nobody knows whom, in {where[name]}")
        if who in locked and where[name] != "test" and not where[name].startswith("test_"):
            found.append(f"{name} is locked, in {where[name]}")
    return found + [f"{who} in {sorted(splits)}" for who, splits in sides.items() if len(splits) > 1]


class Groups:
    """Union-find."""

    def __init__(self) -> None:
        self.parent: dict[object, object] = {}

    def root(self, item: object) -> object:
        while self.parent.setdefault(item, item) != item:
            item = self.parent[item]
        return item

    def join(self, one: object, other: object) -> None:
        self.parent[self.root(one)] = self.root(other)


def families(spec: DatasetSpec, rows: Sequence[Row], seed: int) -> list[SplitSpec]:
    """Every family but ``published``, by every column and task that a dataset can be split by."""
    columns = ["site", "device", "sex", "organ", "age_group", "site_detail"]
    columns += [name for name, kind in spec.columns.items() if kind in ("string", "bool") and name not in columns]
    sources = [name for name in columns if 2 <= len({str(row.get(name)) for row in rows if row.get(name)}) <= 40]
    classes = [task.name for task in spec.tasks if task.column and task.target == "class" and not task.segments]
    thirds = {"train": 1 / 3, "validation": 1 / 3, "test": 1 / 3}
    return [
        SplitSpec(seed=seed),
        SplitSpec(seed=seed, fractions=thirds, stratify=()),
        SplitSpec(seed=seed, fractions={"train": 0.5, "test": 0.5}),
        SplitSpec(name="loso"),
        *(SplitSpec(name="leave_one_source_out", by=column) for column in sources),
        *(SplitSpec(name="demographic", task=task, seed=seed, age_bands=(40,)) for task in classes),
        *([SplitSpec(name="official")] if spec.official else []),
    ]


def label_columns(spec: DatasetSpec) -> list[str]:
    """Columns that the classes of tasks come from."""
    return sorted({task.column for task in spec.tasks if task.column and not task.segments})
