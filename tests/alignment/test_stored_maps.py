"""A model trained with CKA alone retrieves with its stored map, and only with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel

from hf_auscult.alignment.maps import SPACES, project_text, store_map
from hf_auscult.errors import ConfigurationError
from hf_auscult.metrics import bidirectional_retrieval
from hf_auscult.training import AlignmentDataset, AlignmentExample, CropPolicy
from tests import tiny
from tests.training.test_align import trainer

TRAIN, TEST = 96, 60
NUMBER = TRAIN + TEST


@pytest.fixture(scope="module")
def recordings() -> tuple[np.ndarray, np.ndarray]:
    """Two tones of different pitch and loudness a recording; its report is a turned and shifted version of them."""
    rng = np.random.default_rng(0)
    pitch, second, loud = rng.uniform(0, 1, (3, NUMBER))
    time = np.arange(tiny.SAMPLES) / tiny.SPEC.sampling_rate
    waves = np.sin(2 * np.pi * (60 + 200 * pitch[:, None]) * time) * (0.2 + loud[:, None])
    waves += np.sin(2 * np.pi * (350 + 400 * second[:, None]) * time) * (1.2 - loud[:, None])
    waves = 0.3 * waves + 0.01 * rng.standard_normal(waves.shape)
    facts = np.stack([pitch, second, loud], axis=1)
    facts = np.concatenate([facts, np.sin(6 * facts), np.cos(6 * facts), facts**2], axis=1)
    turn = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    return waves.astype(np.float32), ((facts - 0.5) @ turn + 3).astype(np.float32)


@pytest.fixture(scope="module")
def trained(recordings, tmp_path_factory):
    waves, texts = recordings
    pairs = AlignmentDataset(
        [AlignmentExample(waves[index], texts[index : index + 1], text_id=index) for index in range(TRAIN)],
        CropPolicy(tiny.SAMPLES),
        sampling_rate=tiny.SPEC.sampling_rate,
        noise_size=tiny.PATCHES,
    )
    run = trainer(
        tmp_path_factory.mktemp("cka"),
        model=tiny.model(dropout=0.0),
        dataset=pairs,
        objective="debiased_cka",
        per_device_train_batch_size=48,
        max_steps=60,
        learning_rate=2e-3,
        reconstruction_weight=0.0,
        save_strategy="no",
    )
    run.train()
    losses = [entry["alignment_loss"] for entry in run.state.log_history if "alignment_loss" in entry]
    assert losses[-1] < 0.7 * losses[0]
    return run.model.eval()


@torch.no_grad()
def features(model, waves) -> tuple[np.ndarray, np.ndarray]:
    """(pooled, audio features) of recordings of one window."""
    images = torch.from_numpy(tiny.EXTRACTOR.window_features(waves))
    output = model(images)
    return output.pooler_output.numpy(), output.audio_embeds.numpy()


def median_rank(model, recordings) -> float:
    """Mean of both directions on held-out recordings; chance is half of TEST."""
    waves, texts = (side[TRAIN:] for side in recordings)
    found = bidirectional_retrieval(features(model, waves)[1], project_text(model, texts)).to_dict()
    return (found["audio_to_text"]["median_rank"] + found["text_to_audio"]["median_rank"]) / 2


@pytest.mark.parametrize("kind", list(SPACES))
def test_retrieval_needs_the_map_and_survives_saving(trained, recordings, kind, tmp_path):
    waves, texts = recordings
    trained.drop_retrieval_map()
    without = median_rank(trained, recordings)
    assert without > 0.35 * TEST, "CKA fixes no common frame"
    pooled, projected = features(trained, waves[:TRAIN])
    fitted = store_map(trained, projected if kind == "procrustes" else pooled, texts[:TRAIN], kind=kind)
    assert fitted.kind == kind == trained.config.retrieval_map_kind
    with_map = median_rank(trained, recordings)
    assert with_map < 0.15 * TEST, (with_map, without)
    trained.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert median_rank(again, recordings) == with_map
    # The fitted map, applied by hand, is what the model answers.
    pooled, projected = features(tiny_without_map(again, tmp_path), waves[TRAIN:])
    by_hand = fitted.apply(projected if kind == "procrustes" else pooled, centred=True)
    np.testing.assert_allclose(features(again, waves[TRAIN:])[1], by_hand, atol=1e-3)
    trained.drop_retrieval_map()
    assert median_rank(trained, recordings) == without


def tiny_without_map(model, folder):
    plain = AutoModel.from_pretrained(folder).eval()
    plain.drop_retrieval_map()
    return plain


def test_a_map_of_shuffled_pairs_does_not_help(trained, recordings):
    waves, texts = recordings
    trained.drop_retrieval_map()
    order = np.random.default_rng(1).permutation(TRAIN)
    store_map(trained, features(trained, waves[:TRAIN])[1], texts[:TRAIN][order])
    assert median_rank(trained, recordings) > 0.3 * TEST
    trained.drop_retrieval_map()


def test_refusals(trained, recordings, tmp_path):
    waves, texts = recordings
    trained.drop_retrieval_map()
    projected = features(trained, waves[:TRAIN])[1]
    with pytest.raises(ConfigurationError, match="unknown map 'cca'"):
        store_map(trained, projected, texts[:TRAIN], kind="cca")
    store_map(trained, projected, texts[:TRAIN])
    with pytest.raises(ConfigurationError, match="holds a map already"):
        store_map(trained, projected, texts[:TRAIN])
    # Trained further, the map would no longer be of these weights.
    with pytest.raises(ConfigurationError, match="holds a retrieval map"):
        trainer(tmp_path, model=trained)
    trained.drop_retrieval_map()
