"""BEATs beyond the reference arrays: padding, randomness, masked prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForPreTraining

from hf_auscult.audio import WindowPolicy
from hf_auscult.errors import FeatureError, ShortAudioError
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.models.beats.modeling_beats import BeatsTokenizer, token_mask
from tests.models.zoo import ZOO, sound, tiny_beats

BEATS = next(variant for variant in ZOO if variant.name == "beats")
RECORDINGS = Path(__file__).parents[3] / "examples/data/circor_sample/training_data"


def test_padding_is_neither_seen_nor_averaged():
    model, inputs = BEATS.model(), BEATS.inputs(2)
    frames = inputs.shape[1]
    mask = torch.arange(frames)[None] >= torch.tensor([[32], [frames]])
    louder = inputs.clone()
    louder[0, 32:] += 3.0
    with torch.no_grad():
        out, other = model(inputs, padding_mask=mask), model(louder, padding_mask=mask)
        alone = model(inputs)
    assert torch.equal(out.pooler_output, other.pooler_output)
    assert torch.equal(out.last_hidden_state[0, :16], other.last_hidden_state[0, :16])
    assert out.token_mask.sum(dim=1).tolist() == [16, 24]
    torch.testing.assert_close(out.pooler_output[1], alone.pooler_output[1])
    assert not torch.allclose(out.pooler_output[0], alone.pooler_output[0], atol=1e-4)
    with pytest.raises(FeatureError, match="without sound"):
        model(inputs, padding_mask=torch.ones(2, frames, dtype=torch.bool))


def test_rules_of_padding():
    """The published rule splits one time patch between its bands, the default does not."""
    samples = torch.arange(5_200)[None] >= 3_120
    assert token_mask(samples, 31, 16, 8).tolist() == [[False] * 8]
    published = token_mask(samples, 31, 16, 8, "published")[0]
    assert published.any()
    assert not published.all()
    # 19 frames of 25 ms hold some of 3,120 samples; the 20th starts at sample 3,040, the 21st at 3,200.
    frames = torch.arange(31)[None] >= 20
    assert torch.equal(token_mask(frames, 31, 4, 1), token_mask(samples, 31, 4, 1))
    with pytest.raises(FeatureError, match="17 values for 31 frames"):
        token_mask(frames[:, :17], 31, 16, 8)


def test_a_batch_gives_every_recording_its_own_length():
    fe, model = AuscultFeatureExtractor("beats", WindowPolicy("whole")), BEATS.model()
    waves = [sound(seconds, 16_000, seed) for seed, seconds in enumerate((0.3, 1.1, 0.7))]
    with torch.no_grad():
        together = model(**fe(waves, sampling_rate=16_000, return_tensors="pt")).pooler_output
        alone = [model(**fe(wave, sampling_rate=16_000, return_tensors="pt")).pooler_output for wave in waves]
    torch.testing.assert_close(together, torch.cat(alone))
    with pytest.raises(ShortAudioError):
        fe(waves[0][:2_799], sampling_rate=16_000)
    with pytest.raises(FeatureError, match="15 frames"):
        model(torch.zeros(1, 15, 128))


def test_numpys_generator_is_left_alone():
    inputs = BEATS.inputs(2)
    before = np.random.get_state()[1].copy()
    model = BEATS.model(layerdrop=0.5)
    first = model(inputs).pooler_output
    assert torch.equal(model(inputs).pooler_output, first), "evaluation drew random numbers"
    model.train()
    assert len({model(inputs).pooler_output.sum().item() for _ in range(8)}) > 1, "no layer was ever dropped"
    assert np.array_equal(np.random.get_state()[1], before)


def test_gradient_into_every_layer_is_scaled():
    inputs, norms = BEATS.inputs(1), []
    for scale in (1.0, 0.5):
        model = BEATS.model(layer_gradient_scale=scale).train()
        out = model(inputs).pooler_output
        out.square().sum().backward()
        norms.append((out.detach(), model.patch_embedding.weight.grad))
    assert torch.equal(norms[0][0], norms[1][0])
    torch.testing.assert_close(0.25 * norms[0][1], norms[1][1])  # two layers


def test_hidden_patches_are_hidden():
    model, inputs = BEATS.model(cls=AutoModelForPreTraining), BEATS.inputs(1)
    noise = torch.rand(1, model.noise_size(inputs.shape[1]), generator=torch.Generator().manual_seed(1))
    labels = torch.zeros_like(noise, dtype=torch.long)
    with torch.no_grad():
        out = model(inputs, labels=labels, noise=noise)
        assert (out.mask.sum(), out.mask.numel()) == (18, 24)
        cells = inputs[:, :48].unflatten(1, (3, 16)).unflatten(3, (8, 16))
        changed = cells + 2.0 * out.mask.view(1, 3, 1, 8, 1)
        other = model(changed.flatten(3).flatten(1, 2), labels=labels, noise=noise)
        assert torch.equal(other.logits, out.logits)
        seen = model((cells + 2.0 * (1 - out.mask).view(1, 3, 1, 8, 1)).flatten(3).flatten(1, 2), labels, noise)
    assert not torch.allclose(seen.logits, out.logits, atol=1e-3)


def test_pretraining_learns_from_real_recordings():
    """Labels of the first iteration, and those of a tokenizer."""
    fe = AuscultFeatureExtractor("beats", WindowPolicy("sliding", seconds=1.0))
    images = [fe.features(path).windows[:4] for path in sorted(RECORDINGS.glob("*.wav"))[:6]]
    inputs = torch.from_numpy(np.concatenate(images))
    torch.manual_seed(0)
    tokenizer = BeatsTokenizer(tiny_beats()()).eval()
    for labels in (None, tokenizer(inputs).labels):
        model = BEATS.model(cls=AutoModelForPreTraining)
        with torch.no_grad():
            start = model(inputs, labels=labels)
        assert len(start.labels.unique()) > 2
        optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
        model.train()
        for _ in range(40):
            optimiser.zero_grad()
            model(inputs, labels=labels).loss.backward()
            optimiser.step()
        with torch.no_grad():
            assert model.eval()(inputs, labels=labels).loss < start.loss - 0.5


def test_the_tokenizer_only_looks_up(tmp_path):
    torch.manual_seed(0)
    tokenizer, inputs = BeatsTokenizer(tiny_beats()()).eval(), BEATS.inputs(2)
    before = {name: value.clone() for name, value in tokenizer.state_dict().items()}
    out = tokenizer(inputs)
    assert all(torch.equal(value, before[name]) for name, value in tokenizer.state_dict().items())
    unit = torch.nn.functional.normalize(out.vectors, dim=-1)
    distance = torch.cdist(unit, tokenizer.quantiser.codebook)
    assert torch.equal(distance.argmin(dim=-1), out.labels)
    tokenizer.save_pretrained(tmp_path)
    assert torch.equal(BeatsTokenizer.from_pretrained(tmp_path)(inputs).labels, out.labels)
    encoder = AutoModel.from_pretrained(tmp_path).eval()
    assert torch.equal(encoder(inputs).pooler_output, tokenizer.encoder(inputs).pooler_output)
