"""Images that live on the device are those that samples on disk give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hf_auscult.audio import Augmentation
from hf_auscult.errors import ConfigurationError
from hf_auscult.features import FRONT_ENDS
from hf_auscult.features.logmel import log_mel
from hf_auscult.training import AlignmentExample, AlignmentTrainer, CropPolicy
from hf_auscult.training.resident import ResidentCollator, ResidentDataset, ResidentImages, band_gains
from hf_auscult.training.spectrograms import Spectrograms, TrainingRecording
from tests import tiny
from tests.training.test_align import arguments

SPEC = FRONT_ENDS["heart"]
FRAMES = 64


def body_sound(seconds: float, seed: int) -> np.ndarray:
    """Noise whose spectrum falls from 50 Hz on, in beats."""
    samples = round(seconds * SPEC.sampling_rate)
    frequencies = np.fft.rfftfreq(samples, 1 / SPEC.sampling_rate)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    wave = np.fft.irfft(spectrum * np.where(frequencies > 20, 50 / np.maximum(frequencies, 50), 0), samples)
    wave = wave * (0.3 + np.sin(np.arange(samples) * 9 / SPEC.sampling_rate) ** 2)
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


@pytest.fixture(scope="module")
def waves() -> list[np.ndarray]:
    return [body_sound(4 + seed, seed) for seed in range(3)]


@pytest.fixture(scope="module")
def images(waves, tmp_path_factory) -> ResidentImages:
    recordings = [TrainingRecording(wave, "toy", str(row), "train", str(row)) for row, wave in enumerate(waves)]
    return ResidentImages(Spectrograms.write(tmp_path_factory.mktemp("resident") / "images", recordings, SPEC))


def from_samples(wave: np.ndarray, frame: int, change=lambda crop: crop) -> torch.Tensor:
    start = frame * SPEC.hop_length
    return log_mel(torch.from_numpy(change(wave[start : start + SPEC.samples(FRAMES)])[None]), SPEC)[0]


def place(images: ResidentImages, row: int, frame: int) -> float:
    """The value that starts a crop at a frame."""
    return (frame + 0.5) / float(images.lengths[row] - FRAMES + 1)


def test_crops_are_those_of_the_samples(images, waves):
    rows, frames = torch.tensor([0, 1, 2, 2]), [0, 17, 40, 101]
    places = torch.tensor([place(images, int(row), frame) for row, frame in zip(rows, frames, strict=True)])
    found = images.batch(rows, places, FRAMES)
    for row, frame, image in zip(rows.tolist(), frames, found, strict=True):
        difference = (image - from_samples(waves[row], frame)).abs()
        assert difference.mean() < 5e-3
        assert difference[3:-3].max() < 2e-3
    assert found.amin(dim=(1, 2)).tolist() == [0.0] * 4 and found.amax(dim=(1, 2)).tolist() == [1.0] * 4


@pytest.mark.parametrize("name", ["gain", "low_pass", "high_pass"])
@pytest.mark.parametrize("augmentation", [Augmentation.for_organ("heart"), Augmentation(design_rate=44_100)])
def test_filters_are_gains_of_bands(images, waves, name, augmentation):
    augmentation = Augmentation(
        low_pass_hz=augmentation.low_pass_hz,
        high_pass_hz=augmentation.high_pass_hz,
        design_rate=augmentation.design_rate,
        rolloff_db=6,
        transforms=(name,),
    )
    gains = torch.from_numpy(band_gains(augmentation, SPEC)[name]).float()
    found = images.batch(torch.tensor([1]), torch.tensor([place(images, 1, 30)]), FRAMES, gains[None])[0]
    rng = np.random.default_rng(0)
    expected = from_samples(waves[1], 30, lambda crop: augmentation.apply_one(name, crop, SPEC.sampling_rate, rng))
    plain = from_samples(waves[1], 30)
    assert (found - expected).abs().mean() < 2.5e-2
    if name != "gain":  # which the scaling takes back
        assert (found - expected).abs().mean() < 0.35 * (plain - expected).abs().mean()


def test_what_needs_samples_is_refused(images, waves):
    with pytest.raises(ConfigurationError, match="noise needs samples"):
        band_gains(Augmentation.for_organ("heart"), SPEC)
    assert images.nbytes == 2 * images.images.numel()
    examples = [AlignmentExample(wave) for wave in waves]
    with pytest.raises(ConfigurationError, match="not first and zero"):
        ResidentDataset(examples, images, CropPolicy(tiny.SAMPLES, "first", "zero"))
    with pytest.raises(ConfigurationError, match="3 images of 2 recordings"):
        ResidentDataset(examples[:2], images, CropPolicy(tiny.SAMPLES))


def test_short_recordings_repeat_themselves(images):
    frames = int(images.lengths[0])
    twice = images.batch(torch.tensor([0]), torch.tensor([0.0]), 2 * frames)[0]
    assert torch.equal(twice[:frames], twice[frames:])


def test_autocast_leaves_the_front_end_alone(waves):
    """bf16 would add up the bands to 3 digits."""
    for name in ("heart", "opera", "audiomae", "panns", "vggish"):
        wave = torch.from_numpy(np.tile(waves[0], 4))[None, :40_000]
        plain = log_mel(wave, FRONT_ENDS[name])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(log_mel(wave, FRONT_ENDS[name]), plain)


def test_alignment_trains_on_resident_images(images, waves, tmp_path):
    """The same trainer; crops and filters follow from seed, epoch and position."""
    vectors = np.random.default_rng(0).standard_normal((3, 1, 12)).astype(np.float32)
    examples = [AlignmentExample(wave, vectors[row], text_id=row) for row, wave in enumerate(waves)]
    filters = Augmentation(low_pass_hz=500.0, high_pass_hz=60.0, rolloff_db=6, transforms=("low_pass", "high_pass"))
    pairs = ResidentDataset(examples, images, CropPolicy(tiny.SAMPLES), noise_size=tiny.PATCHES, augmentation=filters)
    collator = ResidentCollator(tiny.EXTRACTOR, images, FRAMES)
    one, two = (collator([pairs[0, row] for row in range(3)])["input_features"] for _ in range(2))
    assert torch.equal(one, two) and one.shape == (3, FRAMES, SPEC.n_mels)
    assert not torch.equal(one, collator([pairs[1, row] for row in range(3)])["input_features"])
    args = arguments(tmp_path, max_steps=2, per_device_train_batch_size=3)
    run = AlignmentTrainer(tiny.model(), args, train_dataset=pairs, data_collator=collator)
    run.train()
    assert run.state.global_step == 2
    assert np.isfinite(run.state.log_history[0]["loss"])
