"""Nobody on both sides: an attacker tries every dataset and every split family, and a referee looks for himself."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from datasets import ClassLabel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_auscult.data import DATASETS, guards, people, splits
from hf_auscult.data.from_folder import folder_spec
from hf_auscult.data.guards import is_evaluation
from hf_auscult.data.people import with_people
from hf_auscult.data.spec import DatasetSpec, TaskConfig
from hf_auscult.data.split_spec import SplitPlan, SplitSpec
from hf_auscult.errors import AuscultError, ConfigurationError, LeakageError
from hf_auscult.evaluation.examples import examples_of
from hf_auscult.evaluation.load import Task
from hf_auscult.evaluation.task import BenchmarkTask
from hf_auscult.evaluation.task_probe import _folds
from hf_auscult.reports.generate_set import ReportRows

from .attacker import (
    Row,
    attack,
    crossings,
    families,
    label_columns,
    plain,
    some_people,
    split_as_prepare_does,
    true_people,
)
from .every_layout import ORIGINALS


class Tables(dict[str, tuple[DatasetSpec, Sequence[Row]]]):
    """Dataset -> spec and rows; short in a failure's report."""

    def __repr__(self) -> str:
        return f"<tables of {len(self)} datasets>"


AUTHORS = [name for name, spec in DATASETS.items() if spec.official]


@pytest.fixture(scope="module")
def tables(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Every dataset's rows, read by its own reader."""
    found = Tables()
    for name, original in ORIGINALS.items():
        source = original(shared, tmp_path_factory.mktemp("originals") / name)
        spec = DATASETS[name] if name in DATASETS else folder_spec(source, name=name, organ="heart")
        found[name] = spec, spec.read(source).rows
    return found


def test_no_dataset_is_spared(tables):
    assert set(ORIGINALS) == {*DATASETS, "my_folder"}
    for name, (spec, rows) in tables.items():
        assert len(rows) >= 20 and len({row["subject_id"] for row in rows}) >= 5, name
        kinds = Counter(split.name for split in families(spec, rows, 0))
        assert kinds["subject"] and kinds["loso"] and bool(kinds["official"]) == bool(spec.official)


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_families_can_be_built_where_nobody_attacks(tables, name: str):
    """Otherwise refusing everything would look like holding."""
    spec, rows = tables[name]
    scene = some_people(rows, random.Random(0), most=10**6)
    built = Counter()
    for split in families(spec, rows, 0):
        try:
            _, parts = split_as_prepare_does(scene, spec, split)
        except ConfigurationError as error:
            assert split.name in ("demographic", "leave_one_source_out"), error
            continue
        except LeakageError:
            assert split.name == "official" and spec.official_leaks
            continue
        assert not crossings(scene, spec, parts), split
        built[split.name] += sum(map(bool, parts.values())) > 1
    assert built["subject"] == 3 and built["loso"] == 1
    if name not in {"korean", "hsdreport"}:  # one site, one device
        assert built["leave_one_source_out"]


@pytest.mark.parametrize("name", ORIGINALS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    chance=st.randoms(use_true_random=False),
    moves=st.integers(0, 12),
    seed=st.integers(0, 2**31),
    choice=st.integers(0, 10**6),
)
def test_nobody_gets_on_both_sides(tables, name: str, chance: random.Random, moves: int, seed: int, choice: int):
    spec, rows = tables[name]
    scene = attack(some_people(rows, chance), spec, label_columns(spec), chance, moves)
    possible = families(spec, scene.rows, seed)
    # Half of the attacks are on the families that every dataset has, half on its own sources and tasks.
    split = possible[choice % (4 if choice % 2 else len(possible))]
    try:
        decided, parts = split_as_prepare_does(scene, spec, split)
    except LeakageError:
        assert split.name == "official", "a family of ours resolves a leak and never needs the guard"
        return
    except ConfigurationError:
        return
    assert not crossings(scene, spec, parts), split
    assert set(decided.splits) | set(decided.withheld) == {row["recording_id"] for row in scene.rows}
    assert not set(decided.splits) & set(decided.withheld) and all(decided.withheld.values())
    again = split_as_prepare_does(
        type(scene)(
            sorted(scene.rows, key=lambda row: row["recording_id"]), scene.twins[::-1], scene.broken, scene.reserved
        ),
        spec,
        split,
    )[0]
    assert again.splits == decided.splits, "the order of the table moved somebody"


@pytest.mark.parametrize("name", AUTHORS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=False), moves=st.integers(0, 6))
def test_an_authors_split_is_refused_or_withheld_and_never_leaks(tables, name: str, chance: random.Random, moves: int):
    """Starting from people who are in one part only, so that the attack and not the authors make the leak."""
    spec, rows = tables[name]
    parts_of: dict[str, set[str | None]] = {}
    for row in rows:
        parts_of.setdefault(plain(row["subject_id"]), set()).add(row["official_split"])
    honest = [row for row in rows if row["subject_id"] and len(parts_of[plain(row["subject_id"])] - {None}) == 1]
    assert honest
    scene = attack(some_people(honest, chance, most=30), spec, (), chance, moves)
    try:
        _, parts = split_as_prepare_does(scene, spec, SplitSpec(name="official"))
    except AuscultError:
        assert moves
        return
    assert not crossings(scene, spec, parts)


