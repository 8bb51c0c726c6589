"""Many files to one Parquet file of embeddings: resumable, and nothing skipped without a reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from ..audio import AUDIO_SUFFIXES, list_recordings
from ..errors import AudioError, ConfigurationError, printable
from ..files import Serialisable, new_file, to_json, write_csv
from .embedder import Embedder, Encoded, encode_all
from .precision import Choice, Precision
from .store import PROVENANCE, EmbeddingStore, Floats, identity_of

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
        reused: of these, embedded by an earlier, interrupted call.
        quarantine: the list, if there is any.
        left_out: files and folders below the paths that are no recordings, with the reason.
        precision: how `fast` rows were made; None where they are exact.
    """

    output: str
    recordings: int
    embedded: int
    quarantined: int
    reused: int
    quarantine: str | None
    left_out: dict[str, str] = field(default_factory=dict)
    precision: Choice | None = None

    def render(self) -> str:
        """What a person wants to know, a line each."""
        lines = [f"{name}: {value}" for name, value in self.to_dict().items() if name not in ("left_out", "precision")]
        lines += [self.precision.render()] if self.precision else []
        shown = [f"  {path}: {reason}" for path, reason in list(self.left_out.items())[:SHOWN]]
        more = [f"  and {len(self.left_out) - SHOWN} more (--json lists all)"] if len(self.left_out) > SHOWN else []
        return "\n".join([*lines, f"left out: {len(self.left_out)}", *shown, *more])


def embed_files(
    model: str,
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    protocol: str = "default",
    batch_size: int = 32,
    precision: Precision = "exact",
    progress: bool = True,
) -> EmbedReport:
    """Embed files into `output`: one row a recording with `path`, `duration` (s) and `embedding`.

    Folders are searched, see :func:`hf_auscult.audio.list_recordings`. Recordings that cannot be used are listed in
    `<output>.quarantine.csv` with the reason. An interrupted call, repeated, continues where it stopped: files whose
    size or time of change is another are read again, and so are those that could not be used. `output` appears only
    when it is complete; its metadata say what made it, the way and the gain of `fast` included. File names that are no
    Unicode are escaped. Memory does not grow with the embeddings: they go to disk in parts.

    Raises:
        ConfigurationError: no recording among the paths, a path twice, an unknown protocol, a batch size below 1, or
            an interrupted call of another precision.
        OSError: no such model.
    """
    outputs = {model: Path(output)}
    (report,) = _embed(outputs, paths, protocol, batch_size=batch_size, precision=precision, progress=progress)
    return report


def embed_with_each(
    models: Sequence[str],
    paths: Sequence[str | Path],
    folder: str | Path,
    *,
    protocol: str = "default",
    batch_size: int = 32,
    precision: Precision = "exact",
    progress: bool = True,
) -> tuple[EmbedReport, ...]:
    """Embed files with several models in one pass, into `<folder>/<model's name>.parquet`, as `embed_files` would.

    Each recording is read once, and cut once for all models with equal extractors. One that a model cannot use is
    quarantined for all.

    Raises:
        ConfigurationError: as by `embed_files`, or two models of one name.
        OSError: no such model.
    """
    outputs = {model: Path(folder) / f"{model.rstrip('/').rpartition('/')[2]}.parquet" for model in models}
    if len(set(outputs.values())) < len(models):
        raise ConfigurationError(f"two of one name: {', '.join(models)}", remedy="give each a folder of its name")
    return _embed(outputs, paths, protocol, batch_size=batch_size, precision=precision, progress=progress)


