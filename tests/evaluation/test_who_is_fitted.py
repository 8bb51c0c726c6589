"""Who is fitted and who is scored: prepare's people and parts hold up to the figure, in every kind of task."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hf_auscult.data import SplitSpec, guards, load_prepared, prepare
from hf_auscult.data.from_folder import folder_spec, from_folder
from hf_auscult.data.guards import bare_id
from hf_auscult.errors import ConfigurationError, LeakageError
from hf_auscult.evaluation import task_probe
from hf_auscult.evaluation.examples import examples_of
from hf_auscult.evaluation.examples import test_parts as parts_of
from hf_auscult.evaluation.load import load_task
from hf_auscult.evaluation.runner import BenchmarkSettings, run_benchmark
from hf_auscult.evaluation.task import BenchmarkTask
from hf_auscult.evaluation.zero_shot import run as zero_shot

RATE, SECONDS = 4_000, 4.0


def take(seed: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(SECONDS * RATE))).astype(np.float32)


def ward(folder: Path, people: dict[str, list[np.ndarray]], **columns: dict[str, object]) -> Path:
    """A folder of recordings: person -> takes; every second person is positive; columns by recording or person."""
    folder.mkdir(parents=True)
    with (folder / "metadata.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["path", "subject_id", "label", *columns])
        for number, (person, takes) in enumerate(people.items()):
            for index, sound in enumerate(takes):
                name = f"{number:02d}_{index}.wav"
                soundfile.write(folder / name, sound, RATE)
                label = ("no", "yes")[number % 2]
                table.writerow([name, person, label, *(values[person] for values in columns.values())])
    return folder


def bench(root: Path, tmp_path: Path, *tasks: BenchmarkTask):
    settings = BenchmarkSettings(root, cache=tmp_path / "cache", draws=20)
    return run_benchmark(["logmel"], tasks, settings, progress=False)


@pytest.fixture
def probed(monkeypatch):
    """Every fold that a probe was given, with the names of its people on either side."""
    folds: list[tuple[set[str], set[str]]] = []
    real = task_probe.run_probe

    def spy(features, target, subjects, parts, settings, **options):
        for fold in parts:
            fitted = [fold.train] if fold.validation is None else [fold.train, fold.validation]
            folds.append((set(subjects[np.concatenate(fitted)]), set(subjects[fold.test])))
        return real(features, target, subjects, parts, settings, **options)

    monkeypatch.setattr(task_probe, "run_probe", spy)
    return folds


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """A dataset whose authors' split has two test parts, one of them within the training people."""
    people = {f"p{n}": [take(2 * n), take(2 * n + 1)] for n in range(18)}
    part = {person: ("train", "train", "test_inter")[n % 18 // 6] for n, person in enumerate(people)}
    source = ward(tmp_path / "in" / "ward", people, official_split=part)
    lines = (source / "metadata.csv").read_text().splitlines()
    lines = [line.replace(",train", ",test_intra") if line.startswith(("00_1", "01_1")) else line for line in lines]
    (source / "metadata.csv").write_text("\n".join(lines) + "\n")
    spec = replace(
        folder_spec(source), official=("train", "test_intra", "test_inter"), official_leaks="people of train in intra"
    )
    prepare(spec, source, tmp_path / "root" / "ward", split=SplitSpec("official", allow_leakage=True), progress=False)
    return tmp_path / "root"


def test_each_test_part_has_a_row_and_only_train_is_fitted(official: Path, tmp_path: Path, probed):
    own = BenchmarkTask("mine", "T1", "Wheeze", "ward", "label", positive="yes")
    result = bench(official, tmp_path, own)
    assert [task.spec.number for task in result.tasks] == ["T1 test_inter", "T1 test_intra"]
    assert not any(task.missing for task in result.tasks)
    train = set(load_prepared(official / "ward", "label", allow_leakage=True)["train"]["person"])
    assert len(train) == 12 and {frozenset(fitted) for fitted, _ in probed} == {frozenset(train)}
    counts = {task.spec.test: {name: part.recordings for name, part in task.counts.items()} for task in result.tasks}
    assert counts == {"test_inter": {"train": 22, "test": 12}, "test_intra": {"train": 22, "test": 2}}


def test_one_test_part_can_be_chosen(official: Path):
    own = BenchmarkTask("mine", "T1", "Wheeze", "ward", "label", positive="yes", test="test_inter")
    task = load_task(own, root=official)
    assert parts_of(task) == ("test_inter", "test_intra")
    assert set(examples_of(task).split) == {"train", "test"} and len(examples_of(task).rows) == 34
    for chosen in ("", "test_2"):
        with pytest.raises(ConfigurationError, match="test_inter"):
            examples_of(replace(task, spec=replace(own, test=chosen)))


def test_zero_shot_tests_the_part_that_is_asked_for(tmp_path: Path):
    people = {f"p{n}": [take(n)] for n in range(18)}
    part = {person: ("train", "test_inter", "test_2023")[n // 6] for n, person in enumerate(people)}
    source = ward(tmp_path / "in" / "ward", people, official_split=part)
    spec = replace(folder_spec(source, positive="yes"), official=("train", "test_inter", "test_2023"))
    prepare(spec, source, tmp_path / "ward", split=SplitSpec("official"), progress=False)
    settings = zero_shot.ZeroShotSettings("no model", tmp_path / "ward", "label", tmp_path, tmp_path)
    manifest = zero_shot.manifest_of(tmp_path / "ward")
    for test in ("test_inter", "test_2023"):
        examples, _ = zero_shot._examples(replace(settings, test=test), "ward", manifest)
        who = {name: set(examples.subjects[examples.split == name]) for name in ("train", "test")}
        own = {f"ward:{person}" for person in part if part[person] == test}
        assert who == {"train": {f"ward:p{n}" for n in range(6)}, "test": own}
    for test in ("", "test_2"):
        with pytest.raises(ConfigurationError, match="test_inter"):
            zero_shot._examples(replace(settings, test=test), "ward", manifest)


@pytest.mark.parametrize("family", ["loso", "leave_one_source_out"])
def test_parts_are_tested_in_turn_where_the_split_says_so(tmp_path: Path, probed, family: str):
    people = {f"p{n}": [take(n)] for n in range(12)}
    source = ward(tmp_path / "ward", people, device={f"p{n}": "abc"[n % 12 // 4] for n in range(12)})
    split = SplitSpec(family, by="device" if family == "leave_one_source_out" else None)
    from_folder(source, tmp_path / "root" / "ward", split=split, progress=False)
    tasks = bench(tmp_path / "root", tmp_path, BenchmarkTask("mine", "T1", "", "ward", "label", positive="yes")).tasks
    assert not any(task.missing for task in tasks) and all(not fitted & tested for fitted, tested in probed)
    if family == "loso":
        assert len(tasks) == 1 and {len(tested) for _, tested in probed} == {1}
        return
    # scores of two fits are on two scales: every source that is left out has a row of its own
    assert [task.spec.number for task in tasks] == ["T1 device_a", "T1 device_b", "T1 device_c"]
    assert {len(tested) for _, tested in probed} == {4} and all(len(fitted) == 8 for fitted, _ in probed)
    assert [task.counts["test"].people for task in tasks] == [4, 4, 4]


def test_people_under_two_ids_are_one_person_in_folds_and_bootstrap(tmp_path: Path, probed):
    """Fourteen people, each heard twice: under another spelling, or as a quieter copy under another id."""
    people: dict[str, list[np.ndarray]] = {}
    for n in range(14):
        sound = take(n)
        people[f"P{n}"] = [sound]
        if n % 2:
            people[f"x{n}"] = [0.5 * sound]
        else:
            people[f"p{n}"] = [take(100 + n)]
    source = ward(tmp_path / "ward", dict(sorted(people.items(), key=lambda item: int(item[0][1:]) % 2)))
    from_folder(source, tmp_path / "root" / "ward", progress=False)
    own = BenchmarkTask("mine", "T1", "", "ward", "label", positive="yes", folds="subject")
    (task,) = bench(tmp_path / "root", tmp_path, own).tasks
    assert not task.missing and len(probed) % 14 == 0
    assert all(not fitted & tested for fitted, tested in probed)
    assert sum(part.people for part in task.counts.values()) == 14
    examples = examples_of(load_task(own, root=tmp_path / "root"))
    assert len(set(examples.subjects)) == 14
    assert sorted(map(len, examples.ids_of(np.arange(28)).values())) == [2] * 14


@pytest.fixture
def locked(data_root: Path, monkeypatch) -> set[str]:
    """Two of the prepared test people become reserved ones."""
    people = sorted(set(load_prepared(data_root / "circor", "murmur")["test"]["subject_id"]))[:2]
    bare = frozenset(bare_id(person, "circor") for person in people)
    monkeypatch.setattr(guards, "reserved_subjects", lambda dataset: bare if dataset == "circor" else frozenset())
    return set(people)


def test_everybody_in_turn_never_fits_reserved_people(data_root: Path, tmp_path: Path, probed, locked):
    own = BenchmarkTask("mine", "T1", "", "circor", "murmur", folds="subject")
    (task,) = bench(data_root, tmp_path, own).tasks
    tested = set().union(*(tested for _, tested in probed))
    assert not task.missing and tested > locked
    assert not any(fitted & locked for fitted, _ in probed)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_reserved_people_are_refused_whatever_is_fitted(
    data_root: Path, tmp_path: Path, monkeypatch, locked, part: str
):
    task = load_task(BenchmarkTask("mine", "T1", "", "circor", "murmur"), root=data_root)
    examples = examples_of(task)
    assert set(examples.subjects[examples.reserved]) == locked
    rows = np.flatnonzero(examples.reserved)[:1]
    moved = examples.split.copy().astype(object)
    moved[rows] = part
    leaky = replace(examples, split=moved.astype(str))
    with pytest.raises(LeakageError, match=r"reserved test subjects would be used for the probe of mine/T1"):
        task_probe.probe_task(task.spec, np.zeros((len(leaky.rows), 2)), leaky, task.probe, leaks=True)
    # Galleries, offsets and calibration of zero-shot classification are fits too.
    monkeypatch.setattr(zero_shot, "examples_of", lambda _: leaky)
    settings = zero_shot.ZeroShotSettings("no model", data_root / "circor", "murmur", tmp_path, tmp_path)
    with pytest.raises(LeakageError, match="galleries"):
        zero_shot._examples(settings, "circor", task.manifests["circor"])


def test_across_datasets_nobody_is_on_both_sides(tmp_path: Path, probed):
    """Five of six test recordings are in the other folder's training part: as they are, or quieter."""
    shared = [take(1_000 + n) for n in range(5)]
    source = ward(tmp_path / "one", {f"a{n}": [take(n)] for n in range(20)} | {f"s{n}": [shared[n]] for n in range(5)})
    other = ward(tmp_path / "two", {f"b{n}": [(1 - 0.5 * (n % 2)) * shared[n]] for n in range(5)} | {"b5": [take(77)]})
    from_folder(source, tmp_path / "root" / "one", split=SplitSpec(fractions={"train": 1.0}), progress=False)
    from_folder(other, tmp_path / "root" / "two", split=SplitSpec(fractions={"test": 1.0}), progress=False)
    own = BenchmarkTask("mine", "T1", "", "two", "label", positive="yes", trained_on="one")
    (task,) = bench(tmp_path / "root", tmp_path, own).tasks
    assert not task.missing and task.counts["train"].recordings == 20 and task.counts["test"].recordings == 6
    assert any("5 training recordings of 5 people are left out" in note for note in task.notes)
    assert all(not fitted & tested for fitted, tested in probed)


def test_medians_and_categories_are_learned_inside_the_fold(tmp_path: Path, monkeypatch):
    """A category that only the tested person has, and their age, must not have a column or move the median."""
    seen: list[tuple[int, tuple[str, ...]]] = []
    from hf_auscult.evaluation import runner

    real = runner.shortcut_features

    def spy(rows, spec, mask):
        made = real(rows, spec, mask)
        seen.append((int(np.sum(mask)), made.names))
        return made

    monkeypatch.setattr(runner, "shortcut_features", spy)
    people = {f"p{n}": [take(n)] for n in range(8)}
    source = ward(
        tmp_path / "ward",
        people,
        site={name: ("aortic", "mitral")[n % 2] if n else "pulmonary" for n, name in enumerate(people)},
        age={name: 10 + n for n, name in enumerate(people)},
    )
    from_folder(source, tmp_path / "root" / "ward", split=SplitSpec("loso"), progress=False)
    (task,) = bench(tmp_path / "root", tmp_path, BenchmarkTask("mine", "T1", "", "ward", "label", positive="yes")).tasks
    assert task.shortcuts and {count for count, _ in seen} == {7}
    assert sum("site=pulmonary" not in names for _, names in seen) == len(seen) // 8
