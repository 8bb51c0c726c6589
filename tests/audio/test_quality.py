from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.audio import Waveform, assess, read, resample
from hf_auscult.errors import ChannelError, EmptyAudioError, NonFiniteAudioError, SamplingRateError

from .conftest import CIRCOR, MP3, SPRSOUND, real_files

RATE = 4_000


@pytest.fixture(scope="module")
def hearts(shared):
    return [read(path) for path in real_files(shared, CIRCOR, "*.wav", 25)]


def noise(seconds=4.0, rate=RATE, level=0.1, seed=0):
    return (level * np.random.default_rng(seed).standard_normal(int(seconds * rate))).astype(np.float32)


# Real recordings -------------------------------------------------------------------------------------------------


def test_real_heart_sounds_fill_their_band(hearts):
    for heart in hearts:
        quality = assess(heart)
        assert not quality.silent
        assert not quality.band_limited
        assert quality.occupied_hz > 0.9 * RATE / 2
        assert 0 < quality.bandwidth_hz <= quality.occupied_hz
        assert -60 < quality.loudness_dbfs < 0
    assert sum(not assess(heart).flags for heart in hearts) > 0.6 * len(hearts)


def test_upsampled_heart_sounds_are_found_out(hearts):
    for heart in hearts:
        upsampled = resample(heart.array, RATE, 16_000)
        pcm = np.round(upsampled / np.abs(upsampled).max() * 32_767).astype(np.int16)  # as a file would store it
        for form in (upsampled, pcm):
            quality = assess(form, 16_000)
            assert "band_limited" in quality.flags
            assert quality.occupied_hz == pytest.approx(2_000, abs=250)


def test_lung_sounds_hold_nothing_but_rounding_noise_above_two_kilohertz(shared):
    """SPRSound is distributed at 8 kHz; its stethoscope passes little above 1 kHz."""
    qualities = [assess(read(path)) for path in real_files(shared, SPRSOUND, "*.wav", 40)]
    assert np.mean([quality.band_limited for quality in qualities]) > 0.9
    assert 800 < np.median([quality.occupied_hz for quality in qualities]) < 2_000


def test_phone_recordings_end_where_the_codec_ends(shared):
    for path in real_files(shared, MP3, "*.mp3", 30):
        if path.stat().st_size == 261:  # broken upstream
            continue
        wave = read(path)
        assert assess(wave).occupied_hz < 17_500, path  # MP3's low-pass, or 4 kHz of telephony
        assert not assess(wave).silent


def test_damage_to_a_real_recording_is_measured(hearts):
    clean = next(heart.array for heart in hearts if not assess(heart).flags)
    sound = clean / np.abs(clean).max()
    loud = np.clip(8 * sound, -1, 1)
    assert assess(loud, RATE).clipping == pytest.approx(np.mean(np.abs(loud) >= 0.999), abs=1e-12)
    assert "clipping" in assess(loud, RATE).flags
    flat = 0.3 * loud  # clipped first, made quieter afterwards
    assert assess(flat, RATE).clipping == np.mean(np.abs(loud) == 1)
    shifted = assess(0.5 * sound + 0.25, RATE)
    assert shifted.dc_offset == pytest.approx(0.25 + 0.5 * sound.mean(), abs=1e-6)
    assert shifted.flags == ("dc_offset",)
    assert shifted.loudness_dbfs == pytest.approx(assess(0.5 * sound, RATE).loudness_dbfs, abs=1e-3)
    muted = np.concatenate([sound, np.zeros(2 * len(sound), np.float32)])
    assert assess(muted, RATE).silence_ratio == pytest.approx(2 / 3, abs=0.02)
    assert "mostly_silence" in assess(muted, RATE).flags


# Known answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.0, 1e-5, 0.5])
def test_silence_also_on_an_offset(level):
    quality = assess(np.full(RATE, level), RATE)
    assert quality.silent
    assert quality.silence_ratio == 1.0
    assert quality.loudness_dbfs == -120.0
    assert (quality.bandwidth_hz, quality.occupied_hz, quality.clipping) == (0.0, 0.0, 0.0)
    assert "silent" in quality.flags
    assert ("dc_offset" in quality.flags) == (level > 0.02)


@pytest.mark.parametrize(("level", "silent"), [(1.5e-4, False), (0.5e-4, True)])
def test_the_silence_threshold_is_minus_eighty(level, silent):
    assert assess(noise(level=level), RATE).silent == silent


def test_loudness_of_a_full_scale_sine():
    sine = np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)
    assert assess(0.9 * sine, RATE).loudness_dbfs == pytest.approx(20 * np.log10(0.9 / np.sqrt(2)), abs=1e-3)


@pytest.mark.parametrize("cutoff", [300, 800, 1_500])
def test_bandwidth_of_band_limited_noise(cutoff):
    spectrum = np.fft.rfft(noise(seconds=10))
    spectrum[np.fft.rfftfreq(10 * RATE, 1 / RATE) > cutoff] = 0
    quality = assess(np.fft.irfft(spectrum), RATE)
    assert quality.bandwidth_hz == pytest.approx(0.99 * cutoff, abs=32)
    assert quality.occupied_hz == pytest.approx(cutoff, abs=64)
    assert quality.band_limited == (cutoff < 0.55 * RATE / 2)


def test_white_noise_is_clean():
    quality = assess(noise(), RATE)
    assert quality.flags == ()
    assert quality.clipping == 0.0
    assert quality.occupied_hz == RATE / 2
    assert quality.silence_ratio == 0.0


@pytest.mark.parametrize("peak", [0.01, 0.02, 0.2, 0.99])
@pytest.mark.parametrize("frequency", [1, 5, 50, 333])
def test_a_coarsely_rounded_wave_is_not_clipped(peak, frequency):
    """A slow wave's tops are flat for many samples, but only because it is slow."""
    wave = np.round(peak * np.sin(2 * np.pi * frequency * np.arange(4 * RATE) / RATE + 0.3) * 32_768) / 32_768
    assert assess(wave, RATE).clipping == 0.0


@pytest.mark.parametrize("ceiling", [0.03, 0.5, 1.0])
def test_clipped_noise_is_clipped_at_any_level(ceiling):
    wave = np.clip(noise(level=ceiling / 2), -ceiling, ceiling)  # about 5 % lie beyond two standard deviations
    assert assess(wave, RATE).clipping == pytest.approx(0.0455, abs=0.005)
    assert assess(np.clip(wave, -1, 0.9 * ceiling), RATE).clipping > 0.04  # one side is enough


@pytest.mark.parametrize("n", [1, 2, 3, 50, 399])
def test_very_short_recordings_have_finite_figures(n):
    quality = assess(noise()[:n], RATE)
    figures = (quality.clipping, quality.bandwidth_hz, quality.loudness_dbfs, quality.silence_ratio)
    assert np.isfinite(figures).all()


def test_waveforms_and_arrays_agree():
    samples = noise()
    assert assess(Waveform(samples, RATE)) == assess(samples, RATE) == assess(Waveform(samples, RATE), RATE)


def test_bad_input_is_named():
    with pytest.raises(SamplingRateError):
        assess(noise())
    with pytest.raises(SamplingRateError, match=r"a\.wav: the waveform is at 4000 Hz, not 8000 Hz"):
        assess(Waveform(noise(), RATE, "a.wav"), 8_000)
    with pytest.raises(EmptyAudioError):
        assess([], RATE)
    with pytest.raises(NonFiniteAudioError):
        assess([0.0, np.nan], RATE)
    with pytest.raises(ChannelError):
        assess(np.zeros((2, 100)), RATE)
