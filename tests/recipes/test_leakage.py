"""What a task's reports give away, as functions; the command over it is in tests/cli/test_reports.py."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pytest

from hf_auscult.data import prepare
from hf_auscult.errors import ConfigurationError
from hf_auscult.recipes.leakage import measure_leakage
from hf_auscult.reports import STRENGTHS, LeakageSettings
from hf_auscult.reports.generate_set import ReportSettings, generate_set, plan_set

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample"
FEW = LeakageSettings(folds=3, draws=50)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    patch = pytest.MonkeyPatch()
    patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    folder = tmp_path_factory.mktemp("prepared") / "circor"
    prepare("circor", SAMPLE, folder, progress=False)
    yield folder
    patch.undo()


def test_every_mask_and_the_set_are_read(prepared, tmp_path):
    plan = plan_set(prepared, ReportSettings(config="murmur", mask="strict", task="murmur"))
    generate_set(plan, tmp_path / "set", progress=False)
    found = measure_leakage(prepared, "murmur", reports=tmp_path / "set", settings=FEW)
    assert tuple(found.masks) == (*STRENGTHS, "this set", "middle")
    (stated, *_), strict = found.masks["none"].readers, found.masks["strict"].readers
    assert stated.auroc.value > 0.9 and not stated.at_chance
    assert found.strict_at_chance == all(reader.at_chance for reader in strict)
    assert found.masks["this set"].leaks == found.masks["strict"].leaks
    written = json.loads((tmp_path / "set" / "leakage.json").read_text())
    assert written == json.loads(json.dumps(found.to_dict()))
    card = (tmp_path / "set" / "README.md").read_text()
    assert "AUROC of murmur read off the text alone" in card and "| templates, mask paper |" in card
    generate_set(plan, tmp_path / "set", progress=False, overwrite=True)
    # What was measured of the old texts goes with them.
    assert not (tmp_path / "set" / "leakage.json").exists()


def test_what_does_not_fit(prepared, tmp_path):
    with pytest.raises(ConfigurationError, match="no classes"):
        measure_leakage(prepared, "recordings", settings=FEW)
    with pytest.raises(ConfigurationError, match="folds"):
        LeakageSettings(folds=1)
