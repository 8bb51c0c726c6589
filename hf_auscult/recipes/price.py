"""What hiding each label costs: every mask of every task of several datasets, read off their tables alone."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.catalogue import dataset
from ..data.guards import is_reserved
from ..data.people import ids_of, people_of, person_of, with_people
from ..data.schema import Row
from ..data.spec import TaskConfig
from ..errors import ConfigurationError, DataError
from ..files import Serialisable, take, write_json, write_text, written
from ..metrics.tables import Table, number
from ..plots import price_plot
from ..reports import READERS, STRENGTHS, LeakageSettings, generate
from .leakage import TaskLeakage, encoders, measure_rows

_STATED = ("none", "paper", "strict", "context", "middle")
"""Masks of the table; ``findings`` is a control of alignment."""


@dataclass(frozen=True)
class PriceSettings:
    """How much is read of each task.

    Args:
        people: drawn of each task; those of the rarest class stay. Time grows with the square of them.
        per_person: recordings of each of them.
        teacher: sentence encoder that reads beside words, characters and length; None for none.
        leakage: folds, resamples, level and seed.
    """

    people: int = 400
    per_person: int = 3
    teacher: str | None = None
    leakage: LeakageSettings = field(default_factory=LeakageSettings)


@dataclass(frozen=True)
class TaskPrice(Serialisable):
    """One task's masks.

    Args:
        people, recordings: that were read.
        distinct: mask -> different texts, of as many as recordings times phrasings.
        measured: what texts under each mask give away.
    """

    people: int
    recordings: int
    distinct: Mapping[str, int]
    measured: TaskLeakage


def measure_prices(
    sources: Mapping[str, Path],
    output: str | Path,
    *,
    tasks: Sequence[str] = (),
    settings: PriceSettings | None = None,
) -> dict[str, dict[str, Any]]:
    """Measure every task that has masks; write ``<dataset>-<task>.json`` of each, ``masks.md`` and ``price.png``.

    Only tables are read: recordings need not be there. A task that the folder holds already, measured on the same texts
    with the same settings, is taken from there; people of a locked test set are left out. A task that cannot be
    measured stands under the table, with the reason.

    Args:
        sources: dataset of the catalogue -> folder in its original layout.
        output: folder of the results.
        tasks: names of those that are measured; all by default.
        settings: how much is read.

    Returns:
        ``dataset task`` -> its results as they stand in the folder, those of earlier calls among them; of one that
        cannot be measured, ``left_out``.

    Raises:
        ConfigurationError: no such dataset, a task that none of them has, or a file of ours that somebody else wrote.
    """
    settings, output = settings or PriceSettings(), Path(output)
    specs = {name: dataset(name) for name in sources}
    unknown = set(tasks) - {task for spec in specs.values() for task in spec.masks}
    if unknown:
        raise ConfigurationError(f"no task {', '.join(sorted(unknown))}", remedy="name tasks that have a mask")
    readers = encoders(settings.teacher)
    take(output, "masks.md", "price.png", "price.svg")
    for name, spec in specs.items():
        table = spec.read(sources[name])
        every = with_people(table.rows, people_of(table.rows))
        rows = [row for row in every if not any(is_reserved(who, spec.name) for who in ids_of(row))]
        for task in spec.tasks:
            if task.name not in spec.masks or (tasks and task.name not in tasks):
                continue
            file = output / f"{spec.name}-{task.name}.json"
            take(output, file.name)
            if task.target != "class":
                write_json(file, {"content": "", "left_out": "its label is no class"})
                continue
            chosen = _sample(task, rows, settings)
            content = _content(chosen, spec.name, task.name, settings)
            if file.is_file() and json.loads(file.read_text("utf-8"))["content"] == content:
                continue
            try:
                measured = measure_rows(chosen, spec.name, task.name, readers=readers, settings=settings.leakage)
            except DataError as error:  # too few people of a class
                write_json(file, {"content": content, "left_out": error.problem})
                continue
            people = len({person_of(row) for row in chosen})
            price = TaskPrice(people, len(chosen), measured.distinct, measured)
            write_json(file, {"content": content, **price.to_dict()})
    files = sorted(output / name for name in written(output) if name.endswith(".json"))
    results = {file.stem.replace("-", " ", 1): json.loads(file.read_text("utf-8")) for file in files if file.is_file()}
    write_text(output / "masks.md", price_table(results))
    panels: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(dict)
    for result in (result["measured"] for result in results.values() if "measured" in result):
        panels[result["dataset"]][result["task"]] = [
            (step["kept"], step["auroc"]) for step in result["middle"]["steps"]
        ]
    if panels:
        price_plot(panels, output / "price")
    return results


def price_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the masks as a Markdown table: the reader that tells the label best, and what ``middle`` keeps.

    Args:
        results: ``dataset task`` -> :class:`TaskPrice` as a dictionary, or why it was ``left_out``.
    """
    lines: list[list[str]] = []
    left_out = [
        f"{name} is not measured: {result['left_out']}" for name, result in results.items() if "left_out" in result
    ]
    for name, result in results.items():
        if "left_out" in result:
            continue
        measured = result["measured"]
        cells = [_cell(measured["masks"][mask]["readers"]) for mask in _STATED]
        kept = measured["middle"]["steps"][-1]["kept"]
        lines.append([f"{name} ({result['people']})", *cells, f"{100 * kept:.0f} %"])
    table = Table(("task (people)", *_STATED, "facts that middle keeps"), lines, names=1).markdown()
    return "\n\n".join([table, *left_out]) + "\n"


