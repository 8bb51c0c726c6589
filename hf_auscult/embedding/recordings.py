"""Many recordings to one Parquet file of embeddings: resumable, and nothing skipped without a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from ..audio import Waveform, read
from ..errors import AudioError, ConfigurationError, DataError, printable
from ..files import Serialisable, new_file, sole_writer, to_json, write_csv
from .embedder import Embedder
from .sources import Source, sources_of
from .store import PROVENANCE, EmbeddingStore, identity_of

PART = 64  # recordings an interrupted pass can lose
SILENT = "silent: all of its samples are equal"
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
    """

    output: str
    recordings: int
    embedded: int
    quarantined: int
    reused: int
    quarantine: str | None
    left_out: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def render(self) -> str:
        """What a person wants to know, a line each."""
        lines = [f"{name}: {value}" for name, value in self.to_dict().items() if name not in ("left_out", "notes")]
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
    progress: bool = True,
    overwrite: bool = False,
    resume: bool = False,
) -> EmbedReport:
    """Embed recordings into `output`, one row each; ``hf-auscult bench --model FILE.parquet`` reads it.

    The columns are `recording_id`, `segment`, `path`, `duration` (s), `content` (what was read: a file's size and time
    of change, a prepared recording's SHA-256) and `embedding`; the metadata say under `provenance` what made it: model,
    weights, front end, protocol and version. Folders are searched, see :func:`hf_auscult.audio.list_recordings`; a
    folder that ``prepare`` wrote gives all of its recordings. Recordings that cannot be used are listed in
    `<output>.quarantine.csv` with the reason. `output` appears only when it is complete. An interrupted call, repeated,
    continues where it stopped: what is another file by now is read again, and so is what could not be used.

    Args:
        model: a folder or Hub id.
        paths: files, folders and prepared datasets.
        output: Parquet file.
        protocol, batch_size, progress: see :func:`hf_auscult.embed`.
        overwrite: replace a finished file.
        resume: add to a finished file of the same model what it lacks, and read again what has changed.

    Raises:
        ConfigurationError: no recording among the paths, a path twice, an unknown protocol, a batch size below 1, a
            finished output, or one of another model to add to.
        DataError: not one recording can be used.
        OSError: no such model.
    """
    output = Path(output)
    if batch_size < 1:
        raise ConfigurationError(f"a batch of {batch_size} windows", remedy="give 1 or more")
    if output.is_dir():
        raise ConfigurationError("is a folder", where=output, remedy="name a file, for instance embeddings.parquet")
    with sole_writer(output):
        if output.exists() and not (overwrite or resume):
            remedy = "add --resume, --overwrite, or another name"
            raise ConfigurationError("is there already", where=output, remedy=remedy)
        return _Pass(model, output, protocol, batch_size, progress).run(paths, resume=resume)


