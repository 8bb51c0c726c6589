"""The ablation matrix: AcuLa's tables as changes of one alignment, run row by row, each row and seed once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..alignment.teacher_config import teacher_config
from ..data.load import manifest_of
from ..data.manifest import CORPUS
from ..errors import AuscultError, ConfigurationError
from ..files import Serialisable, take, to_json, write_json, write_text
from ..metrics.bounds import t_quantile
from ..metrics.tables import Table
from ..models.acula.teacher_acula import resolve_teacher
from ..models.reachable import check_reachable
from ..reports.report_set import read_set
from ..texts import read_yaml
from .align.config import AlignConfig, build, read_settings
from .align.corpus import data_folders, prepare_data
from .align.run import align
from .align.tables import FEWEST_SEEDS

ABSENT = "not run: weights absent"
PUBLISHED = ("paper: respiratory", "paper: lung function", "paper: cardiac")


@dataclass(frozen=True)
class MatrixRow:
    """One condition.

    Args:
        name: key and folder name.
        table: of the paper.
        title: as it prints it.
        change: laid over the settings of the run; a teacher's preset takes the whole teacher's place.
        published: the paper's figures.
    """

    name: str
    table: str
    title: str
    change: Mapping[str, Any]
    published: tuple[float, ...] = ()


@dataclass(frozen=True)
class RowResult(Serialisable):
    """What came of a row.

    Args:
        name, table, title, published: see `MatrixRow`.
        status: `done`, or why it was not run.
        seeds: of its runs.
        trained: seeds that this call trained; the others were there.
        figures: of every seed: figure -> value, low and high over people (`None` where undefined).
    """

    name: str
    table: str
    title: str
    published: tuple[float, ...]
    status: str
    seeds: tuple[int, ...] = ()
    trained: tuple[int, ...] = ()
    figures: tuple[dict[str, dict[str, float | None]], ...] = field(default_factory=tuple)


def matrix_rows(path: str | Path | None = None) -> tuple[MatrixRow, ...]:
    """Read the rows of a file, by default those of AcuLa's tables.

    Raises:
        ConfigurationError: not such a file, or a name that is used twice.
    """
    remedy = "see recipes/matrix.yaml"
    content = read_yaml(Path(path or Path(__file__).with_name("matrix.yaml")), remedy=remedy)
    try:
        rows = [
            MatrixRow(str(name), part["table"], row["title"], row["change"], tuple(row.get("published", ())))
            for part in content
            for name, row in part["rows"].items()
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"not a matrix ({error})", where=path, remedy=remedy) from error
    names = [row.name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"rows of one name: {twice}", where=str(path), remedy="rename one of them")
    return tuple(rows)


def laid_over(values: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a change over settings, mappings within mappings.

    Example:
        >>> laid_over({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 4}})
        {'a': {'b': 4, 'c': 2}, 'd': 3}
    """
    merged: dict[str, Any] = dict(values)
    for name, value in change.items():
        old: Any = merged.get(name)
        whole = not isinstance(value, Mapping) or not isinstance(old, Mapping) or "preset" in value
        merged[name] = value if whole else laid_over(old, value)
    return merged


def row_config(values: Mapping[str, Any], row: MatrixRow, seed: int, output: Path) -> AlignConfig:
    """Return the alignment of a row and seed; no standing checks, which the main run has.

    Raises:
        ConfigurationError: a setting that does not exist.
    """
    if isinstance(values.get("teacher"), str):
        values = {**values, "teacher": {"preset": values["teacher"]}}  # a row may change one setting of it
    own = laid_over(values, row.change) | {
        "seed": seed,
        "output": str(output),
        "checks": (),
        "compare": (),
        "seeds": (),
    }
    teacher: Any = own.get("teacher")
    if isinstance(teacher, str) or "preset" in (teacher or {}):
        own["teacher"] = dataclasses.asdict(teacher_config(teacher))
    training: Any = own.get("training") or {}
    if "multi_positive" not in training.get("objective", ""):
        # Belongs to the run's own objective, not to the row's.
        own["training"] = {name: value for name, value in training.items() if name != "graded_positives"}
    return build(AlignConfig, own, f"row {row.name}")


