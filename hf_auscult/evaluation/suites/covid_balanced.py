"""COVID-19 from coughs, people balanced over age and sex, within and across datasets (arXiv 2511.14939)."""

from __future__ import annotations

from ..task import BenchmarkTask

SETS = {
    "coswara": ("Coswara", "covid"),
    "coughvid": ("CoughVID", "covid"),
    "covid19_cough": ("COVID-19-cough", "covid"),
}
METRICS = ("auroc", "f1", "precision", "recall")


def _within(dataset: str, *, balanced: bool) -> BenchmarkTask:
    name, config = SETS[dataset]
    number = name if balanced else f"{name} unbalanced"
    return BenchmarkTask(
        *("covid_balanced", number, number, dataset, config, METRICS),
        sound="cough",
        balanced=balanced,
        scaling=True,
    )


def _across(train: str, test: str) -> BenchmarkTask:
    number = f"{SETS[train][0]} to {SETS[test][0]}"
    return BenchmarkTask(
        *("covid_balanced", number, number, test, SETS[test][1], METRICS),
        sound="cough",
        trained_on=train,
        balanced=True,
    )


COVID_BALANCED: tuple[BenchmarkTask, ...] = (
    *(_within(name, balanced=True) for name in SETS),
    *(_within(name, balanced=False) for name in SETS),
    *(_across(train, test) for train in SETS for test in SETS if train != test),
)
"""The report's two datasets, and a third that it did not have (clinic-made recordings, labels by PCR)."""
