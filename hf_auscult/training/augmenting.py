"""What augmentation does to a model's input: a transform that does nothing there is refused."""

from __future__ import annotations

import numpy as np

from ..errors import ConfigurationError
from ..features import WindowedFeatureExtractor
from .dataset import AlignmentDataset

# Mean absolute difference of an input whose values are of the order of 1: below it, training sees the same input.
SMALLEST_CHANGE = 1e-3
RECORDINGS = 4  # of each group


def input_changes(dataset: AlignmentDataset, extractor: WindowedFeatureExtractor) -> dict[tuple[str, str], float]:
    """Return how far each transform moves the model's input: (group, transform) -> mean absolute difference."""
    changes: dict[tuple[str, str], float] = {}
    for group in dict.fromkeys(example.group for example in dataset.examples):
        augmentation = dataset.augmentation_of(group)
        if augmentation is None:
            continue
        augmentation.check(dataset.sampling_rate)
        rng = np.random.default_rng(dataset.seed)
        own = [example for example in dataset.examples if example.group == group][:RECORDINGS]
        crops = np.stack([dataset.crop.apply(example.waveform, rng) for example in own])
        plain = extractor.window_features(crops)
        for name in augmentation.transforms:
            moved = np.stack([augmentation.apply_one(name, crop, dataset.sampling_rate, rng) for crop in crops])
            changes[group, name] = float(np.abs(extractor.window_features(moved) - plain).mean())
    return changes


def check_augmentation(dataset: AlignmentDataset, extractor: WindowedFeatureExtractor) -> None:
    """Refuse an augmentation of which a transform does not reach the model.

    Raises:
        ConfigurationError: naming the transform; encoders that scale images between their extremes see no level.
    """
    for (group, name), change in input_changes(dataset, extractor).items():
        if not change > SMALLEST_CHANGE:
            raise ConfigurationError(
                f"{name} changes the model's input by {change:.1e} on average",
                where=f"augmentation of {group or 'the recordings'}",
                remedy=f"leave {name} out of transforms, or use augmentation: organ",
            )
