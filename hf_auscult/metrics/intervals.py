"""Intervals over people, never over recordings: two recordings of one person are not two findings.

Which method a figure gets depends on its family; each was chosen by simulating its coverage
(``tests/metrics/coverage_simulation.py``, whose docstring has the table).

============  ==========================================  ==============================================================
family        statistics                                  interval
============  ==========================================  ==============================================================
``ranking``   ``auroc``, ``auroc_over_runs``              score interval, clustered DeLong variance shrunk to the
                                                          expected one; needs 2 people of the rarer class
``share``     ``accuracy``, ``sensitivity``,              Clopper-Pearson with the number of independent rows that
              ``specificity``, mean of hits               people's rows are worth
``score``     ``macro_f1``, ``micro_f1``                  score interval, jackknife variance over people, shrunk;
                                                          needs 25 people, 8 of every class
``error``     ``mae``, ``mape``, ``brier``, mean error    t on the logarithm of the figure, jackknife variance
``none``      ``ece``, ``debiased_ece``                   none: its bias depends on how far probabilities are off
others        any function of the rows                    percentile bootstrap over people, whose coverage is unknown
============  ==========================================  ==============================================================

Of a mean over runs (``auroc_over_runs``, scores of decisions, errors of several runs) the variance between runs is
added to that over people: the interval is one for other people and other runs, training seeds say.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..files import Serialisable
from .arrays import Floats, as_array, numbers, same_length
from .bounds import (
    effective_people,
    error_bounds,
    expected_worth,
    jackknife_variance,
    joined_degrees,
    ranking_variance,
    score_bounds,
    share_bounds,
    shrunk,
    t_bounds,
    t_p_value,
    variance_between,
)
from .calibration import brier, debiased_ece, ece
from .classification import Labels, accuracy, macro_f1, micro_f1, sensitivity, specificity
from .decisions import Average, DecisionScore, by_person, one_hot
from .placements import Placements, exchange_contributions, placements, placements_over_runs
from .ranking import auroc, auroc_draws, auroc_over_runs, auroc_over_runs_draws
from .regression import mae, mape
from .resampling import People
from .tables import estimate

Family = Literal["ranking", "share", "score", "error", "none", "bootstrap"]
Statistic = Callable[..., float]
_OfDraws = Callable[[NDArray[np.int32]], Floats]

FEWEST_PEOPLE = 4
FEWEST_RANKED = 2
"""People of the rarer class below which an AUROC has no interval."""
FEWEST_OF_CLASS, FEWEST_SCORED = 8, 25
"""People of the rarest class and of all classes below which a macro-averaged score has no interval. With 12 people it
takes so few values that any interval covers .90 here and 1 there; with 20, one recording each and a true F1 of .95 it
is .91. Six people of a class that has a tenth of all are found among 20 only where chance over-represents it, which
moves its F1 (coverage .63)."""
FEWEST_COMPARED = 12
"""People of the rarer class below which a difference of AUROCs has no interval: with fewer its coverage ranges from .85
to 1, because the difference takes few values. More are needed where people have unequal numbers of recordings."""
FLIPS = 4096
"""Random exchanges of two systems' scores where not all can be tried."""


def _f1_draws(
    average: Average,
    y: ArrayLike,
    predicted: ArrayLike,
    weights: NDArray[np.generic],
    owner: NDArray[np.int64],
    labels: Labels | None = None,
) -> Floats:
    names, codes = np.unique(np.concatenate([as_array(y), as_array(predicted)]), return_inverse=True)
    truth, decided = (one_hot(part, len(names)) for part in np.split(codes, 2))
    kept = np.flatnonzero(np.isin(names, names if labels is None else np.asarray(labels)))
    values = DecisionScore("f1", average, tuple(kept.tolist())).draws(truth, decided[:, None], weights, owner)
    # A class that is named and neither occurs nor is decided counts 0 in the mean.
    return values if labels is None or average == "micro" else values * (len(kept) / len(labels))


def mean_hits(hits: Floats) -> float:
    """Mean of hits in [0, 1], a statistic of the family ``share``."""
    return float(np.mean(hits))


def mean_error(errors: Floats) -> float:
    """Mean of errors that are not negative, (n,) or (n, runs), a statistic of the family ``error``."""
    return float(np.mean(errors))