def _cell(readers: Sequence[Mapping[str, Any]]) -> str:
    """The best reader's AUROC; its interval too where it matters, which is where some reader may be at chance."""
    best = max(readers, key=lambda reader: reader["auroc"]["value"])
    auroc, low, high = (best["auroc"][key] for key in ("value", "low", "high"))
    text = number(auroc) if low is None else f"{number(auroc)} [{number(low, 2)}, {number(high, 2)}]"
    reader = best["reader"] if best["reader"] in READERS else "sentence encoder"
    leaking = sum(not reader["at_chance"] for reader in readers)
    told = "" if leaking in (0, len(readers)) else f", {leaking} of {len(readers)} readers"
    return f"{text} {reader}{told}"


def _sample(task: TaskConfig, rows: Sequence[Row], settings: PriceSettings) -> list[dict[str, Any]]:
    """Rows of some people with the class's name as the label."""
    draw = random.Random(settings.leakage.seed)
    by_person: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in task.select(rows)[0]:
        by_person[person_of(row)].append({**row, "label": task.classes[row["label"]]})
    people = sorted(by_person)
    draw.shuffle(people)
    of_class: dict[str, int] = defaultdict(int)
    for person in people:
        for label in {row["label"] for row in by_person[person]}:
            of_class[label] += 1
    people.sort(key=lambda person: min(of_class[row["label"]] for row in by_person[person]))
    share = settings.people // max(1, len(of_class))
    rare = people[:share]
    others = people[share:]
    draw.shuffle(others)
    kept: list[dict[str, Any]] = []
    for person in sorted((rare + others)[: settings.people]):
        mine = by_person[person]
        kept += mine if len(mine) <= settings.per_person else draw.sample(mine, settings.per_person)
    return kept


def _content(rows: Sequence[Row], name: str, task: str, settings: PriceSettings) -> str:
    """Hash of what would be read: texts under every mask, labels, people and settings."""
    read: list[Any] = [repr(settings), [[row["label"], person_of(row)] for row in rows]]
    for mask in STRENGTHS:
        reports = generate(rows, dataset=name, mask=mask, task=task, seed=settings.leakage.seed)
        read.append([report.text for report in reports])
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()
