"""Fixtures of the dataset tests: the bundled sample, copies that may be damaged, and a cache that is thrown away."""

from __future__ import annotations

import shutil
from pathlib import Path

import datasets
import pytest

from hf_auscult.data import PrepareReport, prepare

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample"


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory):
    patch = pytest.MonkeyPatch()
    patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()
    patch.undo()


@pytest.fixture(scope="session")
def sample() -> Path:
    return SAMPLE


@pytest.fixture
def circor(tmp_path: Path) -> Path:
    """A copy of a dozen ids of the bundled sample, to be damaged at will."""
    return copy_ids(tmp_path / "circor", lambda ids: ids[:12])


@pytest.fixture(scope="session")
def prepared(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> PrepareReport:
    """The bundled sample, prepared once; read only."""
    return prepare("circor", sample, tmp_path_factory.mktemp("prepared") / "circor", progress=False)


def copy_ids(target: Path, pick) -> Path:
    """Copy some ids of the sample in the original layout."""
    lines = (SAMPLE / "training_data.csv").read_text().splitlines(keepends=True)
    ids = set(pick([line.split(",")[0] for line in lines[1:]]))
    (target / "training_data").mkdir(parents=True)
    (target / "training_data.csv").write_text(
        "".join(line for line in lines if line.split(",")[0] in {"Patient ID", *ids})
    )
    for file in sorted((SAMPLE / "training_data").iterdir()):
        if file.stem.split("_")[0] in ids:
            shutil.copyfile(file, target / "training_data" / file.name)
    records = (SAMPLE / "RECORDS").read_text().splitlines()
    kept = [line for line in records if line.split("/")[1].split("_")[0] in ids]
    (target / "RECORDS").write_text("\n".join(kept) + "\n")
    shutil.copyfile(SAMPLE / "SUBSET", target / "SUBSET")
    return target


def rename_id(root: Path, old: str, new: str) -> None:
    """Give a patient another id, everywhere."""
    for file in sorted((root / "training_data").glob(f"{old}[._]*")):
        if file.suffix != ".wav":
            file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))
        file.rename(file.with_name(file.name.replace(old, new, 1)))
    for name in ("training_data.csv", "RECORDS"):
        (root / name).write_text((root / name).read_text().replace(old, new))
