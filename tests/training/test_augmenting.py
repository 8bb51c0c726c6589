"""Every transform reaches the model, or is refused; what the shipped configurations ask for does."""

from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.audio import Augmentation, WindowPolicy
from hf_auscult.audio.augment import ORGAN_BANDS
from hf_auscult.errors import ConfigurationError
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor
from hf_auscult.training import AlignmentDataset, AlignmentExample, CropPolicy
from hf_auscult.training.augmenting import SMALLEST_CHANGE, check_augmentation, input_changes


def pairs(front_end: str, augmentation: Augmentation) -> tuple[AlignmentDataset, AuscultFeatureExtractor]:
    """Sounds whose spectrum falls as a body's does: brown noise with bursts."""
    spec = FRONT_ENDS[front_end]
    samples = 3 * spec.sampling_rate
    extractor = AuscultFeatureExtractor(spec, WindowPolicy("sliding", samples=samples))
    rng = np.random.default_rng(0)
    examples = []
    for index in range(3):
        brown = np.cumsum(rng.standard_normal(samples))
        wave = np.diff(brown - np.linspace(0, brown[-1], samples), prepend=0) + 1e-2 * brown
        wave = wave * (0.2 + np.sin(np.arange(samples) * 9 / spec.sampling_rate) ** 2)
        examples.append(AlignmentExample((wave / np.abs(wave).max() / 2).astype(np.float32), group=f"set{index}"))
    data = AlignmentDataset(examples, CropPolicy(samples), sampling_rate=spec.sampling_rate, augmentation=augmentation)
    return data, extractor


# Front ends that end below an organ's band have no use for its filters, and are refused.
FITTING = [("heart", "heart"), ("heart", "lung"), ("lung", "lung"), ("breath", "lung")]
FITTING += [(organ, wide) for organ in ORGAN_BANDS for wide in ("opera", "audiomae", "panns")]


@pytest.mark.parametrize(("organ", "front_end"), FITTING)
def test_every_default_transform_changes_the_input(organ, front_end):
    changes = input_changes(*pairs(front_end, Augmentation.for_organ(organ)))
    assert {name for _, name in changes} == {"low_pass", "high_pass", "noise"}
    assert min(changes.values()) > SMALLEST_CHANGE, changes


@pytest.mark.parametrize("name", ["gain", "normalise"])
def test_a_level_that_the_image_forgets_is_refused(name):
    data, extractor = pairs("opera", Augmentation(transforms=("low_pass", name)))
    assert max(change for (_, which), change in input_changes(data, extractor).items() if which == name) < 1e-5
    with pytest.raises(ConfigurationError, match=f"{name} changes the model's input by"):
        check_augmentation(data, extractor)
    # PANNs' decibels are absolute: there the same transform is one.
    check_augmentation(*pairs("panns", Augmentation(transforms=(name,))))