# Statistics with a form that scores all draws at once; every other one is called once per draw.
_VECTORISED: dict[Statistic, Callable[..., Floats]] = {
    auroc: auroc_draws,
    auroc_over_runs: auroc_over_runs_draws,
    macro_f1: partial(_f1_draws, "macro"),
    micro_f1: partial(_f1_draws, "micro"),
}

# Errors that are means over rows: without a person they need no second look at the rows.
_ROW_ERRORS: dict[Statistic, Callable[..., Floats]] = {
    mae: lambda y, predicted: np.abs(y - predicted),
    mean_error: lambda errors: errors.reshape(len(errors), -1).mean(axis=1),
}

_FAMILIES: dict[Statistic, Family] = {
    auroc: "ranking",
    auroc_over_runs: "ranking",
    accuracy: "share",
    sensitivity: "share",
    specificity: "share",
    mean_hits: "share",
    macro_f1: "score",
    micro_f1: "score",
    mae: "error",
    mape: "error",
    brier: "error",
    mean_error: "error",
    ece: "none",
    debiased_ece: "none",
}


@dataclass(frozen=True)
class Interval(Serialisable):
    """A figure with its interval over people, or the reason why it has none.

    Attributes:
        value: the statistic on the data as they are.
        low: lower bound; None where no interval can be given.
        high: upper bound; None where no interval can be given.
        subjects: number of people behind it.
        positives: number of people with at least one positive row; None without 0/1 labels.
        draws: resamples the bounds rest on; 0 for the analytic methods.
        redrawn: further resamples in which the statistic was undefined and which were drawn again.
        level: coverage.
        p_value: two-sided p-value of "no difference"; only for differences.
        method: how the bounds were reached.
        reason: why there are none.

    Example:
        >>> str(Interval(0.7421, 0.609, 0.8551, subjects=58, positives=20))
        '.742 [.61, .86]'
        >>> str(Interval(1.0, None, None, subjects=5, positives=1, reason="1 positive person"))
        '1.000 (no interval)'
    """

    value: float
    low: float | None
    high: float | None
    subjects: int
    positives: int | None
    draws: int = 0
    redrawn: int = 0
    level: float = 0.95
    p_value: float | None = None
    method: str = ""
    reason: str | None = None

    def __str__(self) -> str:
        return estimate(self)

    def excludes(self, value: float) -> bool:
        """Whether there is an interval and the value lies outside of it."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


def person_interval(
    statistic: Statistic,
    *arrays: ArrayLike,
    subjects: ArrayLike,
    family: Family | None = None,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """A figure of recordings with its interval over people.

    Args:
        statistic: function of the arrays, row-aligned, returning a float; its family is known (see the module), is
            its attribute ``family``, or is given.
        *arrays: each with one row per recording; when there are several and the first holds 0/1 labels, it fills
            ``positives``.
        subjects: (n,) who was recorded.
        family: method for a statistic that is not known; "bootstrap" for the percentile bootstrap of any of them.
        draws: resamples of the bootstrap; the other methods need none.
        seed: of the bootstrap.
        level: coverage.

    Returns:
        The figure; where too few people carry a class, without bounds and with the reason.

    Raises:
        DataError: fewer than 4 people, missing subjects, unequal lengths, the statistic itself undefined on the data,
            or (bootstrap) undefined in more than half of the draws.

    Example:
        >>> print(person_interval(auroc, [0, 0, 0, 1, 1, 1], [1, 2, 5, 4, 6, 7], subjects=list("abcdef")))
        .889 [.40, .99]
    """
    people = _people(subjects, arrays)
    columns = [as_array(array) for array in arrays]
    value = float(statistic(*columns))
    kind = family or _family(statistic)
    whole = Interval(value, None, None, len(people), _positives(columns, people), level=level)
    if kind == "ranking":
        return _with_bounds(whole, *_ranking(_placed(statistic, columns, people), level))
    if kind == "share":
        hits, among = (np.bincount(people.owner, weights=rows).astype(np.float64) for rows in _hits(statistic, columns))
        between = _between(statistic, [columns], people, math.inf)
        low, high = share_bounds(hits, among, level, between[0])
        method = "Clopper-Pearson, effective number of recordings" + _and(between)
        return replace(whole, low=low, high=high, method=method)
    if kind == "score":
        return _with_bounds(whole, *_score(statistic, columns, people, value, level))
    if kind == "error":
        if value <= 0:
            return replace(whole, reason="an error of 0 has no spread")
        variance = jackknife_variance(_without_each(statistic, columns, people))
        between = _between(statistic, [columns], people, variance)
        low, high = error_bounds(value, variance, _effective(people), level, between)
        return replace(whole, low=low, high=high, method="t on the logarithm, jackknife over people" + _and(between))
    if kind == "none":
        return replace(whole, reason="no interval covers: its bias depends on how far the probabilities are off")
    values, redrawn = resample(_of_draws(statistic, columns, people), people, draws, seed)
    low, high = percentiles(values, level)
    return replace(whole, low=low, high=high, draws=draws, redrawn=redrawn, method="percentile bootstrap over people")


patient_bootstrap = person_interval
"""The name under which callers outside know :func:`person_interval`; most figures are no longer resampled."""


def paired_difference(
    statistic: Statistic,
    a: ArrayLike,
    b: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    subjects: ArrayLike,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Statistic of ``a`` minus that of ``b`` on the same recordings of the same people.

    AUROCs get the clustered variance of the difference with Welch's degrees of freedom, other known statistics a
    jackknife over people with t, unknown ones the percentile bootstrap. Where the people are too few for
    an interval (fewer than 12 of the rarer class, or less than one of them misplaced on average), or where nobody
    differs in variance, the p-value is that of exchanging the two systems' scores person by person.

    Args:
        statistic: called as ``statistic(labels, a)``, or ``statistic(a)`` without labels.
        a: scores (or per-row figures) of the first system.
        b: those of the second, same rows.
        labels: (n,) labels.
        subjects: as in :func:`person_interval`, like the rest.
        draws: resamples of the bootstrap.
        seed: of the bootstrap and of random exchanges.
        level: coverage.

    Returns:
        The interval of the difference, with its two-sided ``p_value``.

    Raises:
        DataError: as :func:`person_interval`.

    Example:
        >>> y, who = [0, 0, 0, 1, 1, 1], list("abcdef")
        >>> paired_difference(auroc, [1, 2, 5, 4, 6, 7], [1, 2, 5, 4, 6, 7], labels=y, subjects=who).p_value
        1.0
    """
    shared = [] if labels is None else [as_array(labels)]
    first, second = as_array(a), as_array(b)
    people = _people(subjects, (*shared, first, second))
    systems = [[*shared, scores] for scores in (first, second)]
    kind, count, without, placed = _family(statistic), len(people), np.zeros(0), list[Placements]()
    if kind == "ranking":
        placed = [_placed(statistic, columns, people) for columns in systems]
        value = placed[0].value - placed[1].value
    else:
        value = float(statistic(*systems[0])) - float(statistic(*systems[1]))
    positives = _positives(systems[0], people) if shared else None
    whole = Interval(value, None, None, len(people), positives, level=level)
    reason: str | None = None
    if kind == "bootstrap":
        first_of, second_of = (_of_draws(statistic, columns, people) for columns in systems)
        values, redrawn = resample(lambda weights: first_of(weights) - second_of(weights), people, draws, seed)
        low, high = percentiles(values, level)
        tail = min(int((values <= 0).sum()), int((values >= 0).sum()))
        p_value = min(1.0, 2 * (1 + tail) / (draws + 1))
        method = "percentile bootstrap over people"
        return replace(whole, low=low, high=high, draws=draws, redrawn=redrawn, p_value=p_value, method=method)
    if kind == "ranking":
        gap = placed[0].minus(placed[1])
        between = gap.between_runs
        variance, degrees = gap.variance, gap.degrees
        method = "clustered DeLong, Welch's t"
        misplaced = (1 - (placed[0].value + placed[1].value) / 2) * gap.rarer
        needed = _needed(FEWEST_COMPARED, people)
        if gap.rarer < needed:
            reason = f"{_count(gap.rarer)} of the rarer class, fewer than {needed}"
        elif misplaced < 1:
            reason = "both systems place practically everybody of the rarer class rightly"
    else:
        left = [_without_each(statistic, columns, people) for columns in systems]
        without = left[0] - left[1]
        variance, degrees = jackknife_variance(without), _effective(people) - 1
        method, between = "jackknife over people, t", _between(statistic, systems, people, variance)
    method += _and(between)
    degrees = joined_degrees((variance, degrees), between)
    variance += between[0]
    if variance <= 1e-14:
        reason = reason or "nobody's recordings tell the two systems apart"
    if reason is not None:
        if kind == "ranking":
            one, other = (np.asarray(scores, dtype=np.float64) for scores in (first, second))
            runs = _function(statistic) is auroc_over_runs
            contributions = exchange_contributions(shared[0], one, other, people.owner, runs=runs)
        else:
            contributions = value - (count - 1) / count * without  # pseudo-values over the number of people
        p_value = _exchange_p_value(contributions, seed)
        return replace(whole, reason=reason, p_value=p_value, method="exchange of the systems, person by person")
    low, high = t_bounds(value, variance, degrees, level)
    return replace(whole, low=low, high=high, p_value=t_p_value(value, variance, degrees), method=method)


