"""Every reader on damaged downloads: a typed error that names the file, or every recording accounted for."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from hf_auscult.data import DATASETS
from hf_auscult.data.spec import Table
from hf_auscult.errors import AuscultError

from .small_layouts import LAYOUTS

AUDIO = {".wav", ".mp3", ".webm", ".ogg"}
PER_KIND = 2  # of a hundred annotation files that are alike, the first ones speak for all


def drop_column(data: bytes) -> bytes:
    lines = data.decode("latin-1").splitlines()
    delimiter = max(",;\t ", key=(lines or [""])[0].count)
    return "\n".join(line.partition(delimiter)[2] for line in lines).encode("latin-1") + b"\n"


def drop_last_column(data: bytes) -> bytes:
    lines = data.decode("latin-1").splitlines()
    delimiter = max(",;\t ", key=(lines or [""])[0].count)
    return "\n".join(line.rpartition(delimiter)[0] for line in lines).encode("latin-1") + b"\n"


HARMLESS: dict[str, Callable[[bytes], bytes]] = {
    "BOM": lambda data: b"\xef\xbb\xbf" + data.removeprefix(b"\xef\xbb\xbf"),
    "CRLF": lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "no newline at the end": lambda data: data.rstrip(b"\r\n"),
    "blank lines at the end": lambda data: data.rstrip(b"\r\n") + b"\n\n\n",
}
HARMFUL: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda data: data[: len(data) // 2],
    "cut in a line": lambda data: data[: len(data) * 3 // 4 + 1],
    "empty": lambda data: b"",
    "header only": lambda data: data.split(b"\n")[0] + b"\n",
    "no header": lambda data: data.partition(b"\n")[2],
    "first column gone": drop_column,
    "last column gone": drop_last_column,
    "UTF-16": lambda data: data.decode("latin-1").encode("utf-16"),
    "stray bytes": lambda data: data[: len(data) // 2] + b"\xff\xfe\xe9\x00" + data[len(data) // 2 :],
    "last line twice": lambda data: data.rstrip(b"\r\n") + b"\n" + data.rstrip(b"\r\n").split(b"\n")[-1] + b"\n",
    "quote never closed": lambda data: data.replace(b",", b',"', 1),
    "names longer than a file's": lambda data: re.sub(rb"\w+(?=[,;\t .])", b"x" * 400, data),
    "a name longer than a file's": lambda data: re.sub(rb"\d+(?=[,;\t .])", b"9" * 400, data, count=3),
    "cells swapped": lambda data: data.replace(b",", b",x", 3).replace(b"\t", b"\tx", 3).replace(b'": ', b'": -', 3),
}


@pytest.fixture(scope="module", params=sorted(DATASETS))
def layout(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    root = tmp_path_factory.mktemp("layout") / request.param
    LAYOUTS[request.param](shared, root)
    return request.param, root


def notes(root: Path) -> list[Path]:
    """The files that are not audio, a few of each kind and folder."""
    kinds: dict[tuple[Path, str], list[Path]] = {}
    for file in sorted(root.rglob("*")):
        if file.is_file() and file.suffix not in AUDIO:
            named = file.suffix if file.suffix in (".txt", ".hea", ".tsv", ".json", ".xls") else file.name
            kinds.setdefault((file.parent, named), []).append(file)
    return [file for files in kinds.values() for file in files[:PER_KIND]]


def audio(root: Path) -> set[str]:
    return {file.relative_to(root).as_posix() for file in root.rglob("*") if file.suffix in AUDIO}


def essence(table: Table) -> tuple[object, ...]:
    return table.root, table.rows, table.problems, table.notes


def damaged(name: str, root: Path, what: str) -> Table | None:
    """Read; an error must be a typed one that says where, and a table must account for every audio file."""
    try:
        table = DATASETS[name].read(root)
    except AuscultError as error:
        assert error.problem and error.where, what
        return None
    told = {str(one["path"]) for one in table.rows} | {problem.path for problem in table.problems}
    below = table.root.relative_to(root).as_posix() if table.root != root else "."
    told = {(Path(below) / path).as_posix() for path in told}
    lost = audio(root) - told
    assert not lost, f"{what}: {len(lost)} recordings are neither rows nor problems: {sorted(lost)[:3]}"
    return table


def test_the_layout_is_sound(layout: tuple[str, Path]):
    name, root = layout
    table = damaged(name, root, "undamaged")
    assert table is not None and len(table.rows) >= 4 and not table.problems


def test_byte_order_marks_and_line_ends_change_nothing(layout: tuple[str, Path]):
    name, root = layout
    before = essence(DATASETS[name].read(root))
    for file in notes(root):
        data = file.read_bytes()
        for what, change in HARMLESS.items() if file.suffix not in (".xls", ".xlsx") else ():
            try:
                file.write_bytes(change(data))
                assert essence(DATASETS[name].read(root)) == before, f"{file.name}: {what}"
            finally:
                file.write_bytes(data)


def test_damage_is_told_and_loses_nobody(layout: tuple[str, Path]):
    name, root = layout
    for file in notes(root):
        data = file.read_bytes()
        for what, change in HARMFUL.items():
            try:
                file.write_bytes(change(data))
                damaged(name, root, f"{file.name}: {what}")
            finally:
                file.write_bytes(data)


def test_a_line_that_is_there_twice_counts_once(layout: tuple[str, Path]):
    name, root = layout
    before = DATASETS[name].read(root)
    for file in notes(root):
        if file.suffix not in (".csv", ".txt", ".tsv"):
            continue
        data = file.read_bytes()
        try:
            file.write_bytes(HARMFUL["last line twice"](data))
            after = DATASETS[name].read(root)
        finally:
            file.write_bytes(data)
        assert [row["recording_id"] for row in after.rows] == [row["recording_id"] for row in before.rows], file.name
        assert after.problems == before.problems, file.name


def test_missing_files_and_folders_are_told(layout: tuple[str, Path], tmp_path: Path):
    name, root = layout
    folders = [folder for folder in sorted(root.rglob("*")) if folder.is_dir()]
    for gone in (*notes(root), *folders):
        aside = tmp_path / "aside"
        gone.rename(aside)
        try:
            damaged(name, root, f"without {gone.relative_to(root)}")
        finally:
            aside.rename(gone)


def test_a_folder_where_a_file_should_be(layout: tuple[str, Path], tmp_path: Path):
    name, root = layout
    for file in notes(root):
        aside = tmp_path / "aside"
        file.rename(aside)
        try:
            file.mkdir()
            damaged(name, root, f"{file.name} is a folder")
        finally:
            shutil.rmtree(file)
            aside.rename(file)


def test_nothing_and_nowhere(layout: tuple[str, Path], tmp_path: Path):
    name, _ = layout
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", tmp_path / "absent"):
        with pytest.raises(AuscultError) as caught:
            DATASETS[name].read(source)
        assert str(source) in str(caught.value)


def test_every_dataset_has_a_layout():
    assert set(LAYOUTS) == set(DATASETS)


def test_a_pipe_in_place_of_a_file_is_told_and_waited_for_by_nobody(layout: tuple[str, Path]):
    name, root = layout
    for file in notes(root):
        kept = file.rename(root.parent / "kept")
        try:
            os.mkfifo(file)
            signal.alarm(60)  # a reader that opens the pipe waits for ever; this ends the whole run of tests
            damaged(name, root, f"{file.name} is a pipe")
        finally:
            signal.alarm(0)
            file.unlink(missing_ok=True)
            kept.rename(file)
