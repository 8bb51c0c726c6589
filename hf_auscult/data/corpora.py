"""Training corpora over several prepared datasets, without held-out or reserved subjects and without their audio."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from tqdm import tqdm

from ..errors import ConfigurationError, DataError
from ..files import Serialisable, check_folder, new_folder, to_json, write_json, write_text
from .audit import words_of
from .card import markdown_table
from .corpus_people import Key, Recording, barred, check_corpus, places, together
from .load import manifest_of, rows_of
from .manifest import CORPUS, DATA, task_columns
from .schema import features
from .splits import split_sha256
from .trained_on import salt_of
from .writing import check_name

WHOLE = "recordings"
"""The config of a prepared dataset that holds every recording."""


@dataclass(frozen=True)
class CorpusSpec:
    """A training corpus.

    Args:
        name: short name.
        members: dataset -> length of a random training crop in seconds; None for whole windows.
        source: where the paper says so.
        validation: share of the people of a dataset without a validation split that are held out for validation.
    """

    name: str
    members: Mapping[str, float | None]
    source: str
    validation: float = 0.1


CORPORA: Mapping[str, CorpusSpec] = {
    spec.name: spec
    for spec in (
        CorpusSpec(
            "auscultacorpus",
            dict.fromkeys(
                (
                    "sprsound",
                    "hf_lung",
                    "icbhi",
                    "kauh",
                    "resp_at_tr",
                    "cinc2016",
                    "circor",
                    "hsdreport",
                    "xh_heartsound",
                ),
                0.64,
            )
            | {"korean": 0.32, "bowel": 0.32},
            "AuscultaBase, section 4.2.3: 320 ms crops of Korean and bowel sounds, 640 ms of the others",
        ),
        CorpusSpec(
            "acula_alignment",
            dict.fromkeys(("icbhi", "hf_lung", "uk_covid19", "coughvid", "circor", "sprsound", "zchsound")),
            "AcuLa (arXiv:2512.04847), Table I",
        ),
    )
}


@dataclass
class CorpusReport(Serialisable):
    """What a corpus holds and what was left out of it.

    Args:
        corpus: its name.
        output: the folder written.
        absent: members that were not among the prepared datasets.
        kept: dataset -> split -> recordings.
        left_out: dataset -> reason -> recordings.
        warnings: of its datasets.
    """

    corpus: str
    output: Path
    absent: tuple[str, ...]
    kept: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def build_corpus(
    corpus: str | CorpusSpec,
    prepared: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    seed: int = 0,
    progress: bool = True,
) -> CorpusReport:
    """Assemble a corpus from prepared datasets.

    Left out are the subjects of every test split of the given datasets, reserved subjects, all who share a recording
    with one of them (byte-identical, or the same take in another form), and recordings without a subject id. The result
    is checked again before it is written.

    Args:
        corpus: name in ``CORPORA``, or a spec.
        prepared: prepared folders; members that are not among them are absent, others are only guarded against.
        output: new folder: ``data/{train,validation}-*.parquet`` with the common columns, ``crop_seconds``, ``source``
            and ``details`` (the dataset's own columns as JSON); a card; ``corpus.json``.
        seed: of the validation people.
        progress: show bars.

    Raises:
        ConfigurationError: unknown corpus, a dataset given twice, or an output folder that holds something.
        DataError: not a prepared folder with all of its recordings, no member among them, or no recording left.
        LeakageError: the finished corpus overlaps with held-out or reserved subjects.
    """
    spec = corpus if isinstance(corpus, CorpusSpec) else CORPORA.get(corpus)
    if spec is None:
        raise ConfigurationError(f"no corpus {corpus!r}", remedy=f"choose one of {', '.join(CORPORA)}")
    target = Path(output).absolute()
    check_name(target)
    check_folder(target)
    folders: dict[str, Path] = {}
    manifests: dict[str, dict[str, Any]] = {}
    for path in map(Path, prepared):
        manifest = manifest_of(path)
        name = manifest["dataset"]
        if name in folders:
            raise ConfigurationError(
                f"a second folder of {name}, after {folders[name]}", where=path, remedy="give each dataset once"
            )
        if WHOLE not in manifest["configs"]:
            raise DataError(
                f"has no config {WHOLE!r}, so not all of its people are known", where=path, remedy="prepare all tasks"
            )
        folders[name], manifests[name] = path, manifest
    members = [name for name in spec.members if name in folders]
    if not members:
        raise DataError(
            "none of the corpus's datasets is prepared", where=spec.name, remedy=f"prepare {list(spec.members)}"
        )
    listened = [item for name, path in folders.items() for item in _listen(name, path, progress)]
    person, alike = together(listened)
    reasons = barred(listened, person, alike)
    report = CorpusReport(
        spec.name,
        target,
        tuple(name for name in spec.members if name not in folders),
        warnings=tuple(f"{name}: {text}" for name in members for text in manifests[name]["warnings"]),
    )
    free = [item for item in listened if item.key not in reasons]
    placed = places(free, person, members, spec.validation, seed)
    if not placed:
        raise DataError("no recording is left to train on", where=spec.name, remedy="prepare with a training part")
    _count(report, members, listened, reasons, placed)
    check_corpus(spec.name, listened, placed)
    with new_folder(target) as folder:
        _write(spec, {name: folders[name] for name in members}, placed, folder / DATA, progress)
        # A model trained on the corpus lists its people under the same salts as one trained on the members.
        salts = {name: salt_of(name, folders[name]) for name in members}
        # Who is where, and what is heard: the counts alone are those of many corpora.
        hashes = {
            "split_sha256": split_sha256({"\t".join(key): part for key, part in placed.items()}),
            "audio_sha256": split_sha256({"\t".join(item.key): item.sha256 for item in listened if item.key in placed}),
        }
        write_json(folder / CORPUS, {**report.to_dict(), "output": target.name, "salts": salts, **hashes})
        write_text(folder / "README.md", _card(spec, report))
    return report


def _listen(name: str, folder: Path, progress: bool) -> Iterator[Recording]:
    for row in tqdm(_rows(folder), f"{name}: listen", unit="rec", disable=not progress):
        if row["source"] != name:
            raise DataError(
                f"recording {row['recording_id']} is of {row['source']!r}", where=folder, remedy="prepare it again"
            )
        key = (row["source"], row["recording_id"])
        yield Recording(
            key, row["subject_id"], row["__split__"], row["audio_sha256"], words_of(row["audio"]), row.get("person")
        )


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Every recording, a batch in memory at a time."""
    for file in sorted((folder / DATA).glob("*.parquet")):
        split = file.name.rpartition("-of-")[0].rpartition("-")[0]
        for rows in rows_of(file):
            for row in rows:
                yield {**row, "__split__": split}


def _count(
    report: CorpusReport,
    members: Sequence[str],
    listened: Sequence[Recording],
    reasons: Mapping[Key, str],
    placed: Mapping[Key, str],
) -> None:
    for name in members:
        own = [item.key for item in listened if item.key[0] == name]
        report.kept[name] = dict(sorted(Counter(placed[key] for key in own if key in placed).items()))
        report.left_out[name] = dict(Counter(reasons[key] for key in own if key in reasons).most_common())
        assert len(own) == sum(report.kept[name].values()) + sum(report.left_out[name].values()), "a recording was lost"


def _write(
    spec: CorpusSpec, folders: Mapping[str, Path], placed: Mapping[Key, str], target: Path, progress: bool
) -> None:
    columns = features({})
    columns["crop_seconds"] = datasets.Value("float64")
    # Every dataset has columns of its own; reports are written from them.
    columns["details"] = datasets.Value("string")
    schema = columns.arrow_schema
    target.mkdir(parents=True)
    counters: Counter[str] = Counter()
    writers: dict[str, pq.ParquetWriter] = {}
    try:
        for name, folder in folders.items():
            ignored = {*columns, *task_columns(manifest_of(folder))}
            for file in tqdm(sorted((folder / DATA).glob("*.parquet")), f"{name}: write", disable=not progress):
                for batch in rows_of(file):
                    rows = [row for row in batch if (row["source"], row["recording_id"]) in placed]
                    for split in ("train", "validation"):
                        part = [row for row in rows if placed[row["source"], row["recording_id"]] == split]
                        if not part:
                            continue
                        if split not in writers:
                            file_name = target / f"{split}-00000-of-00001.parquet"
                            writers[split] = pq.ParquetWriter(file_name, schema, compression="snappy")
                        for row in part:
                            own = {key: value for key, value in row.items() if key not in ignored}
                            row |= {"crop_seconds": spec.members[name], "details": to_json(own, indent=None)}
                        table = {column: [row[column] for row in part] for column in columns}
                        arrays = {key: pa.array(value, schema.field(key).type) for key, value in table.items()}
                        writers[split].write_table(pa.table(arrays, schema=schema))
                        counters[split] += len(part)
    finally:
        for writer in writers.values():
            writer.close()


def _card(spec: CorpusSpec, report: CorpusReport) -> str:
    digest = hashlib.sha256(json.dumps([report.kept, report.left_out], sort_keys=True).encode()).hexdigest()
    files = [{"split": split, "path": f"{DATA}/{split}-*.parquet"} for split in ("train", "validation")]
    config = {"config_name": "default", "description": f"content {digest}", "data_files": files}
    head = {"pretty_name": spec.name, "tags": ["body-sounds", "auscultation"], "configs": [config]}
    rows = [
        (
            *(name, str(kept.get("train", 0)), str(kept.get("validation", 0))),
            "; ".join(f"{count} {reason}" for reason, count in report.left_out[name].items()) or "-",
        )
        for name, kept in report.kept.items()
    ]
    lines = [
        "---",
        yaml.safe_dump(head, sort_keys=False).strip(),
        "---",
        "",
        f"# {spec.name}",
        "",
        f"{spec.source}. Original recordings, byte for byte; `crop_seconds` is the length of a random training crop, "
        "null for whole windows. Each row names its `source` and `licence`.",
        "",
        *(f"> **Warning**: {warning}\n" for warning in report.warnings),
        *([f"Not prepared here, so absent: {', '.join(report.absent)}.", ""] if report.absent else []),
        markdown_table(("dataset", "train", "validation", "left out"), rows),
        "",
        "No subject overlap: left out are the test subjects of the datasets it was assembled from, reserved test "
        "subjects, all who share audio with one of them, and recordings without a subject id.",
    ]
    return "\n".join(lines) + "\n"