class _Pass:
    """One call: what is known, what is missing, and what cannot be used."""

    def __init__(self, model: str, output: Path, protocol: str, batch_size: int, progress: bool) -> None:
        self.output, self.protocol, self.batch_size, self.progress = output, protocol, batch_size, progress
        self.quarantine = output.with_name(f"{output.name}.quarantine.csv")
        self.parts = output.with_name(f".{output.name}.parts")
        self.model = model
        self.failures: dict[Source, AudioError] = {}
        self.notes: dict[str, str] = {}

    def run(self, paths: Sequence[str | Path], *, resume: bool) -> EmbedReport:
        """Embed what is missing and write the file."""
        sources, left_out = sources_of(paths)
        left_out = {path: reason for path, reason in left_out.items() if not self._is_own(path)}
        embedder = Embedder(self.model)
        embedder.feature_extractor.policy(self.protocol)
        identity = identity_of(embedder.encoder, embedder.feature_extractor, self.protocol)
        store = EmbeddingStore(self.parts, {"model": self.model, **identity})
        if store.provenance() != store.made_by:
            store.clear()
        if resume and self.output.exists():
            sources = _Finished(self.output, store).add_to(sources)
        known = store.load()
        missing = [source for source in sources if source.key not in known]
        reused = len(sources) - len(missing)
        with tqdm(total=len(sources), initial=reused, unit="recording", disable=not self.progress) as bar:
            for start in range(0, len(missing), PART):
                self._embed(missing[start : start + PART], embedder, store, bar)
        good = [source for source in sources if source not in self.failures]
        self.quarantine.unlink(missing_ok=True)
        if self.failures:
            lines = [(one.path, type(error).__name__, str(error)) for one, error in self.failures.items()]
            write_csv(self.quarantine, ["path", "error", "reason"], lines)
        if not good:
            store.clear()
            raise DataError(f"none of {len(sources)} recordings can be used", where=self.quarantine, remedy="see there")
        table = _table(good, store)
        with new_file(self.output) as part:
            with part.open("wb") as stream:  # Arrow opens no name that is no Unicode; Python does
                pq.write_table(table, stream)
            store.clear()  # before the file takes its name: a call after that has nothing left to clean
        return EmbedReport(
            output=printable(self.output),
            recordings=len(sources),
            embedded=len(good),
            quarantined=len(self.failures),
            reused=reused,
            quarantine=printable(self.quarantine) if self.failures else None,
            left_out={printable(path): reason for path, reason in left_out.items()},
            notes=self.notes,
        )

    def _embed(self, part: Sequence[Source], embedder: Embedder, store: EmbeddingStore, bar: tqdm[NoReturn]) -> None:
        usable: dict[Source, float] = {}
        skipped: dict[int, AudioError] = {}
        waveforms = self._readable(part, usable, bar)
        encoded = list(embedder.rows(waveforms, batch_size=self.batch_size, protocol=self.protocol, skipped=skipped))
        were_read = list(usable)
        self.failures |= {were_read[index]: error for index, error in skipped.items()}
        kept = [source for source in were_read if source not in self.failures]
        rows = {source.key: row["pooler_output"] for source, row in zip(kept, encoded, strict=True)}
        store.write(rows, {source.key: usable[source] for source in kept})

    def _readable(
        self, sources: Sequence[Source], seconds: dict[Source, float], bar: tqdm[NoReturn]
    ) -> Iterator[Waveform]:
        """Read recordings one after another, noting how long each is, and those that cannot be read."""
        for source in sources:
            bar.update()
            try:
                waveform = read(source.cell())
            except AudioError as error:
                self.failures[source] = error
                continue
            note = waveform.note or (SILENT if not np.ptp(waveform.array) else "")
            if note:
                self.notes[printable(source.path)] = note
            seconds[source] = waveform.seconds
            yield waveform

    def _is_own(self, path: Path) -> bool:
        """Whether a file was written by such a call."""
        own = (self.output, self.quarantine, self.parts, self.output.with_name(f".{self.output.name}.lock"))
        return any(one.absolute() in (path.absolute(), *path.absolute().parents) for one in own)


def _table(sources: Sequence[Source], store: EmbeddingStore) -> pa.Table:
    known = store.load()
    vectors = np.asarray(known.rows(source.key for source in sources))
    columns = {
        "recording_id": pa.array([printable(source.recording_id) for source in sources], pa.string()),
        "segment": pa.array([source.segment for source in sources], pa.int32()),
        "path": pa.array([printable(source.path) for source in sources], pa.string()),
        "duration": pa.array([known.seconds[source.key] for source in sources], pa.float64()),
        "content": pa.array([source.content for source in sources], pa.string()),
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1]),
    }
    return pa.table(columns).replace_schema_metadata({PROVENANCE: to_json(store.made_by, indent=None)})


class _Finished:
    """A finished file that more is added to."""

    def __init__(self, output: Path, store: EmbeddingStore) -> None:
        try:
            with output.open("rb") as stream:
                self.table = pq.read_table(stream)
            made_by = json.loads((self.table.schema.metadata or {})[PROVENANCE])
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise DataError(f"not a file of embeddings ({error})", where=output, remedy="add --overwrite") from error
        changed = sorted(name for name in store.made_by if name != "model" and made_by.get(name) != store.made_by[name])
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
