"""Explaining a model on the bundled recordings."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hf_auscult.data import load_prepared
from hf_auscult.data.trained_on import FILE, training_people
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.estimates import Bootstrap
from hf_auscult.evaluation.explanations import ExplainSettings, explain
from hf_auscult.evaluation.explanations.explain import front_end_of, recording_heat
from tests.evaluation.conftest import data_root, feature_cache  # noqa: F401 - fixtures
from tests.models import zoo


@pytest.mark.parametrize("method", ["gradient", "rollout"])
def test_scores_pictures_and_chance(method, data_root, feature_cache, tmp_path):  # noqa: F811
    model = tmp_path / "opera"
    zoo.GT.model().save_pretrained(model)
    zoo.GT.extractor().save_pretrained(model)
    settings = ExplainSettings(
        model=str(model),
        data=data_root / "circor",
        task="murmur",
        output=tmp_path / "heat",
        cache=feature_cache,
        method=method,
        pictures=1,
        bootstrap=Bootstrap(100),
    )
    found = explain(settings, progress=False)
    assert found.recordings > 3 and found.scores["time_auroc"].chance == 0.5
    energy = found.scores["energy"]
    assert 0 < energy.chance < 0.5 and 0 <= energy.estimate.value <= 1
    stored = json.loads((tmp_path / "heat" / "explanation.json").read_text())
    assert len(stored["per_recording"]) == stored["recordings"] == found.recordings
    assert stored["energy"]["chance"] == energy.chance
    floor = found.scores["time_auroc"].loudness
    assert stored["time_auroc"]["loudness"] == floor.value and 0 < floor.value < 1 and floor.value != 0.5
    assert found.scores["band"].loudness is None
    assert len(list((tmp_path / "heat").glob("*.png"))) == 1
    with pytest.raises(ConfigurationError, match="already exists"):
        explain(settings, progress=False)
    settings = replace(settings, overwrite=True)
    assert explain(settings, progress=False) == found and found.trained_on is None
    people = {row["subject_id"] for row in load_prepared(settings.data, "murmur")["test"].remove_columns("audio")}
    (model / FILE).write_text(json.dumps(training_people("circor", people)))
    assert explain(settings, progress=False).trained_on == found.people


@pytest.mark.parametrize(
    "name", ["opera-ce/cnn", "opera-ct", "panns/cnn6", "vggish", "msclap/2023", "audiomae", "beats"]
)
def test_every_encoder_of_log_mel_windows_has_heat(name):
    """A frame a hop for the whole recording, whatever window the encoder reads, and whether its front end pads."""
    variant = next(variant for variant in zoo.ZOO if variant.name == name)
    embedder = Embedder(variant.model(), variant.extractor())
    embedder.encoder.eval()
    spec = front_end_of(embedder)
    cell = {"array": np.random.default_rng(0).standard_normal(48_000).astype(np.float32), "sampling_rate": 16_000}
    direction = torch.ones(embedder([cell]).shape[1])
    image, heat, loudness = recording_heat(embedder.encoder, embedder, cell, direction, "gradient")
    hops = -(-3 * spec.sampling_rate // spec.hop_length)
    assert image.shape == heat.shape == (hops, spec.n_mels) and loudness.shape == (hops,)
    assert np.isfinite(heat).all() and heat.max() > 0
