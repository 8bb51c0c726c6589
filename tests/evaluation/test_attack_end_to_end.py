"""The referee: from prepare through corpus, bench, zero-shot and other datasets to audit, nobody stands on two sides.

It knows the true person of every recording from the file's name, and asks no code of the package who is whom.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from hf_auscult.data import SplitSpec, guards
from hf_auscult.data import audit as audit_module
from hf_auscult.data.corpora import CorpusSpec, build_corpus
from hf_auscult.data.from_folder import from_folder
from hf_auscult.errors import LeakageError
from hf_auscult.evaluation import runner, task_probe
from hf_auscult.evaluation.task import BenchmarkTask
from hf_auscult.evaluation.zero_shot import run as zero_shot
from hf_auscult.features import FrontEnd
from hf_auscult.recipes import pretrain
from hf_auscult.recipes.align.config import DataConfig
from hf_auscult.recipes.align.corpus import load_corpus
from hf_auscult.training.spectrograms import Spectrograms, TrainingRecording

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
    locked = {name: frozenset(guards.known_as(person) for person in ids) for name, ids in LOCKED.items()}
    monkeypatch.setattr(guards, "reserved_subjects", lambda name: locked.get(name, frozenset()))
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
    assert {key.partition(" ")[0] for key in referee} >= {"mine/T1", "mine/T2"}  # a row for each source
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


def prepared(root: Path) -> tuple[list[Path], dict[str, set[int]]]:
    """Both wards, and the true people of their test parts."""
    tested: dict[str, set[int]] = {}
    for name in ("one", "two"):
        report = from_folder(
            root / name, root / "prepared" / name, positive="yes", split=FAMILIES["subject"], progress=False
        )
        rows = csv.DictReader((report.output / "splits.csv").open())
        tested[name] = truth(row["recording_id"] for row in rows if row["split"] == "test")
    return [root / "prepared" / name for name in tested], tested


def test_a_corpus_of_both_holds_nobody_who_is_tested(root: Path):
    folders, people = prepared(root)
    tested = people["one"] | people["two"]
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


def test_nobody_who_is_tested_is_pretrained_or_aligned_on(root: Path):
    folders, tested = prepared(root)
    both = tested["one"] | tested["two"]
    ids: dict[str, set[str]] = {}
    heard = list(pretrain.training_recordings(folders, RATE, frozenset(), ids, []))
    parts = {part: truth(one.recording_id for one in heard if one.split == part) for part in ("train", "validation")}
    assert parts["train"] and not (parts["train"] | parts["validation"]) & (both | RESERVED)
    assert set(ids) == {"one", "two"}
    # The other ward's training people, straight from its folder, and then through a corpus of both.
    data = DataConfig(dataset="one", task="label")
    taught = truth(
        row["recording_id"]
        for row in csv.DictReader((folders[1] / "splits.csv").open())
        if row["split"] in ("train", "validation")
    )
    assert taught & tested["one"], "otherwise the other ward alone is no temptation"
    with pytest.raises(LeakageError, match="sound alike"):
        load_corpus(data, folders, RATE)
    build_corpus(CorpusSpec("both", {"one": None, "two": None}, "made up"), folders, root / "corpus", progress=False)
    corpus = load_corpus(data, [folders[0], root / "corpus"], RATE)
    fitted, judged = (
        truth(recording.recording_id for part in names for recording in corpus.take(corpus.rows(part)))
        for names in (("train", "validation"), ("test",))
    )
    assert judged == tested["one"] - RESERVED and fitted & set(range(18, 26))
    assert not fitted & (judged | RESERVED | tested["two"])
    assert {person for one in corpus.held_out().people.values() for person in truth_of_ids(one)} == judged


def truth_of_ids(ids: Iterable[str]) -> set[int]:
    """The true people of the first ward, from ids: ``P7``, `` p-007``, and ``x107`` of a copy."""
    return {int(re.search(r"\d+", own)[0]) - (100 if "x" in own else 0) for own in ids}


def test_keys_of_what_is_kept_follow_the_split_and_the_sound(root: Path):
    """The same folders with the same counts, prepared with another seed."""
    folders, _ = prepared(root)
    spec = CorpusSpec("both", {"one": None, "two": None}, "made up")
    build_corpus(spec, folders, root / "corpus", progress=False)
    content = json.loads((root / "corpus" / "corpus.json").read_text())
    build_corpus(spec, folders, root / "again", progress=False)
    same = {"split_sha256", "audio_sha256"}
    again = json.loads((root / "again" / "corpus.json").read_text())
    assert {name: content[name] for name in same} == {name: again[name] for name in same}
    for name in ("one", "two"):
        other = replace(FAMILIES["subject"], seed=1)
        from_folder(root / name, root / "prepared" / name, positive="yes", split=other, progress=False, overwrite=True)
    build_corpus(spec, folders, root / "fourth", progress=False)
    fourth = json.loads((root / "fourth" / "corpus.json").read_text())
    assert fourth["split_sha256"] != content["split_sha256"] and fourth["audio_sha256"] != content["audio_sha256"]
    wave = np.random.default_rng(0).standard_normal(8 * RATE).astype("f4")
    recording = TrainingRecording(wave, "one", "one:P1", "train", "r")
    stores = [Spectrograms.write(root / key, [recording], FrontEnd.of("heart"), key=key) for key in "ab"]
    assert stores[0].sha256() != stores[1].sha256() == Spectrograms.open(root / "b").sha256()