def independent_difference(a: Interval, b: Interval) -> Interval:
    """Figure of some people minus that of others, from the two intervals (MOVER: Zou & Donner 2008).

    The p-value takes each interval's length for its standard error.

    Raises:
        DataError: one of them has no bounds.

    Example:
        >>> print(independent_difference(Interval(0.8, 0.7, 0.9, 50, 20), Interval(0.6, 0.5, 0.7, 50, 20)))
        .200 [.06, .34]
    """
    from scipy.stats import norm

    if a.low is None or a.high is None or b.low is None or b.high is None:
        raise DataError("a difference of figures needs the interval of both", where=a.reason or b.reason)
    value = a.value - b.value
    low = value - float(np.hypot(a.value - a.low, b.high - b.value))
    high = value + float(np.hypot(a.high - a.value, b.value - b.low))
    error = float(np.hypot(a.high - a.low, b.high - b.low)) / (2 * norm.ppf(0.5 + a.level / 2))
    p_value = float(2 * norm.sf(abs(value) / error)) if error > 0 else float(value == 0)
    positives = None if a.positives is None or b.positives is None else a.positives + b.positives
    people = a.subjects + b.subjects
    return Interval(value, low, high, people, positives, level=a.level, p_value=p_value, method="MOVER")


def _with_bounds(whole: Interval, bounds: tuple[float, float] | None, method: str, reason: str | None) -> Interval:
    if bounds is None:
        return replace(whole, reason=reason)
    return replace(whole, low=bounds[0], high=bounds[1], method=method)


