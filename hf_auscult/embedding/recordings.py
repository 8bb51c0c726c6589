"""Many recordings to one Parquet file of embeddings: resumable, and nothing skipped without a reason."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from tqdm.auto import tqdm

from ..cluster import Engine, check_engine, spread
from ..errors import AudioError, ConfigurationError, DataError, printable
from ..files import Serialisable, new_file, sole_writer, to_json, write_csv
from .embedder import Embedder, Encoded, encode_all
from .precision import MANY, SLOW_TO_START, Choice, Precision
from .sources import Cells, Source, sources_of
from .store import PROVENANCE, EmbeddingStore, Floats, identity_of, weights_of

Vectors = Literal["pooler_output", "audio_embeds"]
PART = 64  # recordings an interrupted pass can lose
GROUP = 4096  # rows of the table that are in memory at a time
SHOWN = 5  # files left out that a report names in words; the dictionary holds all


@dataclass(frozen=True)
class EmbedReport(Serialisable):
    """What was written.

    Args:
        output: the Parquet file.
        recordings: files that were taken.
        embedded: of these, rows in the file.
        quarantined: of these, rows in the list of those that cannot be used.
        reused: of these, embedded by an earlier call.
        quarantine: the list, if there is any.
        left_out: files and folders below the paths that are no recordings, with the reason.
        notes: recordings that were embedded although they are silent, or whose channels cancel each other.
        precision: how `fast` rows were made; None where they are exact.
    """

    output: str
    recordings: int
    embedded: int
    quarantined: int
    reused: int
    quarantine: str | None
    left_out: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    precision: Choice | None = None

    def render(self) -> str:
        """What a person wants to know, a line each."""
        aside = ("left_out", "notes", "precision")
        lines = [f"{name}: {value}" for name, value in self.to_dict().items() if name not in aside]
        lines += [self.precision.render()] if self.precision else []
        return "\n".join([*lines, *_some("left out", self.left_out), *(_some("odd", self.notes) if self.notes else [])])


def _some(title: str, reasons: Mapping[str, str]) -> list[str]:
    """How many, and the first few."""
    shown = [f"  {path}: {reason}" for path, reason in list(reasons.items())[:SHOWN]]
    more = [f"  and {len(reasons) - SHOWN} more (--json lists all)"] if len(reasons) > SHOWN else []
    return [f"{title}: {len(reasons)}", *shown, *more]


def embed_files(
    model: str,
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    protocol: str = "default",
    batch_size: int = 32,
    precision: Precision = "exact",
    progress: bool = True,
    overwrite: bool = False,
    resume: bool = False,
    vectors: Vectors = "pooler_output",
    engine: Engine = "local",
) -> EmbedReport:
    """Embed recordings into `output`, one row each; ``hf-auscult bench --model FILE.parquet`` reads it.

    The columns are `recording_id`, `segment`, `path`, `duration` (s), `content` (what was read: a file's size and time
    of change, a prepared recording's SHA-256) and `embedding`; the metadata say under `provenance` what made it: model,
    weights, front end, protocol and version. Folders are searched, see :func:`hf_auscult.audio.list_recordings`; a
    folder that ``prepare`` wrote gives all of its recordings. Recordings that cannot be used are listed in
    `<output>.quarantine.csv` with the reason. `output` appears only when it is complete. An interrupted call, repeated,
    continues where it stopped: what is another file by now is read again, and so is what could not be used. Memory does
    not grow with the embeddings: they reach the disk in parts, and the file in groups of rows.

    Args:
        model: a folder or Hub id.
        paths: files, folders and prepared datasets.
        output: Parquet file.
        protocol, batch_size, precision, progress: see :func:`hf_auscult.embed`; what `fast` was stands in the metadata.
        overwrite: replace a finished file.
        resume: add to a finished file of the same model what it lacks, and read again what has changed.
        vectors: what is written: the encoder's embedding, or, of an aligned model, `audio_embeds`, its place in the
            space that it shares with reports: ``hf-auscult zero-shot FILE.parquet`` reads these.
        engine: `local`, or `ray`: the cores, or GPUs, of all machines of a Ray cluster that share a filesystem; the
            file is the same, and what only one kind of machine can do fast (`precision="fast"`) is refused.

    Raises:
        ConfigurationError: no recording among the paths, a path twice, an unknown protocol, a batch size below 1, a
            finished output, one of another model to add to, an interrupted call of another precision, or no cluster.
        DataError: not one recording can be used.
        OSError: no such model.
    """
    settings = _Settings(protocol, batch_size, precision, progress, overwrite, resume, vectors, engine)
    (report,) = _embed({model: Path(output)}, paths, settings)
    return report


def embed_with_each(
    models: Sequence[str], paths: Sequence[str | Path], folder: str | Path, **settings: Any
) -> tuple[EmbedReport, ...]:
    """Embed recordings with several models in one pass, into `<folder>/<model's name>.parquet` each.

    Each recording is read once, and cut once for all models with equal extractors. One that a model cannot use is
    quarantined for all.

    Args:
        models: folders or Hub ids.
        paths: files, folders and prepared datasets.
        folder: of the Parquet files.
        settings: as of `embed_files`.

    Raises:
        ConfigurationError: as by `embed_files`, or two models of one name.
        DataError: not one recording can be used.
        OSError: no such model.
    """
    outputs = {model: Path(folder) / f"{model.rstrip('/').rpartition('/')[2]}.parquet" for model in models}
    if len(set(outputs.values())) < len(models):
        raise ConfigurationError(f"two of one name: {', '.join(models)}", remedy="give each a folder of its name")
    return _embed(outputs, paths, _Settings(**settings))


@dataclass(frozen=True)
class _Settings:
    """As of `embed_files`."""

    protocol: str = "default"
    batch_size: int = 32
    precision: Precision = "exact"
    progress: bool = True
    overwrite: bool = False
    resume: bool = False
    vectors: Vectors = "pooler_output"
    engine: Engine = "local"


def _embed(outputs: Mapping[str, Path], paths: Sequence[str | Path], settings: _Settings) -> tuple[EmbedReport, ...]:
    if settings.batch_size < 1:
        raise ConfigurationError(f"a batch of {settings.batch_size} windows", remedy="give 1 or more")
    check_engine(settings.engine)
    if settings.engine == "ray" and settings.precision != "exact":
        raise ConfigurationError("fast is another way on every machine", remedy="use --precision exact with ray")
    for output in outputs.values():
        if output.exists() and not output.is_file():
            what = "is a folder" if output.is_dir() else "is a device or a pipe"
            raise ConfigurationError(what, where=output, remedy="name a file, for instance embeddings.parquet")
    with ExitStack() as stack:
        for output in outputs.values():
            stack.enter_context(sole_writer(output))
            if output.exists() and not (settings.overwrite or settings.resume):
                remedy = "add --resume, --overwrite, or another name"
                raise ConfigurationError("is there already", where=output, remedy=remedy)
        sources, left_out = sources_of(paths)
        files = [_Output(model, output, sources, settings) for model, output in outputs.items()]
        left_out = {path: reason for path, reason in left_out.items() if not any(file.is_own(path) for file in files)}
        failures, notes = _encode(files, settings)
        return tuple(file.finish(failures, left_out, notes) for file in files)


def _encode(files: Sequence[_Output], settings: _Settings) -> tuple[dict[bytes, AudioError], dict[str, str]]:
    """Encode what any file lacks, for all of them: what cannot be used, and what is odd."""
    missing = list({source.key: source for file in files for source in file.missing}.values())
    skipped: dict[int, AudioError] = {}
    notes: dict[str, str] = {}
    seconds: dict[bytes, float] = {}
    encode = _on_ray if settings.engine == "ray" else _here
    for encoded in encode(files, missing, settings, skipped):
        source = missing[encoded.index]
        if encoded.note:
            notes[printable(source.path)] = encoded.note
        seconds[source.key] = encoded.seconds
        for file in files:
            file.pending[source.key] = encoded.rows[file.model][settings.vectors]
        if len(seconds) == PART:
            for file in files:
                file.flush(seconds)
            seconds = {}
    for file in files:
        file.flush(seconds)
    return {missing[index].key: error for index, error in sorted(skipped.items())}, notes


def _here(
    files: Sequence[_Output], sources: Sequence[Source], settings: _Settings, skipped: dict[int, AudioError]
) -> Iterator[Encoded]:
    """Encode in this process; what cannot be used is added to `skipped`."""
    return encode_all(
        {file.model: file.embedder for file in files},
        Cells(sources),
        batch_size=settings.batch_size,
        protocol=settings.protocol,
        progress=settings.progress,
        outputs=(settings.vectors,),
        skipped=skipped,
    )


def _on_ray(
    files: Sequence[_Output], sources: Sequence[Source], settings: _Settings, skipped: dict[int, AudioError]
) -> Iterator[Encoded]:
    """Encode on a cluster; what cannot be used is added to `skipped`."""
    weights = {file.model: weights_of(file.embedder.model) for file in files}
    starts = range(0, len(sources), PART)
    parts = spread(
        partial(_Encoder, weights, settings), [sources[start : start + PART] for start in starts], on_gpus=True
    )
    with tqdm(total=len(sources), desc="embed", unit="recording", disable=not settings.progress) as bar:
        for start, (rows, unusable) in zip(starts, parts, strict=True):
            skipped.update({start + index: error for index, error in unusable.items()})
            yield from (replace(row, index=start + row.index) for row in rows)
            bar.update(len(rows) + len(unusable))


class _Encoder:
    """The models in a worker, which must be those of whoever asked."""

    def __init__(self, weights: Mapping[str, str], settings: _Settings) -> None:
        device = "cuda" if torch.cuda.is_available() else None
        self.embedders = {model: Embedder(model, device=device) for model in weights}
        self.settings = settings
        for model, embedder in self.embedders.items():
            if weights_of(embedder.model) != weights[model]:
                raise ConfigurationError(
                    f"{socket.gethostname()} has other weights under this name",
                    where=model,
                    remedy="use a folder that all machines share, or a pinned revision",
                )

    def __call__(self, sources: Sequence[Source]) -> tuple[list[Encoded], dict[int, AudioError]]:
        for source in sources:
            if source.content and not Path(source.path if source.place is None else source.place[0]).exists():
                remedy = "keep recordings on a filesystem that all machines share"
                raise ConfigurationError(f"is not on {socket.gethostname()}", where=source.path, remedy=remedy)
        skipped: dict[int, AudioError] = {}
        rows = encode_all(
            self.embedders,
            Cells(sources),
            batch_size=self.settings.batch_size,
            protocol=self.settings.protocol,
            outputs=(self.settings.vectors,),
            skipped=skipped,
        )
        return list(rows), skipped


class _Output:
    """One file: what is known, what is missing, and what is written."""

    def __init__(self, model: str, output: Path, sources: list[Source], settings: _Settings) -> None:
        self.model, self.output = model, output
        self.quarantine = output.with_name(f"{output.name}.quarantine.csv")
        self.parts = output.with_name(f".{output.name}.parts")
        self.pending: dict[bytes, Floats] = {}
        adds = settings.resume and output.exists()
        # What is added to a file is made as its rows were.
        number = MANY if adds and _precision_of(output) in SLOW_TO_START else len(sources)
        self.embedder = Embedder(model, precision=settings.precision, recordings=number)
        self.embedder.feature_extractor.policy(settings.protocol)
        self.store = self._store(settings)
        self.sources = _Finished(output, self.store).add_to(sources) if adds else sources
        known = self.store.load()
        self.missing = [source for source in self.sources if source.key not in known]

    def _store(self, settings: _Settings) -> EmbeddingStore:
        """Where an interrupted call has left its rows; those of another model are removed."""
        embedder = self.embedder
        shared = settings.vectors != "pooler_output"  # these depend on the projection, too
        model = embedder.model if shared else embedder.encoder
        identity = identity_of(model, embedder.feature_extractor, settings.protocol, embedder.way)
        identity |= {"vectors": settings.vectors} if shared else {}
        fast = {} if embedder.choice is None else {"fast": embedder.choice.to_dict()}
        store = EmbeddingStore(self.parts, {"model": self.model, **identity, **fast})
        earlier = store.provenance()
        if {**earlier, "precision": "", "fast": ""} != {**store.made_by, "precision": "", "fast": ""}:
            store.clear()
        elif earlier["precision"] != embedder.way:
            raise ConfigurationError(
                f"an interrupted call has left rows that are {earlier['precision']}; these would be {embedder.way}",
                where=store.folder,
                remedy="repeat it with the same --precision, or delete the folder",
            )
        return store

    def is_own(self, path: Path) -> bool:
        """Whether a file was written by such a call."""
        own = (self.output, self.quarantine, self.parts, self.output.with_name(f".{self.output.name}.lock"))
        return any(one.absolute() in (path.absolute(), *path.absolute().parents) for one in own)

    def flush(self, seconds: Mapping[bytes, float]) -> None:
        """Put rows on disk."""
        self.store.write(self.pending, seconds)
        self.pending = {}

    def finish(
        self, failures: Mapping[bytes, AudioError], left_out: Mapping[Path, str], notes: Mapping[str, str]
    ) -> EmbedReport:
        """Write the file, and the list of what cannot be used."""
        bad = [source for source in self.sources if source.key in failures]
        good = [source for source in self.sources if source.key not in failures]
        self.quarantine.unlink(missing_ok=True)
        if bad:
            lines = [(one.path, type(failures[one.key]).__name__, str(failures[one.key])) for one in bad]
            write_csv(self.quarantine, ["path", "error", "reason"], lines)
        if not good:
            self.store.clear()
            raise DataError(
                f"none of {len(self.sources)} recordings can be used", where=self.quarantine, remedy="see there"
            )
        with new_file(self.output) as part:
            with part.open("wb") as stream:  # Arrow opens no name that is no Unicode; Python does
                _write(stream, good, self.store)
            self.store.clear()  # before the file takes its name: a call after that has nothing left to clean
        return EmbedReport(
            output=printable(self.output),
            recordings=len(self.sources),
            embedded=len(good),
            quarantined=len(bad),
            reused=len(self.sources) - len(self.missing),
            quarantine=printable(self.quarantine) if bad else None,
            left_out={printable(path): reason for path, reason in left_out.items()},
            notes=dict(notes),
            precision=self.embedder.choice,
        )


def _write(stream: BinaryIO, sources: Sequence[Source], store: EmbeddingStore) -> None:
    """Write the table, a group of rows in memory at a time."""
    known = store.load()
    width = known.parts[0].shape[1]
    types: dict[str, pa.DataType] = {
        "recording_id": pa.string(),
        "segment": pa.int32(),
        "path": pa.string(),
        "duration": pa.float64(),
        "content": pa.string(),
        "embedding": pa.list_(pa.float32(), width),
    }
    schema = pa.schema(list(types.items()), metadata={PROVENANCE: to_json(store.made_by, indent=None)})
    with pq.ParquetWriter(stream, schema) as writer:
        for start in range(0, len(sources), GROUP):
            group = sources[start : start + GROUP]
            vectors = np.asarray(known.rows(source.key for source in group))
            columns = {
                "recording_id": [printable(source.recording_id) for source in group],
                "segment": [source.segment for source in group],
                "path": [printable(source.path) for source in group],
                "duration": [known.seconds[source.key] for source in group],
                "content": [source.content for source in group],
                "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), width),
            }
            writer.write_table(pa.table(columns, schema=schema))


def _precision_of(output: Path) -> str:
    """How the rows of a finished file were made; empty of a file that is none, which is refused later."""
    try:
        with output.open("rb") as stream:
            metadata = pq.read_schema(stream).metadata or {}
        return str(json.loads(metadata[PROVENANCE])["precision"])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return ""


class _Finished:
    """A finished file that more is added to."""

    def __init__(self, output: Path, store: EmbeddingStore) -> None:
        try:
            with output.open("rb") as stream:
                self.table = pq.read_table(stream)
            made_by = json.loads((self.table.schema.metadata or {})[PROVENANCE])
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise DataError(f"not a file of embeddings ({error})", where=output, remedy="add --overwrite") from error
        changed = sorted(
            name for name in store.made_by if name not in ("model", "fast") and made_by.get(name) != store.made_by[name]
        )
        if changed:
            raise ConfigurationError(
                f"its embeddings are of another model or protocol: other {', '.join(changed)}",
                where=output,
                remedy="add --overwrite, or name another file",
            )
        self.store = store

    def add_to(self, sources: Sequence[Source]) -> list[Source]:
        """Bring its rows into the store; its recordings, those of the call in place of older ones, and new ones."""
        columns: dict[str, list[Any]] = self.table.drop_columns(["embedding"]).to_pydict()
        vectors = self.table["embedding"].combine_chunks().flatten().to_numpy().reshape(self.table.num_rows, -1)
        names = zip(columns["recording_id"], columns["segment"], columns["path"], columns["content"], strict=True)
        before = [Source(*values) for values in names]
        self.store.write(
            {source.key: vector for source, vector in zip(before, vectors, strict=True)},
            {source.key: seconds for source, seconds in zip(before, columns["duration"], strict=True)},
        )
        now = {(printable(source.path), source.segment): source for source in sources}
        merged = {(source.path, source.segment): source for source in before} | now
        return list(merged.values())
