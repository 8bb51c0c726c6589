"""Text that somebody else wrote: bounded, regular, and every defect a typed error that names the file."""

from __future__ import annotations

import os
from datetime import date

import pytest

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.texts import read_json, read_lines, read_table, read_text, read_yaml


def test_only_regular_files_of_bounded_size_are_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.tsv")
    (tmp_path / "endless.tsv").symlink_to("/dev/zero")
    for name, problem in (("pipe.tsv", "pipe"), ("endless.tsv", "device"), ("", "directory"), ("gone", "No such file")):
        with pytest.raises(DataError, match=problem):
            read_text(tmp_path / name)
    (tmp_path / "a.txt").write_text("ä" * 10)
    monkeypatch.setenv("AUSCULT_MAX_TEXT_BYTES", "20")
    assert read_text(tmp_path / "a.txt") == "ä" * 10
    monkeypatch.setenv("AUSCULT_MAX_TEXT_BYTES", "19")
    with pytest.raises(DataError, match="more than 19 bytes of text"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize("data", [b"\xff", b"a\0b"])
def test_what_is_no_text(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(DataError, match="not text"):
        read_text(tmp_path / "a")
    with pytest.raises(ConfigurationError, match="not text"):
        read_yaml(tmp_path / "a")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('{"a": ' + "9" * 5_000 + "}", "not JSON"),
        ("{", "not JSON"),
        ("[]", "not an object"),
    ],
)
def test_json_that_cannot_be_meant(tmp_path, text, problem):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=problem):
        read_json(tmp_path / "a.json")


def test_cells_that_are_too_long(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1," + "x" * 140_000 + "\n")
    for read in (read_lines, read_table):
        with pytest.raises(DataError, match="larger than field limit"):
            list(read(tmp_path / "a.csv"))
    (tmp_path / "a.csv").write_text("\ufeffa;b\n1;2\n\n3\n")
    assert list(read_table(tmp_path / "a.csv", ("a",), delimiters=",;")) == [
        (2, {"a": "1", "b": "2"}),
        (4, {"a": "3", "b": None}),
    ]
    assert [cells for _, cells in read_lines(tmp_path / "a.csv", delimiters=",;")] == [
        ["a", "b"],
        ["1", "2"],
        [],
        ["3"],
    ]


def test_yaml_that_stands_for_more_than_it_holds(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigurationError, match="aliases stand for too many values"):
        read_yaml(tmp_path / "bomb.yaml")
    (tmp_path / "bomb.yaml").write_text("a: &a [*a]")
    with pytest.raises(ConfigurationError, match="aliases stand for too many values"):
        read_yaml(tmp_path / "bomb.yaml")
    (tmp_path / "fair.yaml").write_text("a: &a {x: 1}\nb: *a\nday: 2024-02-29\n")
    assert read_yaml(tmp_path / "fair.yaml") == {"a": {"x": 1}, "b": {"x": 1}, "day": date(2024, 2, 29)}
    for text in ("day: 2024-02-30", "[" * 5_000, "a: [", "n: " + "9" * 5_000):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(ConfigurationError, match="not YAML"):
            read_yaml(tmp_path / "bad.yaml")
    with pytest.raises(ConfigurationError, match="no such file"):
        read_yaml(tmp_path / "gone.yaml")
