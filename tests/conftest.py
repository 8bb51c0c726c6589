"""Fixtures that every package's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.aligned"]

# The same examples on every machine, so that a commit's verdict does not change; HYPOTHESIS_PROFILE=search looks on.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("search")
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder that holds the real recordings and the reference arrays; without it the test is skipped."""
    folder = Path(os.environ.get("AUSCULT_SHARED", Path(__file__).resolve().parents[1].parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}: set AUSCULT_SHARED to the folder that holds them")
    return folder
