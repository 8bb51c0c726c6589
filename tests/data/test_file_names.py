"""Files under another spelling, one folder down, or as a Git LFS pointer are found or named, by every reader."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hf_auscult.data import DATASETS, prepare
from hf_auscult.errors import DataError

from .every_layout import ORIGINALS

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1234\n"
READERS = [name for name in ORIGINALS if name in DATASETS]


@pytest.fixture(params=READERS)
def original(request, shared: Path, tmp_path: Path) -> tuple[str, Path]:
    """A dataset that may be changed: what lies in the shared folder is linked file by file."""
    source = ORIGINALS[request.param](shared, tmp_path / "in")
    if not source.is_relative_to(tmp_path):
        source = shutil.copytree(source, tmp_path / "copy", copy_function=os.symlink)
        for folder in (source, *(folder for folder in source.rglob("*") if folder.is_dir())):
            folder.chmod(0o755)
    return request.param, source


def test_every_recording_is_accounted_for(original):
    """One suffix in capitals, one copy a folder down."""
    name, source = original
    before = DATASETS[name].read(source)
    first, last = (before.root / before.rows[index]["path"] for index in (0, -1))
    first = next(before.root / row["path"] for row in before.rows if (before.root / row["path"]).is_file())
    capitals = first.with_suffix(first.suffix.upper())
    first.rename(capitals)
    nested = last.parent / "again" / f"copy_of_{last.name}"
    nested.parent.mkdir()
    shutil.copyfile(capitals, nested)
    after = DATASETS[name].read(source)
    changed = {file.relative_to(after.root).as_posix() for file in (capitals, nested)}
    rows = {row["path"] for row in after.rows} - {row["path"] for row in before.rows}
    new = {problem.path for problem in after.problems} - {problem.path for problem in before.problems}
    assert changed <= rows | new and not rows & new
    if name != "coughvid":  # whose table does not say which suffix a recording has
        assert {row["recording_id"] for row in before.rows} <= {row["recording_id"] for row in after.rows}
        assert rows | new == changed and capitals.relative_to(after.root).as_posix() in rows


def test_a_git_lfs_pointer_is_called_one(circor: Path, tmp_path: Path):
    wav = min((circor / "training_data").glob("*.wav"))
    wav.write_text(POINTER)
    report = prepare("circor", circor, tmp_path / "out", progress=False)
    (problem,) = report.quarantined
    assert "Git LFS pointer" in problem.reason and "git lfs pull" in problem.reason
    assert not report.presence.complete
    (circor / "training_data.csv").write_text(POINTER)
    with pytest.raises(DataError, match="Git LFS pointer"):
        prepare("circor", circor, tmp_path / "again", progress=False)