class Part(list[Row]):
    """Rows of a split, as a benchmark reads them."""

    def __init__(self, rows: Iterable[Row], classes: Sequence[str]) -> None:
        super().__init__({**row, "audio": None} for row in rows)
        self.features = {"label": ClassLabel(names=list(classes))}


def fits(
    config: TaskConfig, spec: DatasetSpec, split: SplitSpec, decided: SplitPlan, parts: Mapping[str, list[Row]]
) -> Iterator[tuple[set[str], set[str]]]:
    """Recordings that a benchmark fits and tests on, fold by fold, under every way of folding and test part."""
    rows = {name: config.select(with_people(own, decided.people))[0] for name, own in parts.items()}
    manifest = {"dataset": spec.name, "split": {"name": split.name}}
    for folds, test in itertools.product(("split", "subject"), ("", *filter(is_evaluation, parts))):
        own = BenchmarkTask(
            "mine", "T1", "", spec.name, config.name, folds=folds, test=test, positive=config.classes[-1]
        )
        own = replace(own, positive="") if len(config.classes) > 2 else own
        splits = {name: Part(own_rows, config.classes) for name, own_rows in rows.items() if own_rows}
        try:
            examples = examples_of(Task(own, splits, {spec.name: manifest}))
            probe_folds = _folds(own, examples)
        except (AuscultError, ValueError):  # several test parts, or nobody left to fit on or to test
            continue
        names = np.array([row["recording_id"] for row in examples.rows])
        for fold in probe_folds:
            fitted = fold.train if fold.validation is None else np.concatenate([fold.train, fold.validation])
            yield set(names[fitted]), set(names[fold.test])


