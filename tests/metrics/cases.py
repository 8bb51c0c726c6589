"""Two hundred random cases: few and many rows, heavy ties and none, rare and common positives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CASES = 200


def generators() -> Iterator[np.random.Generator]:
    for seed in range(CASES):
        yield np.random.default_rng(seed)


def binary_cases() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels of both kinds and probabilities; every third case is rounded to tenths, every ninth to halves."""
    for seed, rng in enumerate(generators()):
        n = int(rng.integers(4, 120))
        y = (rng.uniform(size=n) < rng.uniform(0.1, 0.9)).astype(int)
        y[:2] = 0, 1
        p = 1 / (1 + np.exp(-(rng.standard_normal(n) * 2 + rng.uniform(-1, 2) * y)))
        if seed % 9 == 0:
            p = np.round(p * 2) / 2
        elif seed % 3 == 0:
            p = np.round(p, 1)
        yield y, p


def class_cases() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Class numbers (some classes absent), decisions and probabilities that sum to 1; every third case has ties."""
    for seed, rng in enumerate(generators()):
        n, classes = int(rng.integers(2, 100)), int(rng.integers(2, 6))
        y = rng.integers(0, classes - (seed % 2) * (classes > 2), n)
        logits = rng.standard_normal((n, classes)) + np.eye(classes)[y]
        p = np.exp(np.round(logits) if seed % 3 == 0 else logits)
        yield y, rng.integers(0, classes, n), p / p.sum(axis=1, keepdims=True)
