"""Band energies of real heart recordings through the whole probe: who is counted, and how unsure 11 people leave us."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile as sf

from hf_auscult.errors import LeakageError
from hf_auscult.evaluation.probe_evaluation import EvaluationSettings, evaluate_probe
from hf_auscult.metrics import auroc, person_interval


@pytest.fixture(scope="module")
def murmurs(shared):
    """Features, labels, file ids and people (two ids of one child are linked by "Additional ID")."""
    folder = shared / "data" / "circor-digiscope-1.0.3"
    features, labels, ids, people = [], [], [], []
    with (folder / "training_data.csv").open(newline="") as handle:
        children = [row for row in csv.DictReader(handle) if row["Murmur"] in ("Present", "Absent")]
    for child in children:
        name, other = child["Patient ID"], child["Additional ID"]
        for path in sorted((folder / "training_data").glob(f"{name}_*.wav")):
            samples, _ = sf.read(path, dtype="float32")
            frames = np.lib.stride_tricks.sliding_window_view(samples, 256)[::128] * np.hanning(256)
            bands = np.log(np.abs(np.fft.rfft(frames))[:, 1:65] ** 2 + 1e-8)
            features.append(np.concatenate([bands.mean(axis=0), bands.std(axis=0)]))
            labels.append(child["Murmur"])
            ids.append(name)
            people.append(name if other in ("", "nan") else min(name, other))
    return np.array(features), np.array(labels), np.array(ids), np.array(people)


def _split(people: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A fifth of the people tested, a fifth for validation, murmurs spread evenly."""
    has_murmur = {person: "Present" in labels[people == person] for person in np.unique(people)}
    order = sorted(has_murmur, key=lambda person: (has_murmur[person], person))
    names = ("train", "train", "validation", "test", "train")
    side = {person: names[position % 5] for position, person in enumerate(order)}
    return np.array([side[person] for person in people])


def test_people_are_counted_and_the_interval_admits_how_few_they_are(murmurs):
    features, labels, _, people = murmurs
    split = _split(people, labels)
    result = evaluate_probe(
        features, labels, people, split, EvaluationSettings(label_draws=3, bootstrap_draws=1000), positive="Present"
    )
    test = split == "test"
    assert result.counts["test"] == {
        "recordings": int(test.sum()),
        "people": len(np.unique(people[test])),
        "per_class": {name: int((labels[test] == name).sum()) for name in ("Absent", "Present")},
    }
    interval = result.headline.interval
    assert interval.subjects == len(np.unique(people[test])) < test.sum() / 3
    assert interval.high - interval.low > 0.3
    naive = person_interval(
        auroc, (labels[test] == "Present").astype(int), result.test_scores[1.0][:, 1], subjects=np.arange(test.sum())
    )
    assert naive.value == pytest.approx(interval.value)
    assert naive.high - naive.low < 0.85 * (interval.high - interval.low)


def test_a_child_with_two_ids_on_both_sides_is_refused(murmurs):
    features, labels, ids, people = murmurs
    linked = next(person for person in np.unique(people) if len(np.unique(ids[people == person])) == 2)
    first, second = np.unique(ids[people == linked])
    split = _split(ids, labels)
    settings = EvaluationSettings(fractions=(1.0,), bootstrap_draws=20)
    split[ids == first], split[ids == second] = "train", "test"
    evaluate_probe(features, labels, ids, split, settings, positive="Present")
    with pytest.raises(LeakageError, match="two splits"):
        evaluate_probe(features, labels, people, split, settings, positive="Present")