def _count(people: int) -> str:
    return "1 person" if people == 1 else f"{people} people"


def _ranking(placed: Placements, level: float) -> tuple[tuple[float, float] | None, str, str | None]:
    if placed.rarer < FEWEST_RANKED:
        return None, "", f"{_count(placed.rarer)} of the rarer class, fewer than {FEWEST_RANKED}"

    def expected(value: float) -> float:
        return sum(ranking_variance(value, m, n) for m, n in placed.worth) / len(placed.worth)

    alone = expected(placed.value)
    observed = placed.variance / alone if alone > 0 and placed.variance > 0 else None
    ratio, between = shrunk(observed, min(placed.effective) - 1), placed.between_runs
    degrees = joined_degrees((ratio * alone, math.inf), between)
    bounds = score_bounds(placed.value, lambda value: ratio * expected(value) + between[0], level, degrees)
    return bounds, "score interval, clustered DeLong variance" + _and(between), None


def _score(
    statistic: Statistic, columns: list[NDArray[Any]], people: People, value: float, level: float
) -> tuple[tuple[float, float] | None, str, str | None]:
    truth, decided = columns[0], columns[1]
    if truth.ndim == 1:
        names = np.unique(np.concatenate([truth, decided]))
        named = getattr(statistic, "keywords", {}).get("labels")
        names = names if named is None else np.asarray(named)
        truth, scored = truth[:, None] == names, np.ones(len(names), dtype=np.bool_)
    else:
        scored = np.asarray(truth.any(axis=0) | decided.any(axis=(0, 1)))
    rows, total = by_person(truth[:, scored], people.owner, len(people)), len(people)
    if total < FEWEST_SCORED:
        return None, "", f"{total} people, fewer than {FEWEST_SCORED}"
    if rows.shape[1] < min(2, truth.shape[1]) or (len(scored) < 2 and columns[0].ndim == 1):
        return None, "", "only one class occurs"
    carried = int((rows > 0).sum(axis=0).min())
    needed = _needed(FEWEST_OF_CLASS, people)
    if carried < needed:
        return None, "", f"{_count(carried)} of the rarest class, fewer than {needed}"
    columns_of_rows = list(rows.T)
    spread = sum(1 / expected_worth(counts) for counts in columns_of_rows) / rows.shape[1] ** 2
    alone = value * (1 - value) * spread  # variance of a mean of independent shares, one a class
    variance = jackknife_variance(_without_each(statistic, columns, people))
    observed = variance / alone if alone > 1e-15 else None
    ratio = shrunk(observed or None, sum(map(effective_people, columns_of_rows)) - rows.shape[1])
    between = _between(statistic, [columns], people, variance)
    degrees = joined_degrees((ratio * alone, math.inf), between)
    bounds = score_bounds(value, lambda share: ratio * spread * share * (1 - share) + between[0], level, degrees)
    return bounds, "score interval, jackknife over people" + _and(between), None


