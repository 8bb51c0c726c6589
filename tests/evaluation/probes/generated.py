"""Generated tables on which the original scripts were run; the figures in the tests are what they printed."""

from __future__ import annotations

import numpy as np


def two_classes(n, d, share, seed, shift):
    rng = np.random.default_rng(seed)
    y = (rng.permutation(n) < round(share * n)).astype(np.int64)
    x = rng.standard_normal((n, d)).astype(np.float32)
    x[:, :20] += np.float32(shift) * y[:, None].astype(np.float32)
    return x, y


def several_classes(n, d, c, seed, shift=0.5):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, c, n)
    x = rng.standard_normal((n, d)).astype(np.float32)
    x[np.arange(n), y] += np.float32(shift)
    x[np.arange(n), y + c] += np.float32(shift)
    return x, y


def values(n, d, seed, mean=3.0, sd=0.8):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d)).astype(np.float32)
    v = x[:, :10].sum(1) / 10**0.5
    return x, mean + sd * (0.7 * v + 0.7 * rng.standard_normal(n))
