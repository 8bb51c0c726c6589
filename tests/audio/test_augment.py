from __future__ import annotations

import json
import random

import numpy as np
import pytest

from hf_auscult.audio import Augmentation, read
from hf_auscult.errors import ConfigurationError, EmptyAudioError, NonFiniteAudioError

from .conftest import CIRCOR, real_files

RATE = 16_000
NOISE = (0.1 * np.random.default_rng(0).standard_normal(4 * RATE)).astype(np.float32)


def apply(name, samples=NOISE, rate=RATE, **settings):
    return Augmentation(transforms=(name,), **settings).apply(samples, rate, np.random.default_rng(0))


def response_db(name, frequency, rate=RATE, **settings):
    """Gain of a transform at one frequency, from the steady part of a tone."""
    tone = (0.5 * np.sin(2 * np.pi * frequency * np.arange(2 * rate) / rate)).astype(np.float32)
    out = apply(name, tone, rate, **settings)
    return 20 * np.log10(np.std(out[rate:]) / np.std(tone[rate:]))


def test_gain_is_five_decibels():
    np.testing.assert_allclose(apply("gain"), NOISE * 10 ** (5 / 20), rtol=1e-6)
    np.testing.assert_allclose(apply("gain", gain_db=-20.0), NOISE / 10, rtol=1e-6)


def test_normalise_brings_the_peak_to_full_scale():
    out = apply("normalise")
    assert np.abs(out).max() == pytest.approx(1.0)
    np.testing.assert_allclose(out, NOISE / np.abs(NOISE).max(), rtol=1e-6)
    assert not apply("normalise", np.zeros(100, np.float32)).any()


@pytest.mark.parametrize("rolloff", [6, 12, 24])
def test_low_pass(rolloff):
    assert response_db("low_pass", 300, rolloff_db=rolloff) == pytest.approx(-3.0, abs=0.2)
    assert response_db("low_pass", 50, rolloff_db=rolloff) == pytest.approx(0.0, abs=0.3)
    octave = response_db("low_pass", 1_200, rolloff_db=rolloff) - response_db("low_pass", 2_400, rolloff_db=rolloff)
    assert octave == pytest.approx(rolloff, rel=0.15)


@pytest.mark.parametrize("rolloff", [6, 12, 24])
def test_high_pass(rolloff):
    assert response_db("high_pass", 3_000, rolloff_db=rolloff) == pytest.approx(-3.0, abs=0.2)
    assert response_db("high_pass", 7_500, rolloff_db=rolloff) == pytest.approx(0.0, abs=0.3)
    octave = response_db("high_pass", 800, rolloff_db=rolloff) - response_db("high_pass", 400, rolloff_db=rolloff)
    assert octave == pytest.approx(rolloff, rel=0.15)


def test_the_generator_alone_decides():
    """Same state, same bits, whatever the global generators hold; and all four transforms come up."""
    drawn = set()
    for seed in range(40):
        outs = []
        for noise in (1, 2):
            random.seed(noise)
            np.random.seed(noise)
            outs.append(Augmentation().apply(NOISE, RATE, np.random.default_rng(seed)))
        np.testing.assert_array_equal(*outs)
        drawn.add(outs[0].tobytes())
    singles = {apply(name).tobytes() for name in ("gain", "normalise", "low_pass", "high_pass")}
    assert drawn == singles
    assert len(singles) == 4


def test_draws_are_uniform():
    rng, short = np.random.default_rng(5), NOISE[:64]
    singles = {name: apply(name, short).tobytes() for name in ("gain", "normalise", "low_pass", "high_pass")}
    outs = [Augmentation().apply(short, RATE, rng).tobytes() for _ in range(400)]
    for name, single in singles.items():
        assert 70 <= outs.count(single) <= 130, name  # 100 expected, sd 8.7


@pytest.mark.parametrize("name", ["gain", "normalise", "low_pass", "high_pass"])
def test_global_generators_and_input_are_left_alone(name):
    random.seed(7)
    np.random.seed(7)
    python, legacy, before = random.getstate(), np.random.get_state(), NOISE.copy()
    out = apply(name)
    assert random.getstate() == python
    after = np.random.get_state()
    assert after[2] == legacy[2]
    np.testing.assert_array_equal(after[1], legacy[1])
    np.testing.assert_array_equal(NOISE, before)
    assert not np.shares_memory(out, NOISE)
    assert (out.dtype, out.shape) == (np.float32, NOISE.shape)