def _needed(fewest: int, people: People) -> int:
    """People of the rarer class that an interval needs: more where people have unequal numbers of recordings.

    The whole set decides by how many. A rule about the rarer class's own recordings would give intervals to those
    samples alone in which it happens to be frequent, and they cover less.
    """
    return math.ceil(fewest * len(people) / _effective(people) - 1e-9)


def _effective(people: People) -> float:
    return effective_people(np.bincount(people.owner).astype(np.float64))


def _exchange_p_value(contributions: Floats, seed: int) -> float:
    """Share of the exchanges of two systems, person by person, whose difference is at least the observed one.

    Exchanging a person's scores turns the sign of what the person adds to the difference.
    """
    people, total = len(contributions), contributions.sum()
    every = 2**people <= FLIPS
    exchanged: NDArray[Any]
    if every:
        exchanged = (np.arange(2**people)[:, None] >> np.arange(people)) & 1
    else:
        drawn = np.random.default_rng(seed).bytes(FLIPS * math.ceil(people / 8))
        exchanged = np.unpackbits(np.frombuffer(drawn, np.uint8).reshape(FLIPS, -1), axis=1)[:, :people]
    as_large = int((np.abs(total - 2 * (exchanged @ contributions)) >= abs(total) - 1e-12).sum())
    return as_large / len(exchanged) if every else (1 + as_large) / (1 + FLIPS)


def _placed(statistic: Statistic, columns: list[NDArray[Any]], people: People) -> Placements:
    labels, scores = columns[0], numbers(columns[1], "scores", dimensions=(1, 2, 3))
    if _function(statistic) is not auroc_over_runs:
        return placements(labels, scores, people.owner)
    return placements_over_runs(labels, scores, people.owner, getattr(statistic, "keywords", {}).get("factors", ()))


def _function(statistic: Statistic) -> Statistic:
    function: Statistic = getattr(statistic, "func", statistic)
    return function


def _of_runs(statistic: Statistic, columns: list[NDArray[Any]]) -> list[list[NDArray[Any]]]:
    """The columns of each run, where the statistic is a mean over several."""
    if isinstance(statistic, DecisionScore):
        return [[columns[0], columns[1][:, [run]]] for run in range(columns[1].shape[1])]
    if statistic is mean_error and columns[0].ndim == 2:
        return [[run] for run in columns[0].T]
    return [columns]


def _between(
    statistic: Statistic, systems: list[list[NDArray[Any]]], people: People, variance: float
) -> tuple[float, float]:
    """Variance between the runs of a statistic, or of the difference of two systems, and its degrees of freedom."""
    runs = [_of_runs(statistic, columns) for columns in systems]
    count = max(map(len, runs))
    if count == 1:
        return 0.0, math.inf
    if any(1 < len(own) != count for own in runs):
        raise DataError(f"{' and '.join(str(len(own)) for own in runs)} runs cannot be compared", where="scores")
    values, variances = [], []
    for run in range(count):
        # One system, or the first minus the second.
        parts = [own[run % len(own)] for own in runs]
        figures = [float(statistic(*columns)) for columns in parts]
        without = [_without_each(statistic, columns, people) for columns in parts]
        values.append(figures[0] - sum(figures[1:]))
        variances.append(jackknife_variance(without[0] - sum(without[1:])))
    return variance_between(values, variances, variance)


def _and(between: tuple[float, float]) -> str:
    return ", and variance between runs" if between[0] > 0 else ""


def _hits(statistic: Statistic, columns: list[NDArray[Any]]) -> tuple[Floats, Floats]:
    """(n,) hits of each row and how much it counts."""
    own = getattr(statistic, "hits", None)
    if own is not None:
        hits, among = own(*columns)
        return np.asarray(hits, np.float64), np.asarray(among, np.float64)
    base = _function(statistic)
    positive = getattr(statistic, "keywords", {}).get("positive", 1)
    if base in (sensitivity, specificity):
        among = (columns[0] == positive) == (base is sensitivity)
        right = (columns[1] == positive) == (base is sensitivity)
        return np.asarray(right & among, np.float64), np.asarray(among, np.float64)
    hits = columns[0] == columns[1] if base is accuracy else columns[0]
    return np.asarray(hits, np.float64), np.ones(len(columns[0]))


