"""The referee: from prepare through corpus, bench, zero-shot and other datasets to audit, nobody stands on two sides.

It knows the true person of every recording from the file's name, and asks no code of the package who is whom.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from hf_auscult.data import SplitSpec, corpus_people, guards, splits
from hf_auscult.data import audit as audit_module
from hf_auscult.data.corpora import CorpusSpec, build_corpus
from hf_auscult.data.from_folder import from_folder
from hf_auscult.evaluation import examples as examples_module
from hf_auscult.evaluation import runner, task_probe
from hf_auscult.evaluation.task import BenchmarkTask
from hf_auscult.evaluation.zero_shot import run as zero_shot

RATE, SECONDS = 4_000, 4
LOCKED = {"one": {"P3"}, "two": {"20"}}
RESERVED = {3, 20}


def truth(recordings: Iterable[object]) -> set[int]:
    """The true people, from the files' names."""
    return {int(re.search(r"true(\d+)_", str(name))[1]) for name in recordings}


def ward(folder: Path, people: range, ids) -> Path:
    """Everybody twice: under another spelling of the id, or as a quieter copy under an id of somebody new."""
    folder.mkdir(parents=True)
    with (folder / "metadata.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["path", "subject_id", "label", "device"])
        for person in people:
            first = 0.1 * np.random.default_rng(person).standard_normal(SECONDS * RATE)
            quieter = person % 3 == 0
            second = first * 0.5 if quieter else 0.1 * np.random.default_rng(500 + person).standard_normal(len(first))
            for number, sound in enumerate((first, second)):
                name = f"true{person}_{number}.wav"
                # The other folder's copies are another file: louder by a third.
                soundfile.write(folder / name, sound * (1 if people.start == 0 else 1.3), RATE)
                table.writerow([name, ids(person, number, quieter), ("no", "yes")[person // 2 % 2], "ab"[person % 2]])
    return folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    """Two wards that share six people, who have other ids there."""
    for module in (guards, splits, corpus_people, examples_module, audit_module):
        locked = {name: frozenset(guards.known_as(person) for person in ids) for name, ids in LOCKED.items()}
        monkeypatch.setattr(module, "reserved_subjects", lambda name, locked=locked: locked.get(name, frozenset()))
    ward(tmp_path / "one", range(18), lambda p, n, new: f"x{p + 100}" if n and new else (f"P{p}", f" p-{p:03d}")[n])
    ward(tmp_path / "two", range(12, 26), lambda p, n, new: f"{p + 900}" if n and new else (f"{p}", f"0{p}.0")[n])
    return tmp_path


@pytest.fixture
def referee(monkeypatch):
    """Everything that is fitted in a benchmark, by true people."""
    seen: list[str] = []
    real = runner.probe_task

    def watch(spec, features, examples, settings, **options):
        for fold in task_probe._folds(spec, examples):
            rows = fold.train if fold.validation is None else np.concatenate([fold.train, fold.validation])
            fitted, tested = (truth(examples.rows[row]["recording_id"] for row in part) for part in (rows, fold.test))
            assert not fitted & tested and not fitted & RESERVED, f"{spec.key}: {fitted & tested} {fitted & RESERVED}"
            seen.append(spec.key)
        return real(spec, features, examples, settings, **options)

    monkeypatch.setattr(runner, "probe_task", watch)
    return seen


FAMILIES = {
    "subject": SplitSpec(fractions={"train": 0.5, "validation": 0.2, "test": 0.3}),
    "loso": SplitSpec("loso"),
    "leave_one_source_out": SplitSpec("leave_one_source_out", by="device"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_is_on_two_sides_and_nobody_reserved_is_fitted(root: Path, referee, family: str):
    for name in ("one", "two"):
        from_folder(root / name, root / "prepared" / name, positive="yes", split=FAMILIES[family], progress=False)
    tasks = [
        BenchmarkTask("mine", "T1", "", "one", "label", positive="yes"),
        BenchmarkTask("mine", "T2", "", "one", "label", positive="yes", folds="subject"),
        BenchmarkTask("mine", "T3", "", "two", "label", positive="yes", trained_on="one"),
        BenchmarkTask("mine", "T4", "", "one", "label", positive="yes", trained_on="two"),
    ]
    settings = runner.BenchmarkSettings(root / "prepared", cache=root / "cache", draws=10)
    result = runner.run_benchmark(["logmel"], tasks, settings, progress=False)
    assert set(referee) >= {"mine/T1", "mine/T2"}
    if family == "subject":
        assert not any(task.missing for task in result.tasks) and set(referee) == {task.key for task in tasks}
        examples, _ = zero_shot._examples(
            zero_shot.ZeroShotSettings("none", root / "prepared" / "one", "label", root, root),
            "one",
            zero_shot.manifest_of(root / "prepared" / "one"),
        )
        parts = {
            name: truth(examples.rows[row]["recording_id"] for row in np.flatnonzero(examples.split == name))
            for name in ("train", "validation", "test")
        }
        assert not parts["train"] & parts["test"] and not parts["validation"] & (parts["test"] | parts["train"])
        assert not (parts["train"] | parts["validation"]) & RESERVED


def test_a_corpus_of_both_holds_nobody_who_is_tested(root: Path):
    tested: set[int] = set()
    for name in ("one", "two"):
        report = from_folder(
            root / name, root / "prepared" / name, positive="yes", split=FAMILIES["subject"], progress=False
        )
        tested |= truth(
            row["recording_id"]
            for row in csv.DictReader((report.output / "splits.csv").open())
            if row["split"] == "test"
        )
    folders = [root / "prepared" / name for name in ("one", "two")]
    build_corpus(CorpusSpec("both", {"one": None, "two": None}, "made up"), folders, root / "corpus", progress=False)
    parts = {
        part: truth(
            pq.read_table(root / "corpus" / "data" / f"{part}-00000-of-00001.parquet")["recording_id"].to_pylist()
        )
        for part in ("train", "validation")
    }
    assert parts["train"] and not parts["train"] & parts["validation"]
    assert not (parts["train"] | parts["validation"]) & (tested | RESERVED)
    # Audit agrees, and finds the people whom the two wards themselves share.
    findings = audit_module.audit([root / "corpus", *folders]).findings
    of_corpus = [finding for finding in findings if any(side.startswith("corpus") for side in finding.where)]
    assert not [finding for finding in of_corpus if any("/test" in side for side in finding.where)]
    shared = [f for f in findings if {side.split("/")[0] for side in f.where} == {"one", "two"}]
    assert shared and {finding.kind for finding in shared} == {"alike"}
    for name in ("one", "two"):
        assert audit_module.audit([root / "prepared" / name]).clean