def _embed(
    outputs: Mapping[str, Path],
    paths: Sequence[str | Path],
    protocol: str,
    *,
    batch_size: int,
    precision: Precision,
    progress: bool,
) -> tuple[EmbedReport, ...]:
    if batch_size < 1:
        raise ConfigurationError(f"a batch of {batch_size} windows", remedy="give 1 or more")
    for output in outputs.values():
        if output.is_dir():
            raise ConfigurationError("is a folder", where=output, remedy="name a file, for instance embeddings.parquet")
    files, left_out = _expand(paths)
    written = [path for output in outputs.values() for path in (output, _quarantine(output), _parts(output))]
    left_out = {path: reason for path, reason in left_out.items() if not _own(path, written)}
    embedders = {model: Embedder(model, precision=precision) for model in outputs}
    stores = {model: _store(model, embedders[model], output, protocol) for model, output in outputs.items()}
    keys = {path: _key(path) for path in files}
    known = [store.load() for store in stores.values()]
    missing = [path for path in files if any(keys[path] not in contents for contents in known)]
    reused = len(files) - len(missing)

    def current() -> Iterator[Path]:
        for path in missing:
            keys[path] = _key(path)  # as it is when it is read
            yield path

    skipped: dict[int, AudioError] = {}
    pending: dict[str, dict[bytes, Floats]] = {model: {} for model in outputs}
    seconds: dict[bytes, float] = {}

    def flush() -> None:
        for model, rows in pending.items():
            stores[model].write(rows, seconds)
            rows.clear()
        seconds.clear()

    with tqdm(total=len(files), initial=reused, unit="recording", disable=not progress) as bar:
        encoded_all = encode_all(embedders, current(), batch_size=batch_size, protocol=protocol, skipped=skipped)
        for index, encoded in _numbered(encoded_all, skipped):
            key = keys[missing[index]]
            seconds[key] = encoded.seconds
            for model, rows in encoded.rows.items():
                pending[model][key] = rows["pooler_output"]
            if len(seconds) >= PART:
                flush()
            bar.update(index + 1 + reused - bar.n)
    flush()
    failures = {missing[index]: error for index, error in sorted(skipped.items())}
    good = [path for path in files if path not in failures]
    reports = []
    for model, output in outputs.items():
        quarantine = _quarantine(output)
        quarantine.unlink(missing_ok=True)
        if failures:
            lines = [(str(path), type(error).__name__, str(error)) for path, error in failures.items()]
            write_csv(quarantine, ["path", "error", "reason"], lines)
        _write_rows(output, stores[model], good, keys)
        stores[model].clear()
        reports.append(
            EmbedReport(
                output=printable(output),
                recordings=len(files),
                embedded=len(good),
                quarantined=len(failures),
                reused=reused,
                quarantine=printable(quarantine) if failures else None,
                left_out={printable(path): reason for path, reason in left_out.items()},
                precision=embedders[model].choice,
            )
        )
    return tuple(reports)


def _store(model: str, embedder: Embedder, output: Path, protocol: str) -> EmbeddingStore:
    """Where an interrupted call has left its rows; those of another model are removed."""
    embedder.feature_extractor.policy(protocol)
    identity = identity_of(embedder.encoder, embedder.feature_extractor, protocol, embedder.way)
    fast = {} if embedder.choice is None else {"fast": embedder.choice.to_dict()}
    store = EmbeddingStore(_parts(output), {"model": model, **identity, **fast})
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


def _write_rows(output: Path, store: EmbeddingStore, paths: Sequence[Path], keys: Mapping[Path, bytes]) -> None:
    """Write the table, a group of rows in memory at a time."""
    known = store.load()
    made_by = {PROVENANCE: to_json(store.made_by, indent=None)}
    width = known.parts[0].shape[1] if known.parts else 1
    names, types = ("path", "duration", "embedding"), (pa.string(), pa.float64(), pa.list_(pa.float32(), width))
    schema = pa.schema(zip(names, types, strict=True), metadata=made_by)
    # Arrow opens no name that is no Unicode; Python does.
    with new_file(output) as part, part.open("wb") as stream, pq.ParquetWriter(stream, schema) as writer:
        for start in range(0, len(paths), GROUP):
            group = paths[start : start + GROUP]
            vectors = np.asarray(known.rows(keys[path] for path in group))
            columns = [
                pa.array([printable(path) for path in group], pa.string()),
                pa.array([known.seconds[keys[path]] for path in group], pa.float64()),
                pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), width),
            ]
            writer.write_table(pa.table(columns, schema=schema))


def _numbered(encoded: Iterator[Encoded], skipped: Mapping[int, AudioError]) -> Iterator[tuple[int, Encoded]]:
    """With the position of each recording: those that were skipped give nothing."""
    index = 0
    for one in encoded:
        while index in skipped:
            index += 1
        yield index, one
        index += 1


def _quarantine(output: Path) -> Path:
    return output.with_name(f"{output.name}.quarantine.csv")


def _parts(output: Path) -> Path:
    return output.with_name(f".{output.name}.parts")


def _expand(paths: Sequence[str | Path]) -> tuple[list[Path], dict[Path, str]]:
    """The recordings among files and folders, in order, and what is left out."""
    files: list[Path] = []
    left_out: dict[Path, str] = {}
    for path in map(Path, paths):
        if path.is_dir():
            listing = list_recordings(path)
            files += listing.recordings
            left_out |= listing.left_out
        else:
            files.append(path)
    if not files:
        names = ", ".join(sorted(AUDIO_SUFFIXES))
        raise ConfigurationError("no recordings among the paths", remedy=f"give files ending in {names}")
    path, count = Counter(files).most_common(1)[0]
    if count > 1:
        raise ConfigurationError("given twice", where=path, remedy="name every recording once")
    return files, left_out


def _own(path: Path, written: Sequence[Path]) -> bool:
    """Whether a file was written by such a call."""
    return any(own.absolute() in (path.absolute(), *path.absolute().parents) for own in written)


def _key(path: Path) -> bytes:
    """What is read: another file under the same name is another recording."""
    try:
        status = path.stat()
    except OSError:
        return b""  # reading it says better what is wrong
    return b"%b\t%d\t%d" % (os.fsencode(path), status.st_size, status.st_mtime_ns)
