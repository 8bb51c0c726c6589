"""The register names every public model the project knows, and never calls the unknown clean."""

from __future__ import annotations

import pytest

from hf_auscult.data.contamination import exposures, register

MODELS = "opera-ct opera-ce opera-gt auscultabase auscultacorpus acula hear m2d-resp caresound stethobench resp-229k"


@pytest.mark.parametrize("model", MODELS.split())
def test_every_model_is_registered_with_a_source(model):
    found = exposures(model)
    assert found
    assert all(item.source and item.evidence for item in found)


def test_lookup():
    assert {item.dataset for item in exposures("some/folder/opera-gt/")} == {
        *("covid19_sounds", "uk_covid19", "coughvid", "icbhi", "hf_lung")
    }
    assert [item.dataset for item in exposures("auscultabase", "circor")] == ["circor"]
    assert exposures("opera-ct", "circor") == ()
    assert exposures("nobody") == ()


def test_unpublished_training_data_count_as_everything():
    (item,) = exposures("hear", "circor")
    assert item.dataset == "unknown"
    assert item.sees_test_people


def test_pairs_are_unique():
    pairs = [(item.model, item.dataset) for item in register()]
    assert len(pairs) == len(set(pairs))
