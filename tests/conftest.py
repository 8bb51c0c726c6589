"""Fixtures every test folder may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real recordings and reference cases: AUSCULT_SHARED, else ../shared beside the repository."""
    folder = Path(os.environ.get("AUSCULT_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set AUSCULT_SHARED to the folder that holds it")
    return folder
