"""A folder's recordings: none left out without a reason, none twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hf_auscult.audio import AUDIO_SUFFIXES, list_recordings


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listed(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_recordings(folder).recordings]


def test_every_suffix_in_any_case(tmp_path):
    names = [f"{suffix[1:]}{suffix.upper()}" for suffix in AUDIO_SUFFIXES]
    tree(tmp_path, *names, "notes.txt", "._a.wav", "sub/metadata.csv", "x.wav/inside.wav")
    (tmp_path / "gone.wav").symlink_to("nowhere")
    found = list_recordings(tmp_path)
    assert {path.name for path in found.recordings} == {*names, "inside.wav"}
    assert {path.relative_to(tmp_path).as_posix(): reason for path, reason in found.left_out.items()} == {
        "notes.txt": "not the name of a recording",
        "._a.wav": "macOS's copy of a file's attributes",
        "sub/metadata.csv": "not the name of a recording",
        "gone.wav": "a broken link",
    }


def test_links_to_folders_are_followed_once_and_loops_end(tmp_path):
    tree(tmp_path, "disk/site/0.wav", "in/1.wav", "in/real/2.wav")
    (tmp_path / "in" / "a_link").symlink_to("real")  # is there under its own name, too
    (tmp_path / "in" / "site").symlink_to("../disk/site")
    (tmp_path / "in" / "again").symlink_to("../disk")  # holds site
    (tmp_path / "in" / "real" / "loop").symlink_to("..")
    (tmp_path / "disk" / "site" / "loop").symlink_to("../../in")
    assert listed(tmp_path / "in") == ["1.wav", "again/site/0.wav", "real/2.wav"]
    (tmp_path / "door").symlink_to("in")
    assert listed(tmp_path / "door") == ["1.wav", "again/site/0.wav", "real/2.wav"]


def test_a_link_out_and_up(tmp_path):
    tree(tmp_path, "a/1.wav", "b/2.wav")
    (tmp_path / "a" / "up").symlink_to("..")
    assert listed(tmp_path / "a") == ["1.wav", "up/b/2.wav"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything is readable")
def test_folders_that_cannot_be_opened_are_named(tmp_path):
    tree(tmp_path, "locked/1.wav", "2.wav")
    (tmp_path / "locked").chmod(0)
    try:
        found = list_recordings(tmp_path)
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert found.left_out == {tmp_path / "locked": "cannot be opened (Permission denied)"}


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        list_recordings(tmp_path / "absent")
