"""The datasets builder that every dataset's builder is: one config per task, tables with the original bytes inside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import datasets
import numpy as np
import pyarrow as pa

from ..errors import DataError
from .catalogue import dataset as find
from .duplicates import Twins, find_twins
from .guards import check_splits
from .inspection import AudioInfo, annotated, inspect_all, owned
from .people import with_people
from .schema import Row, features, label_feature, segment_features
from .segments import cut
from .spec import DatasetSpec, Problem, TaskConfig
from .split_spec import SplitSpec
from .splits import plan

CHUNK = 100
"""Recordings per table: bounds memory, and is the row-group size that lets the Hub's viewer stream audio."""


@dataclass
class BodySoundConfig(datasets.BuilderConfig):  # type: ignore[misc, unused-ignore]
    """A task of a dataset, and how it is split."""

    split: SplitSpec = field(default_factory=SplitSpec)

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: datasets.Features | None = None) -> str:
        """Name the cache by the source's files too, or a changed download would be answered from the old cache."""
        folder = config_kwargs.get("data_dir")
        if folder is not None and Path(folder).is_dir():
            config_kwargs = {**config_kwargs, "fingerprint": _fingerprint(Path(folder))}
        name = super().create_config_id(config_kwargs, custom_features)
        assert isinstance(name, str)
        return name


class BodySoundBuilder(datasets.ArrowBasedBuilder):  # type: ignore[misc, unused-ignore]
    """Reads an original download (``data_dir``) into splits without a shared person.

    It refuses a download with a broken recording: :func:`hf_auscult.data.prepare` sets those aside and says so.

    Raises:
        DataError: the layout is not the dataset's, or recordings are broken.
        LeakageError: the split leaks.
    """

    SPEC: ClassVar[DatasetSpec]
    BUILDER_CONFIG_CLASS = BodySoundConfig

    @property
    def task(self) -> TaskConfig:
        """The task of this config."""
        return self.SPEC.task(self.config.name)

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description=self.SPEC.title,
            features=task_features(self.SPEC, self.task),
            citation=self.SPEC.citation,
            homepage=self.SPEC.source_url,
            license=self.SPEC.licence,
        )

    def _split_generators(self, dl_manager: object) -> list[datasets.SplitGenerator]:
        if self.config.data_dir is None:
            raise DataError(f"no folder given for {self.SPEC.name}", remedy="pass data_dir=<the original download>")
        table = self.SPEC.read(Path(self.config.data_dir))
        results = owned(table.rows, list(annotated(table.rows, inspect_all(table.rows, table.root))))
        problems = [*table.problems, *(result for result in results if isinstance(result, Problem))]
        if problems:
            raise DataError(
                f"{len(problems)} unusable recordings, first: {problems[0].reason}",
                where=problems[0].path,
                remedy="use hf_auscult.data.prepare, which sets them aside and lists them",
            )
        rows = with_audio(table.rows, results)
        digests = {row["recording_id"]: row["audio_sha256"] for row in rows}
        twins = twins_of(table.rows, results)
        decided = plan(rows, self.SPEC, self.config.split, digests, [(pair.one, pair.other) for pair in twins])
        parts = by_split(with_people(rows, decided.people), decided.splits, decided.names)
        allowed = self.config.split.allow_leakage
        check_splits(parts, self.SPEC.name, twins=twins, people=decided.people, allow_leakage=allowed)
        selected = {name: self.task.select(part)[0] for name, part in parts.items()}
        return [
            datasets.SplitGenerator(name, gen_kwargs={"root": str(table.root), "rows": rows})
            for name, rows in selected.items()
            if rows  # the datasets library cannot hold a split without rows
        ]

    def _generate_tables(self, root: str, rows: list[Row]) -> Iterator[tuple[int, pa.Table]]:
        yield from enumerate(tables(rows, Path(root), self.info.features))


def builder_of(dataset: str | DatasetSpec) -> type[BodySoundBuilder]:
    """Make the builder class of a dataset: one config a task, the first by default.

    Args:
        dataset: name in ``DATASETS``, or a spec of your own.

    Raises:
        ConfigurationError: unknown dataset.

    Example:
        >>> builder_of("circor")(config_name="murmur", data_dir="circor-1.0.3").download_and_prepare()  # doctest: +SKIP
    """
    spec = dataset if isinstance(dataset, DatasetSpec) else find(dataset)
    version = datasets.Version("1.0.0")
    configs = [BodySoundConfig(name=task.name, version=version, description=spec.title) for task in spec.tasks]
    # The datasets library names its cache by the module.
    settings = {"__module__": f"{__package__}.catalogue.{spec.name}", "__doc__": spec.title, "SPEC": spec}
    settings |= {"BUILDER_CONFIGS": configs, "DEFAULT_CONFIG_NAME": spec.tasks[0].name}
    return type("".join(word.capitalize() for word in spec.name.split("_")), (BodySoundBuilder,), settings)


def _fingerprint(folder: Path) -> str:
    """SHA-256 over names, sizes and times of change of all files."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        stat = file.stat()
        digest.update(f"{file.relative_to(folder)}\t{stat.st_size}\t{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def task_features(spec: DatasetSpec, task: TaskConfig) -> datasets.Features:
    """Columns of one task's examples."""
    columns = features(spec.columns)
    if task.column is None:
        return columns
    label = label_feature(task.classes, task.target)
    own = {"label": label} if task.segments is None else segment_features(label)
    return datasets.Features({**columns, **own})


def with_audio(rows: Sequence[Row], results: Sequence[AudioInfo | Problem]) -> list[Row]:
    """Add what the audio says to each sound row, drop the others, sort by recording id."""
    sound = [
        {**row, "duration": info.duration, "sampling_rate": info.sampling_rate, "audio_sha256": info.audio_sha256}
        | {"size": info.size}
        for row, info in zip(rows, results, strict=True)
        if not isinstance(info, Problem)
    ]
    return sorted(sound, key=lambda row: str(row["recording_id"]))


def twins_of(rows: Sequence[Row], results: Sequence[AudioInfo | Problem]) -> list[Twins]:
    """Pairs of sound recordings that sound alike."""
    return find_twins(
        {
            str(row["recording_id"]): np.frombuffer(info.fingerprint, np.uint32)
            for row, info in zip(rows, results, strict=True)
            if not isinstance(info, Problem)
        }
    )


def by_split(rows: Sequence[Row], assignment: Mapping[str, str], names: Sequence[str]) -> dict[str, list[Row]]:
    """Rows of each split, in their order; rows without a split are in none."""
    parts: dict[str, list[Row]] = {name: [] for name in names}
    for row in rows:
        if row["recording_id"] in assignment:
            parts[assignment[row["recording_id"]]].append(row)
    return parts


def cell(row: Row, root: Path) -> dict[str, Any]:
    """The audio of an example: the original file's bytes, or for a segment a wav of exactly its samples."""
    data = (root / row["path"]).read_bytes()
    if "segment" in row:
        return cut(data, row["path"], row["segment"], row["segment_start"], row["segment_end"])
    return {"bytes": data, "path": row["path"]}


def tables(rows: Sequence[Row], root: Path, columns: datasets.Features) -> Iterator[pa.Table]:
    """Turn rows into tables of up to :data:`CHUNK` recordings, each with the original file's bytes inside."""
    schema = columns.arrow_schema
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        arrays: dict[str, Any] = {name: [row.get(name) for row in part] for name in columns if name != "audio"}
        arrays["audio"] = [cell(row, root) for row in part]
        yield pa.table({name: pa.array(arrays[name], schema.field(name).type) for name in columns}, schema=schema)