def absent(config: AlignConfig) -> str:
    """Return why a row cannot be run here; empty where it can."""
    try:
        if config.start.checkpoint:
            check_reachable(config.start.checkpoint)
        check_reachable(resolve_teacher(config.teacher.name), config.teacher.revision)
    except OSError:
        return ABSENT
    folders = data_folders(config.data, Path(config.work)) if config.data.prepared else ()
    missing = [folder.name for folder in folders if not folder.is_dir()]
    return f"not run: {', '.join(missing)} is not prepared" if missing else ""


def key_of(config: AlignConfig) -> str:
    """Return what a finished row must agree with: settings, the data with their split, reports and first weights."""
    settings = {name: value for name, value in config.to_dict().items() if name not in ("output", "work")}
    data: list[Any] = []
    for folder in data_folders(config.data, Path(config.work)):
        if (folder / CORPUS).is_file():
            data.append(hashlib.sha256((folder / CORPUS).read_bytes()).hexdigest())
        else:
            manifest = manifest_of(folder)
            data.append([manifest[name] for name in ("dataset", "split_sha256", "audio_sha256", "content_sha256")])
    if config.reports.folder is not None:
        data.append(read_set(config.reports.folder).info.content_sha256)
    # A checkpoint's folder can be written again under the same name.
    weights = sorted(Path(config.start.checkpoint or "").glob("*.safetensors")) if config.start.checkpoint else []
    data += [hashlib.sha256(file.read_bytes()).hexdigest() for file in weights]
    settings["data"] = {**settings["data"], "prepared": None, "source": None}
    return hashlib.sha256(to_json([settings, data], sort_keys=True).encode()).hexdigest()


def run_matrix(
    config: str | Path,
    output: str | Path,
    *,
    rows: Sequence[str] = (),
    seeds: Sequence[int] = (0, 1, 2),
    file: str | Path | None = None,
    progress: bool = True,
    run: Callable[..., Any] = align,
) -> tuple[RowResult, ...]:
    """Run the matrix, or some rows of it, and write its tables.

    A row and seed whose record agrees in data, split and settings is not run again; one whose record or model was
    deleted is, alone.

    Args:
        config: YAML file of an alignment, which the rows change.
        output: folder of models, records and tables; it may hold an earlier call's.
        rows: names; all by default.
        seeds: of every row; three or more give an interval over seeds.
        file: of rows, see `matrix_rows`.
        progress: show bars.
        run: what trains and evaluates a row.

    Returns:
        One result a row of the whole file, in its order; rows that were neither asked for nor run before are left out.

    Writes matrix.json and README.md in `output`.

    Raises:
        ConfigurationError: an unknown row, or a setting that does not exist.

    Example:
        `run_matrix("examples/configs/demo.yaml", "matrix", rows=["mse", "both"])`
    """
    table = matrix_rows(file)
    if unknown := sorted(set(rows) - {row.name for row in table}):
        raise ConfigurationError(
            f"unknown rows {unknown}", where="matrix", remedy=f"use {', '.join(row.name for row in table)}"
        )
    values = read_settings(config)
    folder, found = Path(output), list[RowResult]()
    take(folder, "matrix.json", "README.md")
    for row in table:
        asked = not rows or row.name in rows
        result = _row(values, row, tuple(seeds), folder, asked=asked, progress=progress, run=run)
        if result is not None:
            found.append(result)
            # After every row: a matrix takes long, and what is there can be read.
            write_json(folder / "matrix.json", {"config": str(Path(config).name), "rows": found})
            write_text(folder / "README.md", report(found))
    return tuple(found)


