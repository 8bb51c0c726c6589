"""A folder of prepared datasets: the bundled heart recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_auscult.data import prepare
from tests import tiny

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample"


@pytest.fixture(scope="session")
def data_root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("bench")
    prepare("circor", SAMPLE, root / "circor", progress=False)
    return root


@pytest.fixture(scope="session")
def feature_cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="session")
def acula(tmp_path_factory) -> str:
    """A folder with an aligned model that has learned nothing."""
    folder = tmp_path_factory.mktemp("models") / "acula"
    tiny.model().save_pretrained(folder)
    tiny.EXTRACTOR.save_pretrained(folder)
    return str(folder)
