"""AcuLa's 18 tasks (arXiv 2512.04847, Table III): nine of respiratory health, seven of lung function, two cardiac."""

from __future__ import annotations

from ..task import BenchmarkTask


def _health(number: str, title: str, dataset: str, config: str, sound: str, published: str) -> BenchmarkTask:
    return BenchmarkTask(
        *("acula18", number, title, dataset, config, ("auroc",), "respiratory", sound), published=published
    )


def _function(number: str, title: str, config: str, sound: str) -> BenchmarkTask:
    return BenchmarkTask(
        *("acula18", number, title, "mmlung", config, ("mae", "mape"), "lung function", sound, "value"),
        folds="subject",
        published="opera-mmlung",
        unit="" if "fvc_" in config and "fev1" in config else "l",
    )


def _cardiac(number: str, title: str, dataset: str, config: str) -> BenchmarkTask:
    return BenchmarkTask(
        *("acula18", number, title, dataset, config, ("auroc",), "cardiac", "heart"), published="opera"
    )


ACULA18: tuple[BenchmarkTask, ...] = (
    _health("T1", "COVID-19 (exhalation)", "uk_covid19", "covid_exhalation", "breath", "opera-coviduk"),
    _health("T2", "COVID-19 (cough)", "uk_covid19", "covid_cough", "cough", "opera-coviduk"),
    _health("T3", "COVID-19 (cough)", "coughvid", "covid", "cough", "opera-coughvid"),
    _health("T4", "Sex (cough)", "coughvid", "gender", "cough", "opera-coughvid"),
    _health("T5", "COPD (lung)", "icbhi", "copd", "lung", "opera-icbhidisease"),
    _health("T6", "Smoker (cough)", "coswara", "smoker", "cough", "opera-coswara"),
    _health("T7", "Sex (cough)", "coswara", "gender", "cough", "opera-coswara"),
    _health("T8", "Obstructive disease (lung)", "kauh", "obstructive", "lung", "opera-kauh"),
    _health("T9", "COPD severity (lung)", "resp_at_tr", "copd_severity", "lung", "opera-copd"),
    _function("T10", "FVC (breath)", "fvc_breath", "breath"),
    _function("T11", "FEV1 (breath)", "fev1_breath", "breath"),
    _function("T12", "FEV1/FVC (breath)", "fev1_fvc_breath", "breath"),
    _function("T13", "FVC (vowel)", "fvc_vowel", "voice"),
    _function("T14", "FEV1 (vowel)", "fev1_vowel", "voice"),
    _function("T15", "FEV1/FVC (vowel)", "fev1_fvc_vowel", "voice"),
    BenchmarkTask(
        *("acula18", "T16", "Respiratory rate", "nosemic", "respiratory_rate", ("mae", "mape"), "lung function"),
        sound="breath",
        target="value",
        folds="subject",
        published="opera-nosemic",
        unit="per minute",
    ),
    _cardiac("T17", "Murmur (heart)", "circor", "murmur_any"),
    _cardiac("T18", "Symptomatic (heart)", "zchsound", "symptomatic"),
)
