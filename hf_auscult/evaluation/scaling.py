"""How a metric grows with the number of training people: the second open question of arXiv 2511.14939."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data.people import order
from ..errors import DataError
from ..metrics.intervals import Interval
from .estimates import Bootstrap
from .examples import Examples
from .predictions import estimates
from .probes import ProbeSettings
from .task import BenchmarkTask
from .task_probe import predictions_of, probe_task

SHARES = (0.1, 0.25, 0.5, 1.0)  # evenly spaced on a logarithmic axis, as far as few people allow


def scaling(
    spec: BenchmarkTask,
    encoded: Mapping[str, np.ndarray],
    examples: Examples,
    bootstrap: Bootstrap,
    *,
    leaks: bool = False,
    shares: tuple[float, ...] = SHARES,
) -> dict[str, dict[int, Interval]]:
    """Model -> training people -> leading metric on the same test people, under the default probe.

    Smaller sets are parts of the larger ones; who is in them follows from the seed. A size at which the training people
    lack a class, or whose metric is undefined, is left out.
    """
    train = examples.split == "train"
    people = sorted({str(who) for who in examples.subjects[train]}, key=lambda who: order(who, bootstrap.seed))
    found: dict[str, dict[int, Interval]] = {name: {} for name in encoded}
    for share in shares:
        kept = people[: max(2, round(share * len(people)))]
        rows = np.flatnonzero(~train | np.isin(examples.subjects, kept))
        part = examples.take(rows)
        for name, features in encoded.items():
            try:
                outcome = probe_task(spec, features[rows], part, ProbeSettings(), leaks=leaks)
            except DataError:
                continue
            predictions = predictions_of(part, outcome.test_rows, outcome.scores)
            leading = estimates(spec.metrics[:1], predictions, bootstrap)[spec.metrics[0]]
            if leading.interval is not None:
                found[name][len(kept)] = leading.interval
    return {name: sizes for name, sizes in found.items() if sizes}