def test_global_generators_are_restored_after_an_error(monkeypatch):
    import audiomentations

    def explode(self, samples, sample_rate):
        random.random()
        np.random.random()
        raise RuntimeError("inside")

    monkeypatch.setattr(audiomentations.Gain, "apply", explode)
    python, legacy = random.getstate(), np.random.get_state()
    with pytest.raises(RuntimeError, match="inside"):
        apply("gain")
    assert random.getstate() == python
    np.testing.assert_array_equal(np.random.get_state()[1], legacy[1])
    assert np.random.get_state()[2] == legacy[2]


def test_a_real_heart_sound(shared):
    """At the recording's own 4 kHz a 3 kHz high-pass cannot exist; at 16 kHz all four can."""
    path = real_files(shared, CIRCOR, "*.wav", 1)[0]
    native, upsampled = read(path), read(path, sampling_rate=RATE)
    with pytest.raises(ConfigurationError, match=r'high_pass at 3000 Hz.*4000 Hz.*drop "high_pass"'):
        Augmentation().apply(native.array, native.sampling_rate, np.random.default_rng(0))
    for seed in range(8):
        out = Augmentation().apply(upsampled.array, RATE, np.random.default_rng(seed))
        assert np.isfinite(out).all()
        assert not np.array_equal(out, upsampled.array)


@pytest.mark.parametrize("seed", range(6))
def test_an_impossible_filter_is_refused_whatever_is_drawn(seed):
    with pytest.raises(ConfigurationError, match="high_pass"):
        Augmentation().apply(NOISE, 6_000, np.random.default_rng(seed))  # exactly at half the rate
    Augmentation(transforms=("gain", "normalise", "low_pass")).apply(NOISE, 6_000, np.random.default_rng(seed))


def test_check_names_the_transform_to_drop():
    with pytest.raises(ConfigurationError, match='drop "low_pass"'):
        Augmentation(transforms=("low_pass",)).check(600)
    Augmentation(transforms=("low_pass",)).check(601)
    Augmentation().check(6_001)


def test_json_round_trip():
    augmentation = Augmentation(gain_db=3.0, transforms=("gain", "low_pass"))
    again = Augmentation.from_dict(json.loads(json.dumps(augmentation.to_dict())))
    assert again == augmentation
    assert hash(again) == hash(augmentation)


@pytest.mark.parametrize(
    "values",
    [
        {"gain": 5.0},
        {"transforms": []},
        {"transforms": ["gain", "gain"]},
        {"transforms": ["reverb"]},
        {"rolloff_db": 10},
        {"rolloff_db": 0},
        {"low_pass_hz": 0},
        {"high_pass_hz": float("nan")},
        {"gain_db": float("inf")},
    ],
)
def test_impossible_settings_are_refused(values):
    with pytest.raises(ConfigurationError, match="Augmentation"):
        Augmentation.from_dict(values)


def test_bad_samples_are_named():
    with pytest.raises(EmptyAudioError):
        apply("gain", np.zeros(0, np.float32))
    with pytest.raises(NonFiniteAudioError):
        apply("gain", np.array([np.nan], np.float32))


@pytest.mark.parametrize(
    ("name", "decibels"), [("low_pass", (-2.7, -9.5, -15.1, -21.0)), ("high_pass", (-20.8, -11.6, -6.8, -3.6))]
)
def test_published_filters_are_those_of_the_release_at_16_khz(name, decibels):
    """First order, made for 44.1 kHz because nobody says 16: -3 dB at 107 and 1,459 Hz."""
    published = Augmentation.published()
    time = np.arange(4 * RATE) / RATE

    def gain(frequency):
        tone = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        out = published.apply_one(name, tone, RATE, np.random.default_rng(0))
        return 20 * np.log10(np.std(out[RATE:]) / np.std(tone[RATE:]))

    for frequency, expected in zip((100, 300, 600, 1_200), decibels, strict=True):
        assert gain(frequency) == pytest.approx(expected, abs=0.2)
    assert gain(107 if name == "low_pass" else 1_459) == pytest.approx(-3.0, abs=0.2)
    assert published.transforms == ("gain", "normalise", "low_pass", "high_pass")
    assert published.gain_db == 5.0


def test_noise_has_the_level_that_is_asked_for():
    noise = apply("noise", noise_db=20.0) - NOISE
    assert 20 * np.log10(np.std(NOISE) / np.std(noise)) == pytest.approx(20.0, abs=0.1)
    assert not apply("noise", np.zeros(100, np.float32)).any()
