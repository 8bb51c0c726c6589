"""How a figure grows with the number of training people: the second open question of arXiv 2511.14939."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data.people import order
from ..errors import DataError
from ..metrics.intervals import Interval
from .examples import Examples
from .probe_run import probe
from .scoring import figures
from .task import BenchmarkTask

SHARES = (0.1, 0.25, 0.5, 1.0)


def scaling(
    spec: BenchmarkTask,
    encoded: Mapping[str, np.ndarray],
    examples: Examples,
    *,
    draws: int,
    seed: int,
    leaks: bool = False,
    shares: tuple[float, ...] = SHARES,
) -> dict[str, dict[int, Interval]]:
    """Model -> training people -> leading metric on the same test people, under the default probe.

    Smaller sets are parts of the larger ones; who is in them follows from the seed. A size at which the training people
    lack a class, or whose figure is undefined, is left out.
    """
    train = examples.split == "train"
    people = sorted({str(who) for who in examples.subjects[train]}, key=lambda who: order(who, seed))
    found: dict[str, dict[int, Interval]] = {name: {} for name in encoded}
    for share in shares:
        kept = people[: max(2, round(share * len(people)))]
        places = np.flatnonzero(~train | np.isin(examples.subjects, kept))
        part = examples.take(places)
        for name, rows in encoded.items():
            try:
                said = probe(spec, rows[places], part, "default", leaks=leaks).predictions
            except DataError:
                continue
            figure = figures(spec, said, draws=draws, seed=seed)[spec.metrics[0]]
            if figure.interval is not None:
                found[name][len(kept)] = figure.interval
    return {name: sizes for name, sizes in found.items() if sizes}