def _row(
    values: Mapping[str, Any],
    row: MatrixRow,
    seeds: tuple[int, ...],
    folder: Path,
    *,
    asked: bool,
    progress: bool,
    run: Callable[..., Any],
) -> RowResult | None:
    named: dict[str, Any] = {"name": row.name, "table": row.table, "title": row.title, "published": row.published}
    figures, trained = [], []
    for seed in seeds:
        model = folder / "models" / row.name / f"seed-{seed}"
        record = folder / "rows" / f"{row.name}-{seed}.json"
        if not asked and not record.is_file():
            return None
        config = row_config(values, row, seed, model)
        if reason := absent(config):
            return RowResult(**named, status=reason) if asked else None
        prepared = data_folders(config.data, Path(config.work))[0]
        if not config.data.prepared:
            if not prepared.is_dir():
                prepare_data(config.data, Path(config.work))
            # Prepared once for all rows.
            config = dataclasses.replace(config, data=dataclasses.replace(config.data, prepared=str(prepared)))
        key = key_of(config)
        known = json.loads(record.read_text("utf-8")) if record.is_file() else {}
        if known.get("key") != key or not model.is_dir():
            if not asked:
                return None
            try:
                result = run(config, progress=progress, overwrite=True)
            except AuscultError as error:
                return RowResult(**named, status=f"not run: {error}")
            known = {"key": key, "figures": figures_of(result.to_dict())}
            write_json(record, known)
            trained.append(seed)
        figures.append(known["figures"])
    return RowResult(**named, status="done", seeds=seeds, trained=tuple(trained), figures=tuple(figures))


def figures_of(result: Mapping[str, Any]) -> dict[str, dict[str, float | None]]:
    """Return an alignment's probe with all and with few labels, and zero-shot, each with its interval over people."""
    aligned = result["conditions"]["aligned"]
    found = {}
    for fraction, part in aligned["probe"]["figures"].items():
        name = "AUROC, all labels" if float(fraction) == 1.0 else f"AUROC, {100 * float(fraction):g} % of labels"
        found[name] = _figure(part["recording"])
    if aligned.get("zero_shot") is not None:
        found["zero-shot AUROC"] = _figure(aligned["zero_shot"])
    return found


def _figure(value: Mapping[str, Any]) -> dict[str, float | None]:
    inner = value.get("interval") or value
    return {name: (value if name == "value" else inner).get(name) for name in ("value", "low", "high")}


def summary(values: Sequence[Mapping[str, float | None]]) -> str:
    """Return the mean over seeds, its interval over people and seeds, and the standard deviation over seeds.

    The squares of the interval over people (the mean of the seeds' own) and of Student's t interval over seeds add.
    Fewer than three seeds say too little of the spread between them: their interval is one over people alone.

    Example:
        >>> summary([{"value": value, "low": value - 0.1, "high": value + 0.1} for value in (0.7, 0.75, 0.8)])
        '0.750 [0.59, 0.91] ± 0.050'
    """
    known = [entry for entry in values if entry["value"] is not None]
    if not known:
        return "–"
    means = [float(np.mean([entry[name] for entry in known])) if all(entry[name] is not None for entry in known)
             else None for name in ("value", "low", "high")]  # fmt: skip
    text = f"{means[0]:.3f}"
    spread = float(np.std([float(entry["value"] or 0.0) for entry in known], ddof=1)) if len(known) > 1 else None
    if None not in means:
        middle, low, high = (float(end or 0.0) for end in means)
        reach = 0.0
        if spread is not None and len(known) >= FEWEST_SEEDS:
            reach = t_quantile(0.975, len(known) - 1) * spread / len(known) ** 0.5
        text += f" [{middle - np.hypot(middle - low, reach):.2f}, {middle + np.hypot(high - middle, reach):.2f}]"
    return text if spread is None else f"{text} ± {spread:.3f}"


def report(results: Sequence[RowResult]) -> str:
    """Return README.md: a table for every one of the paper's."""
    columns = list(dict.fromkeys(name for row in results for entry in row.figures for name in entry))
    parts = [
        "# Ablation matrix",
        f"Means over seeds, [95 % interval over people, from {FEWEST_SEEDS} seeds on over people and seeds] ± standard "
        "deviation over seeds. The "
        "paper's figures are means over its own tasks: they show its rows' order, and cannot be compared with ours.",
    ]
    for title in dict.fromkeys(row.table for row in results):
        own = [row for row in results if row.table == title]
        published = PUBLISHED if any(row.published for row in own) else ()
        lines = []
        for row in own:
            done = row.status == "done"
            cells = [
                summary([entry[name] for entry in row.figures if name in entry]) if done else "–" for name in columns
            ]
            paper = [f"{value:.3f}" for value in row.published] or ["–"] * len(published)
            lines.append([row.title, *cells, *(paper if published else ()), "" if done else row.status])
        parts += [f"## {title}", Table(("", *columns, *published, "remark"), lines, names=1).markdown()]
    return "\n\n".join(parts) + "\n"
