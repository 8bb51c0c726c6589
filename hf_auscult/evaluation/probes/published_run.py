"""A published protocol on one fold after the other: validation cut, training, test, on one stream per seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from ...errors import ConfigurationError, DataError
from ...metrics.arrays import Floats, Integers
from .folds import Fold
from .published import PublishedProbe
from .published_training import open_loader, train_heads
from .target import Target


class PublishedRuns:
    """Runs of all seeds; folds share each seed's stream of random numbers, as in the scripts, which seed once."""

    def __init__(self, settings: PublishedProbe) -> None:
        self.settings = settings
        self.streams = [torch.Generator().manual_seed(seed) for seed in settings.seeds]

    def fit(self, x: Floats, goal: Target, fold: Fold) -> tuple[Floats, tuple[int, ...]]:
        """(seeds, tested rows, outputs) scores, and every seed's best epoch.

        Raises:
            ConfigurationError: neither validation rows nor a cut that makes some.
            DataError: too few rows for the cut.
        """
        train, held = self._sides(goal, fold)
        truth = _truth(goal)
        if self.settings.standardise:
            x = StandardScaler().fit(x[fold.train]).transform(x)
        with _one_thread():
            features = torch.from_numpy(x.astype(np.float32))
            heads = train_heads(
                features[train],
                truth[train],
                features[held],
                truth[held],
                self.settings,
                self.streams,
                max(1, len(goal.classes)),
            )
            for stream in self.streams:  # the script's test loader, opened before the next fold's head is made
                open_loader(stream, shuffled=self.settings.shuffled_validation)
            return heads.predict(features[fold.test]), heads.best_epoch

    def _sides(self, goal: Target, fold: Fold) -> tuple[Integers, Integers]:
        if self.settings.select == "test":
            return fold.train, fold.test
        if fold.validation is not None:
            return fold.train, fold.validation
        cut = self.settings.validation
        if cut is None:
            raise ConfigurationError(
                "this protocol compares epochs on validation rows and the split has none",
                where="split",
                remedy="mark some people as validation, or give the settings a validation cut",
            )
        strata = goal.table[fold.train].argmax(axis=1) if cut.stratify else None
        try:
            train, held = train_test_split(fold.train, test_size=cut.share, random_state=cut.seed, stratify=strata)
        except ValueError as error:
            raise DataError(f"the protocol's validation cut fails: {error}", where="train") from error
        return train, held


@contextmanager
def _one_thread() -> Iterator[None]:
    """Thousands of small steps: on busy cores, two threads that wait for each other took ten times as long as one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _truth(goal: Target) -> torch.Tensor:
    if goal.kind == "regression":
        return torch.from_numpy(goal.values.astype(np.float32))[:, None]
    if goal.kind == "multilabel":
        return torch.from_numpy(goal.table.astype(np.float32))
    return torch.from_numpy(goal.table.argmax(axis=1))
