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

from ..data import DATASETS
from ..data.guards import is_reserved
from ..data.people import ids_of, people_of, person_of, with_people
from ..data.schema import Row
from ..data.spec import TaskConfig
from ..errors import ConfigurationError, DataError
from ..files import Serialisable, write_json, write_text
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
    with the same settings, is taken from there; people of a locked test set are left out.

    Args:
        sources: dataset of the catalogue -> folder in its original layout.
        output: folder of the results.
        tasks: names of those that are measured; all by default.
        settings: how much is read.

    Returns:
        ``dataset task`` -> its results as they stand in the folder, those of earlier calls among them.

    Raises:
        ConfigurationError: no such dataset, or a task that none of them has.
    """
    settings, output = settings or PriceSettings(), Path(output)
    unknown = set(tasks) - {name for dataset in sources for name in _spec(dataset).masks}
    if unknown:
        raise ConfigurationError(f"no task {', '.join(sorted(unknown))}", remedy="name tasks that have a mask")
    readers = encoders(settings.teacher)
    for dataset, folder in sources.items():
        spec = _spec(dataset)
        table = spec.read(folder)
        every = with_people(table.rows, people_of(table.rows))
        rows = [row for row in every if not any(is_reserved(name, dataset) for name in ids_of(row))]
        for task in spec.tasks:
            if task.name not in (tasks or spec.masks) or task.name not in spec.masks or task.target != "class":
                continue
            file = output / f"{dataset}-{task.name}.json"
            chosen = _sample(task, rows, settings)
            content = _content(chosen, dataset, task.name, settings)
            if file.is_file() and json.loads(file.read_text("utf-8"))["content"] == content:
                continue
            try:
                measured = measure_rows(chosen, dataset, task.name, readers=readers, settings=settings.leakage)
            except DataError:  # too few people of a class
                continue
            people = len({person_of(row) for row in chosen})
            price = TaskPrice(people, len(chosen), measured.distinct, measured)
            write_json(file, {"content": content, **price.to_dict()})
    results = {
        file.stem.replace("-", " ", 1): json.loads(file.read_text("utf-8")) for file in sorted(output.glob("*-*.json"))
    }
    if results:
        write_text(output / "masks.md", price_table(results))
        panels: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(dict)
        for name, result in results.items():
            steps = result["measured"]["middle"]["steps"]
            panels[name.split()[0]][name.split()[1]] = [(step["kept"], step["auroc"]) for step in steps]
        price_plot(panels, output / "price")
    return results


def price_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the masks as a Markdown table: the reader that tells the label best, and what ``middle`` keeps.

    Args:
        results: ``dataset task`` -> :class:`TaskPrice` as a dictionary.
    """
    lines = [
        "| task (people) | " + " | ".join(f"`{mask}`" for mask in _STATED) + " | facts that `middle` keeps |",
        "|---|" + "---|" * (len(_STATED) + 1),
    ]
    for name, result in results.items():
        measured = result["measured"]
        cells = [_cell(measured["masks"][mask]["readers"]) for mask in _STATED]
        kept = measured["middle"]["steps"][-1]["kept"]
        lines.append(f"| {name} ({result['people']}) | " + " | ".join(cells) + f" | {100 * kept:.0f} % |")
    return "\n".join(lines) + "\n"


def _cell(readers: Sequence[Mapping[str, Any]]) -> str:
    """The best reader's AUROC; its interval too where it matters, which is where some reader may be at chance."""
    best = max(readers, key=lambda reader: reader["auroc"]["value"])
    auroc, low, high = (best["auroc"][key] for key in ("value", "low", "high"))
    text = f"{auroc:.3f}" if low is None else f"{auroc:.3f} [{low:.2f}, {high:.2f}]"
    reader = best["reader"] if best["reader"] in READERS else "sentence encoder"
    leaking = sum(not reader["at_chance"] for reader in readers)
    told = "" if leaking in (0, len(readers)) else f", {leaking} of {len(readers)} readers"
    return f"{text} {reader}{told}".replace("0.", ".")


def _spec(dataset: str) -> Any:
    if dataset not in DATASETS:
        raise ConfigurationError(f"no dataset {dataset!r}", remedy=f"choose one of {', '.join(DATASETS)}")
    return DATASETS[dataset]


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


def _content(rows: Sequence[Row], dataset: str, task: str, settings: PriceSettings) -> str:
    """Hash of what would be read: texts under every mask, labels, people and settings."""
    read: list[Any] = [repr(settings), [[row["label"], person_of(row)] for row in rows]]
    for mask in STRENGTHS:
        reports = generate(rows, dataset=dataset, mask=mask, task=task, seed=settings.leakage.seed)
        read.append([report.text for report in reports])
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()