def _family(statistic: Statistic) -> Family:
    own: Family | None = getattr(statistic, "family", None)
    return own or _FAMILIES.get(_function(statistic), "bootstrap")


def _people(subjects: ArrayLike, arrays: tuple[ArrayLike, ...]) -> People:
    people = People.of(subjects)
    same_length(subjects=people.owner, **{f"array {i}": as_array(array) for i, array in enumerate(arrays)})
    if len(people) < FEWEST_PEOPLE:
        raise DataError(
            f"{len(people)} people; an interval over people needs at least {FEWEST_PEOPLE}",
            where="subjects",
            remedy="report the figure without an interval, and the number of people beside it",
        )
    return people


def _without_each(statistic: Statistic, columns: list[NDArray[Any]], people: People) -> Floats:
    """(people,) the statistic without each of them.

    Raises:
        DataError: without one of them it is undefined.
    """
    errors = _ROW_ERRORS.get(statistic)
    if errors is not None:
        sums = np.bincount(people.owner, weights=errors(*map(np.float64, columns)))
        counts = np.bincount(people.owner)
        return np.asarray((sums.sum() - sums) / (counts.sum() - counts))
    values = _of_draws(statistic, columns, people)(1 - np.eye(len(people), dtype=np.int32))
    if not np.isfinite(values).all():
        who = people.names[int(np.argmin(np.isfinite(values)))]
        raise DataError("the statistic is undefined without this person", where=f"subject {who}")
    return values


def _of_draws(statistic: Statistic, columns: list[NDArray[Any]], people: People) -> _OfDraws:
    vectorised = _VECTORISED.get(_function(statistic)) or getattr(statistic, "draws", None)
    if vectorised is not None:
        vectorised = partial(vectorised, **getattr(statistic, "keywords", {}))
        return partial(_all_at_once, vectorised, columns, people)
    return partial(_one_by_one, statistic, columns, people)


def _all_at_once(
    vectorised: Callable[..., Floats], columns: list[NDArray[Any]], people: People, weights: NDArray[np.int32]
) -> Floats:
    return vectorised(*columns, weights, people.owner)


def _one_by_one(
    statistic: Statistic, columns: list[NDArray[Any]], people: People, weights: NDArray[np.int32]
) -> Floats:
    out = np.full(len(weights), np.nan)
    every = np.arange(len(people.owner))
    for draw, counts in enumerate(weights):
        rows = np.repeat(every, counts[people.owner])
        try:
            out[draw] = statistic(*(column[rows] for column in columns))
        except DataError:
            continue  # stays NaN: counted and drawn again by the caller
    return out


def resample(of_draws: _OfDraws, people: People, draws: int, seed: int) -> tuple[Floats, int]:
    """Values of ``draws`` resamples of people, (draws,) or (draws, ...), and how many undefined ones were redrawn.

    A draw with any entry that is not finite is undefined.
    """
    if draws < 1:
        raise DataError(f"{draws} draws; at least 1 is needed", where="draws")
    rng = np.random.default_rng(seed)
    kept: list[Floats] = []
    have = undefined = 0
    while have < draws:
        values = of_draws(people.draw(rng, draws - have))
        fine = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        kept.append(values[fine])
        have += int(fine.sum())
        undefined += int((~fine).sum())
        if undefined > have:
            raise DataError(
                f"the statistic is undefined in {undefined} of {undefined + have} resamples",
                where=f"{len(people)} people",
                remedy="too few people carry the rarer class; report counts",
            )
    return np.concatenate(kept), undefined


def percentiles(values: Floats, level: float) -> tuple[float, float]:
    """Bounds of the central share ``level`` of the draws."""
    if not 0 < level < 1:
        raise DataError(f"is {level}, expected between 0 and 1", where="level")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _positives(columns: list[NDArray[Any]], people: People) -> int | None:
    if len(columns) < 2:  # a single column of 0/1 hits is not a column of labels
        return None
    first = columns[0]
    if first.ndim != 1 or first.dtype.kind not in "biuf" or not np.isin(first, (0, 1)).all():
        return None
    return len(np.unique(people.owner[first == 1]))
