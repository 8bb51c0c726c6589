"""Whole or not at all, and nobody else's files."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from hf_auscult.errors import AuscultError, ConfigurationError, printable
from hf_auscult.files import (
    MANIFEST,
    check_folder,
    claim,
    new_file,
    new_folder,
    sole_writer,
    to_json,
    uncell,
    write_csv,
    write_json,
    write_table,
    write_text,
)

LATIN = os.fsdecode(b"g\xe4st.wav")


@dataclass(frozen=True)
class Point:
    x: float
    where: Path


def strict(text: str):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_is_what_every_reader_takes(tmp_path):
    content = {
        "nan": [float("nan"), np.float32("nan"), np.array([1.0, np.nan])],
        "inf": (np.inf, -np.float64("inf")),
        "nested": {"point": Point(np.nan, Path("a") / LATIN), "count": np.int64(3), "set": {2, 1}, "flag": np.True_},
        LATIN: "ä",
    }
    write_json(tmp_path / "a" / "b.json", content)
    assert strict((tmp_path / "a" / "b.json").read_text("utf-8")) == {
        "nan": [None, None, [1.0, None]],
        "inf": ["Infinity", "-Infinity"],
        "nested": {"point": {"x": None, "where": "a/g\\xe4st.wav"}, "count": 3, "set": [1, 2], "flag": True},
        "g\\xe4st.wav": "ä",
    }
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_json([object()])


def test_undecodable_names_are_escaped_wherever_they_are_written(tmp_path):
    assert printable(Path("in") / LATIN) == "in/g\\xe4st.wav"
    assert str(AuscultError("silent", where=LATIN)) == "g\\xe4st.wav: silent"
    write_text(tmp_path / "list.txt", f"{LATIN}\r\n")
    assert (tmp_path / "list.txt").read_bytes() == b"g\\xe4st.wav\r\n"
    write_csv(tmp_path / "list.csv", ["path", "n"], [[LATIN, 1], ["ü,", 2]])
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["path", "n"], ["g\\xe4st.wav", "1"], ["ü,", "2"]]


def test_a_file_that_fails_leaves_the_former_one_and_nothing_else(tmp_path):
    write_table(tmp_path / "rows.parquet", pa.table({"a": [1]}))
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "rows.parquet") as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]
    assert pq.read_table(tmp_path / "rows.parquet").to_pydict() == {"a": [1]}


@pytest.mark.skipif(os.name == "nt", reason="no umask")
@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_the_users_umask_rules(tmp_path, mask):
    before = os.umask(mask)
    try:
        with new_folder(tmp_path / "out") as folder:
            write_text(folder / "a.txt", "a")
            save_file({"a": np.zeros(1)}, folder / "model.safetensors")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o777 & ~mask
    assert stat.S_IMODE((tmp_path / "out" / "model.safetensors").stat().st_mode) == 0o666 & ~mask
    assert stat.S_IMODE((tmp_path / "out" / "a.txt").stat().st_mode) == 0o666 & ~mask


def fill(target: Path, **files: str) -> None:
    with new_folder(target, replace=True) as folder:
        for name, text in files.items():
            write_text(folder / name, text)


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != MANIFEST}


def test_a_folder_is_replaced_as_a_whole_by_the_next_run(tmp_path):
    out = tmp_path / "out"
    fill(out, old="1", both="1")
    fill(out, both="2", new="2")
    assert content(out) == {"both": "2", "new": "2"}
    with pytest.raises(ZeroDivisionError), new_folder(out, replace=True) as folder:
        write_text(folder / "both", "3")
        raise ZeroDivisionError
    assert content(out) == {"both": "2", "new": "2"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("foreign", ["thesis.tex", ".git/HEAD", "sub/review_filled.csv"])
def test_files_that_no_run_wrote_are_never_lost(tmp_path, foreign):
    out = tmp_path / "out"
    fill(out, mine="1")
    (out / foreign).parent.mkdir(exist_ok=True)
    (out / foreign).write_text("years of work")
    with pytest.raises(ConfigurationError, match=f"no earlier run wrote: {foreign}"):
        fill(out, mine="2")
    assert (out / foreign).read_text() == "years of work"
    assert (out / "mine").read_text() == "1"
    claim(out, foreign)
    fill(out, mine="2")
    assert content(out) == {"mine": "2"}


def test_a_file_that_appears_meanwhile_is_not_lost_either(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ConfigurationError, match="not empty"), new_folder(out) as folder:
        write_text(folder / "mine", "1")
        write_text(out / "theirs", "2")
    assert content(out) == {"theirs": "2"}


def test_a_folder_without_a_list_is_foreign_and_desktop_litter_is_not(tmp_path):
    out = tmp_path / "out"
    fill(out, mine="1")
    (out / ".DS_Store").touch()
    check_folder(out, replace=True)
    for damaged in ("[", "{}", ""):
        (out / MANIFEST).write_text(damaged)
        with pytest.raises(ConfigurationError, match="mine"):
            check_folder(out, replace=True)
    with pytest.raises(ConfigurationError, match="is a file"):
        check_folder(out / "mine", replace=True)
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty")


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    fill(tmp_path / "out", mine="1")
    assert (tmp_path / "out").is_symlink()
    assert content(tmp_path / "disk") == {"mine": "1"}
    (tmp_path / "disk" / "elsewhere").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="elsewhere"):
        fill(tmp_path / "out", mine="2")


def test_an_empty_folder_of_somebody_else_is_not_lost(tmp_path):
    out = tmp_path / "out"
    fill(out, mine="1")
    (out / "keep").mkdir()
    with pytest.raises(ConfigurationError, match="no earlier run wrote: keep"):
        fill(out, mine="2")


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


WRITES = """
import sys, time
from pathlib import Path
from hf_auscult.files import new_file, new_folder
make = new_folder if sys.argv[2] == "folder" else new_file
with make(Path(sys.argv[1])) as part:
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="no locks")
@pytest.mark.parametrize("name", ["out", "o" * 200])
def test_a_second_run_says_so_and_what_a_killed_one_left_is_removed(tmp_path, name):
    out = tmp_path / name
    for kind in ("folder", "file"):
        first = run(WRITES, out, kind)
        assert first.stdout.readline() == "writing\n"
        if kind == "folder":
            with pytest.raises(ConfigurationError, match="another run is writing it"):
                fill(out, mine="1")
        else:  # files may be written by several
            fill(tmp_path / "other", mine="1")
            with sole_writer(out):
                assert len(list(tmp_path.glob(".*.partial"))) == 1
        first.kill()
        first.wait()
        assert list(tmp_path.glob(".*.partial"))
        with sole_writer(out):
            assert not list(tmp_path.glob(".*.partial"))
        assert not list(tmp_path.glob(".*.lock"))
    fill(out, mine="1")
    assert content(out) == {"mine": "1"}


def test_one_run_may_ask_twice_and_another_thread_may_not(tmp_path):
    said = []

    def other():
        try:
            with sole_writer(tmp_path / "out"):
                said.append("written")
        except ConfigurationError as error:
            said.append(str(error))

    with sole_writer(tmp_path / "out"), new_folder(tmp_path / "out") as part:
        write_text(part / "a", "a")
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    other()
    assert "another run is writing it" in said[0] and said[1] == "written"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "'=1", "''-", "'", "a", "", "\t=1", "1-1", "'a"])
def test_no_cell_is_a_formula_and_every_one_comes_back(tmp_path, text):
    write_csv(tmp_path / "a.csv", ["text", "n"], [[text, -1.5]])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        (_, (written, number)) = csv.reader(stream)
    assert uncell(written) == text and number == "-1.5"
    assert not written.startswith(("=", "+", "-", "@", "\t"))
