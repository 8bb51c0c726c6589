"""How often the intervals over people hold the truth, by simulation.

    python -m tests.metrics.coverage_simulation --figure auroc difference --simulations 2000

People are drawn at random with the prevalence given (``--labels fixed``: with its exact share of people); their scores
are normal with a correlation of .5 between recordings of one person. A cell counts the intervals that were given; where
a rule refuses one ("2 people of the rarer class"), the share given says so. Wanted: .93 to .98, more for the exact
intervals of shares.

Lowest and highest coverage over the settings in which at least a tenth of the samples got an interval (labels drawn at
random; the number of simulations a cell as stated, so that one of 1,000 is known to .014 and one of 400 to .022):

=============  ===========  ================  ================  ================  ===============================
figure         simulations  12 people         20 people         65 people         250 people
=============  ===========  ================  ================  ================  ===============================
AUROC          1,000        .942 to .983      .940 to .975      .942 to .977      .927 to .959
difference     400          none              none              .926 to .981      .937 to .973
macro-F1       400          none              .954 to .992      .939 to .979      not run
sensitivity    700          .986 to 1.000     .966 to 1.000     .963 to .997      .949 to .991
MAE            1,000        .957 to .968      .952 to .956      .941 to .947      .950 to .954
recall at k    300          .980 to 1.000     .963 to 1.000     .963 to .980      not run
=============  ===========  ================  ================  ================  ===============================

Differences need 12 people of the rarer class, macro-F1 20 people with 5 of every class; the table's "none" are refused.
Recall at k of 65 people was run with one recording a person only.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np

from hf_auscult.errors import DataError
from hf_auscult.metrics import (
    Interval,
    auroc,
    bidirectional_retrieval,
    macro_f1,
    mae,
    paired_difference,
    person_interval,
    retrieval_intervals,
    sensitivity,
)
from hf_auscult.metrics.tables import Table

PEOPLE, RECORDINGS, PREVALENCES, AUROCS = (12, 20, 65, 250), (1, 4), (0.1, 0.25, 0.5), (0.7, 0.85, 0.95)
WITHIN = 0.5  # correlation of the recordings of one person


@dataclass(frozen=True)
class Cell:
    """One setting: how often the interval holds the truth, how often there is one, and how long it is."""

    setting: dict[str, Any]
    coverage: float
    given: float
    length: float


Draw = Callable[[np.random.Generator], Interval]


def cells(figure: str, labels: str = "random") -> Iterator[tuple[dict[str, Any], Callable[[], float], Draw]]:
    """Settings of a figure, how to find its true value, and how to simulate one interval."""
    yield from {
        "auroc": _auroc,
        "difference": _difference,
        "macro_f1": _macro_f1,
        "sensitivity": _sensitivity,
        "mae": _mae,
        "recall": _recall,
    }[figure](labels)


FIGURES = ("auroc", "difference", "macro_f1", "sensitivity", "mae", "recall")


def measure(setting: dict[str, Any], truth: Callable[[], float], draw: Draw, simulations: int, seed: int = 0) -> Cell:
    """Simulate one cell."""
    rng = np.random.default_rng([seed, *map(ord, str(sorted(setting.items())))])
    hits, lengths, value = 0, [], truth()
    for _ in range(simulations):
        try:
            found = draw(rng)
        except DataError:  # one class only, say: no figure
            continue
        if found.low is not None and found.high is not None:
            hits += found.low <= value <= found.high
            lengths.append(found.high - found.low)
    given = len(lengths) / simulations
    return Cell(setting, hits / len(lengths) if lengths else math.nan, given, float(np.mean(lengths or [math.nan])))


def _noise(rng: np.random.Generator, people: int, recordings: int, columns: int = 1) -> np.ndarray:
    """(people * recordings, columns) of variance 1."""
    own = rng.standard_normal((people * recordings, columns))
    if recordings == 1:
        return own
    shared = np.repeat(rng.standard_normal((people, columns)), recordings, axis=0)
    return math.sqrt(WITHIN) * shared + math.sqrt(1 - WITHIN) * own


def _classes(rng: np.random.Generator, people: int, shares: tuple[float, ...], labels: str) -> np.ndarray:
    """(people,) class numbers."""
    if labels == "random":
        return rng.choice(len(shares), people, p=shares)
    counts = [max(1, round(people * share)) for share in shares[1:]]
    return np.repeat(np.arange(len(shares)), [people - sum(counts), *counts])


def _grid(**axes: Any) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _auroc(labels: str) -> Iterator[tuple[dict[str, Any], Callable[[], float], Draw]]:
    for s in _grid(people=PEOPLE, recordings=RECORDINGS, auroc=AUROCS, prevalence=PREVALENCES):
        n, r, who = s["people"], s["recordings"], np.repeat(np.arange(s["people"]), s["recordings"])
        shift = math.sqrt(2) * NormalDist().inv_cdf(s["auroc"])

        def draw(rng: Any, n: int = n, r: int = r, who: Any = who, s: Any = s, shift: float = shift) -> Interval:
            y = _classes(rng, n, (1 - s["prevalence"], s["prevalence"]), labels)[who]
            return person_interval(auroc, y, shift * y + _noise(rng, n, r)[:, 0], subjects=who)

        yield s, partial(float, s["auroc"]), draw


def _difference(labels: str) -> Iterator[tuple[dict[str, Any], Callable[[], float], Draw]]:
    """Two equally good systems whose scores correlate by .5 within a class, and .7 against a better one."""
    for s in _grid(people=PEOPLE, recordings=RECORDINGS, better=AUROCS, worse=(None, 0.7), prevalence=PREVALENCES):
        worse = s["worse"] or s["better"]
        if s["worse"] == s["better"]:
            continue
        n, r, who = s["people"], s["recordings"], np.repeat(np.arange(s["people"]), s["recordings"])
        shifts = [math.sqrt(2) * NormalDist().inv_cdf(value) for value in (s["better"], worse)]

        def draw(rng: Any, n: int = n, r: int = r, who: Any = who, s: Any = s, shifts: Any = shifts) -> Interval:
            y = _classes(rng, n, (1 - s["prevalence"], s["prevalence"]), labels)[who]
            noise = _noise(rng, n, r, 3)
            a, b = (shifts[k] * y + math.sqrt(0.5) * (noise[:, 2] + noise[:, k]) for k in (0, 1))
            return paired_difference(auroc, a, b, labels=y, subjects=who)

        yield s, partial(float, s["better"] - worse), draw


def _macro_f1(labels: str) -> Iterator[tuple[dict[str, Any], Callable[[], float], Draw]]:
    """Three classes (the rarest with the prevalence) or two; decisions by the largest of noisy scores."""
    shares = ((0.34, 0.33, 0.33), (0.5, 0.25, 0.25), (0.65, 0.25, 0.1), (0.5, 0.5), (0.75, 0.25), (0.9, 0.1))
    for s in _grid(people=PEOPLE, recordings=RECORDINGS, shares=shares, separation=(1.0, 2.0)):
        n, r, who = s["people"], s["recordings"], np.repeat(np.arange(s["people"]), s["recordings"])
        c = len(s["shares"])

        def decide(rng: Any, y: Any, n: int, r: int, s: Any = s, c: int = c) -> np.ndarray:
            scores: np.ndarray = s["separation"] * np.eye(c)[y] + _noise(rng, n, r, c)
            return scores.argmax(axis=1)

        def truth(s: Any = s, decide: Any = decide) -> float:
            big = np.random.default_rng(0)
            many = _classes(big, 400_000, s["shares"], "fixed")
            return macro_f1(many, decide(big, many, 400_000, 1))

        def draw(rng: Any, n: int = n, r: int = r, who: Any = who, s: Any = s, decide: Any = decide) -> Interval:
            y = _classes(rng, n, s["shares"], labels)[who]
            figure = partial(macro_f1, labels=range(len(s["shares"])))
            return person_interval(figure, y, decide(rng, y, n, r), subjects=who)

        yield s, truth, draw


def _hits(rng: np.random.Generator, people: int, recordings: int, share: float) -> np.ndarray:
    """(people * recordings,) 0/1 with the share and the correlation within people."""
    common = np.repeat(rng.random(people) < share, recordings)
    own = rng.random(people * recordings) < share
    together = rng.random(people * recordings) < math.sqrt(WITHIN)
    return np.where(together if recordings > 1 else False, common, own).astype(int)


def _sensitivity(labels: str) -> Iterator[tuple[dict[str, Any], Callable[[], float], Draw]]:
    for s in _grid(people=PEOPLE, recordings=RECORDINGS, sensitivity=(0.5, 0.8, 0.95), prevalence=PREVALENCES):
        n, r, who = s["people"], s["recordings"], np.repeat(np.arange(s["people"]), s["recordings"])

        def draw(rng: Any, n: int = n, r: int = r, who: Any = who, s: Any = s) -> Interval:
            y = _classes(rng, n, (1 - s["prevalence"], s["prevalence"]), labels)[who]
            return person_interval(sensitivity, y, y * _hits(rng, n, r, s["sensitivity"]), subjects=who)

        yield s, partial(float, s["sensitivity"]), draw


def _mae(labels: str) -> Iterator[tuple[dict[str, Any], Callable[[], float], Draw]]:
    del labels  # there are none
    for s in _grid(people=PEOPLE, recordings=RECORDINGS):
        n, r, who = s["people"], s["recordings"], np.repeat(np.arange(s["people"]), s["recordings"])

        def draw(rng: Any, n: int = n, r: int = r, who: Any = who) -> Interval:
            return person_interval(mae, np.zeros(n * r), _noise(rng, n, r)[:, 0], subjects=who)

        yield s, partial(float, math.sqrt(2 / math.pi)), draw


def _recall(labels: str) -> Iterator[tuple[dict[str, Any], Callable[[], float], Draw]]:
    """Reports found by their recordings; the truth is the mean over 2,000 galleries of as many people."""
    del labels
    for s in _grid(people=PEOPLE, recordings=RECORDINGS, k=(1, 5), noise=(0.5, 1.0)):
        n, r, who = s["people"], s["recordings"], np.repeat(np.arange(s["people"]), s["recordings"])

        def found(rng: Any, n: int = n, r: int = r, s: Any = s) -> Any:
            text = rng.standard_normal((n * r, 8))
            return bidirectional_retrieval(
                text + s["noise"] * math.sqrt(8) / 2 * _noise(rng, n, r, 8), text, ks=(s["k"],)
            )

        name = f"R@{s['k']}"

        def truth(found: Any = found, name: str = name, galleries: int = 2000 if n * r < 400 else 200) -> float:
            big = np.random.default_rng(1)
            return float(np.mean([found(big).audio_to_text[name] for _ in range(galleries)]))

        def draw(rng: Any, who: Any = who, found: Any = found, name: str = name) -> Interval:
            return retrieval_intervals(found(rng), who)["audio_to_text"][name]

        yield s, truth, draw


def main() -> None:
    """Print the cells of some figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--figure", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--labels", choices=("random", "fixed"), default="random")
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for figure in options.figure:
        found = [measure(*cell, options.simulations, options.seed) for cell in cells(figure, options.labels)]
        rows = [[*map(str, c.setting.values()), c.coverage, c.given, c.length] for c in found]
        print(f"\n{figure}, {options.labels} labels, {options.simulations} simulations a cell\n")
        print(Table([*found[0].setting, "coverage", "given", "mean length"], rows).text(), flush=True)


if __name__ == "__main__":
    main()
