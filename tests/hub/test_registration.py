"""`import hf_auscult` is all it takes, and it costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForAudioClassification,
    AutoModelForPreTraining,
)

import hf_auscult
from hf_auscult.codegen.registry import load
from hf_auscult.hub.registration import ENTRIES

IMPORT_COST = """
import time
import torch
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoModelForPreTraining
start = time.perf_counter()
import hf_auscult
print(time.perf_counter() - start)
"""


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_adds_less_than_three_tenths_of_a_second():
    assert min(float(run(IMPORT_COST)) for _ in range(2)) < 0.3


def test_import_loads_no_modelling_code():
    code = "import sys, hf_auscult; print([m for m in sys.modules if 'modeling_opera' in m or m == 'datasets'])"
    assert run(code) == "[]"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.model_type)
def test_auto_classes_know_every_type(entry):
    config = load(entry.config)
    assert type(AutoConfig.for_model(entry.model_type)) is config
    assert AutoModel._model_mapping[config] is load(entry.model)
    assert load(entry.model) in list(AutoModel._model_mapping._extra_content.values())
    if entry.pretraining:
        assert AutoModelForPreTraining._model_mapping[config] is load(entry.pretraining)
    if entry.classification:
        assert AutoModelForAudioClassification._model_mapping[config] is load(entry.classification)
    from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING

    assert FEATURE_EXTRACTOR_MAPPING[config] is load(entry.feature_extractor)
    assert AutoFeatureExtractor is not None


def test_transformers_own_types_still_resolve():
    from transformers import BertConfig, BertModel

    assert AutoModel._model_mapping[BertConfig] is BertModel


def test_public_names():
    assert callable(hf_auscult.embed)
    assert hf_auscult.objectives.get("infonce").name == "infonce"
    assert set(hf_auscult.__all__) <= {*dir(hf_auscult), "AuscultError", "__version__"}
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        hf_auscult.nonsense  # noqa: B018