@pytest.mark.parametrize("name", ORIGINALS)
def test_nobody_is_fitted_and_tested_or_reserved_and_fitted(tables, name: str):
    """Benchmarks of every family but the published ones, after an attack; and reports whose label is read."""
    spec, rows = tables[name]
    labelled = [task for task in spec.tasks if task.column and task.target == "class" and not task.segments]
    most = sorted(labelled, key=lambda task: -len(task.select(rows)[0]))[:1]
    seen = 0
    for seed in range(2):
        chance = random.Random(seed)
        scene = attack(some_people(rows, chance, most=90), spec, label_columns(spec), chance, 8 * seed)
        groups = true_people(scene, spec)
        locked = {groups.root(("id", subject)) for subject in scene.reserved}
        who = {row["recording_id"]: groups.root(("recording", row["recording_id"])) for row in scene.rows}
        for split, config in itertools.product(families(spec, scene.rows, seed), most):
            try:
                decided, parts = split_as_prepare_does(scene, spec, split)
            except AuscultError:
                continue
            with pytest.MonkeyPatch.context() as patch:
                bare = frozenset(guards.bare_id(subject, spec.name) for subject in scene.reserved)
                patch.setattr(guards, "reserved_subjects", lambda _, bare=bare: bare)
                for fitted, tested in fits(config, spec, split, decided, parts):
                    ours, theirs = ({who[name] for name in side} for side in (fitted, tested))
                    assert not ours & theirs and not ours & locked, split
                    seen += bool(ours and theirs)
                kept = with_people([row for part in parts.values() for row in part], decided.people)
                free = ReportRows(spec.name, "", tuple(kept)).unlocked()
                assert not {who[row["recording_id"]] for row in free} & locked
    assert seen >= 10 or not labelled, seen


def leaks(tables: Tables, name: str, split: SplitSpec, *, moves: int, guarded: bool = False) -> bool:
    """Whether any of 40 attacks brings somebody on both sides."""
    spec, rows = tables[name]
    for seed in range(40):
        chance = random.Random(seed)
        scene = attack(some_people(rows, chance), spec, label_columns(spec), chance, moves)
        try:
            _, parts = split_as_prepare_does(scene, spec, split, guarded=guarded)
        except ConfigurationError:
            continue
        if crossings(scene, spec, parts):
            return True
    return False


class TestTheAttackCanSucceed:
    """Each defence taken away lets somebody through; with it, nobody."""

    @pytest.mark.parametrize("name", ORIGINALS)
    @pytest.mark.parametrize("family", ["subject", "loso"])
    def test_without_grouping(self, tables, monkeypatch, name: str, family: str):
        assert not leaks(tables, name, SplitSpec(name=family), moves=8)
        alone = lambda rows, digests=None, twins=(), **_: {r["recording_id"]: r["recording_id"] for r in rows}  # noqa: E731
        monkeypatch.setattr(splits, "people_of", alone)
        assert leaks(tables, name, SplitSpec(name=family), moves=8)
        with pytest.raises(LeakageError):  # the second line: the guard refuses what the first let through
            leaks(tables, name, SplitSpec(name=family), moves=8, guarded=True)

    @pytest.mark.parametrize("what", ["digests", "twins"])
    def test_without_one_kind_of_link(self, tables, monkeypatch, what: str):
        whole = people.people_of

        def deaf(rows, digests=None, twins=(), **_):
            return whole(rows, None, twins) if what == "digests" else whole(rows, digests)

        monkeypatch.setattr(splits, "people_of", deaf)
        assert leaks(tables, "circor", SplitSpec(), moves=8)

    def test_without_respect_for_spelling(self, tables, monkeypatch):
        for module in (people, splits, guards):
            monkeypatch.setattr(module, "known_as", lambda subject: subject)
        assert leaks(tables, "my_folder", SplitSpec(), moves=8, guarded=False)

    def test_without_links_through_nobody(self, tables, monkeypatch):
        whole = people.people_of
        known = lambda rows, digests, twins: whole([r for r in rows if plain(r["subject_id"])], digests, twins)  # noqa: E731

        def forgetful(rows, digests=None, twins=(), **_):
            return dict.fromkeys((r["recording_id"] for r in rows), "") | known(rows, digests, twins)

        monkeypatch.setattr(splits, "people_of", forgetful)
        assert leaks(tables, "sprsound", SplitSpec(), moves=8)

    @pytest.mark.parametrize("name", ["sprsound", "hf_lung", "uk_covid19", "bowel"])
    def test_an_official_split_without_the_guard(self, tables, name: str):
        assert leaks(tables, name, SplitSpec(name="official"), moves=8, guarded=False)
        with pytest.raises(LeakageError):
            leaks(tables, name, SplitSpec(name="official"), moves=8, guarded=True)
