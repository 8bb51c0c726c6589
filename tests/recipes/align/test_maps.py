"""A run whose objective fixes no common frame: the map in the model makes it retrieve and classify."""

from __future__ import annotations

import pytest
import yaml
from transformers import AutoModel

import hf_auscult
from hf_auscult.errors import ConfigurationError
from hf_auscult.recipes.align.config import load_config
from tests.aligned import settings


@pytest.mark.slow
def test_cka_with_a_stored_map(tmp_path):
    values = settings(tmp_path)
    values |= {"retrieval_map": "procrustes", "teacher": "minilm", "checks": ["shuffled"]}
    values["training"] |= {
        "objective": "debiased_cka",
        "gradient_accumulation_steps": 2,
        "grad_cache": True,
        "memory_size": 16,
        "memory_audio": True,
        "matryoshka_dims": [8, 16],
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values))
    result = hf_auscult.align(tmp_path / "run.yaml", progress=False)
    for name in ("aligned", "shuffled"):
        found = result.conditions[name]
        assert "the model's own procrustes map" in found.retrieval.compared_by
        assert 0 <= found.zero_shot.value <= 1
    assert result.teacher["provenance"]["model_class"] == "BertModel"
    model = AutoModel.from_pretrained(tmp_path / "auscult" / "acula-opera")
    assert (model.config.retrieval_map, model.config.retrieval_map_kind) == ("projected", "procrustes")


def test_teachers_in_yaml(tmp_path):
    path = tmp_path / "run.yaml"
    for teacher, layer in (
        ("medgemma-4b", -1),
        ({"preset": "llama-3.2-3b", "layer": [3, 6]}, (3, 6)),
        ({"name": "x/y", "layer": [1, 2], "combine": "mean"}, (1, 2)),
    ):
        path.write_text(yaml.safe_dump({"output": "o", "teacher": teacher}))
        assert load_config(path).teacher.layer == layer
    path.write_text(yaml.safe_dump({"output": "o", "teacher": "gpt"}))
    with pytest.raises(ConfigurationError, match="unknown teacher preset"):
        load_config(path)
    path.write_text(yaml.safe_dump({"output": "o", "retrieval_map": "cca"}))
    with pytest.raises(ConfigurationError, match="retrieval_map"):
        load_config(path)
