"""Many files to one Parquet file of embeddings: resumable, and nothing skipped without a reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
from tqdm.auto import tqdm

from ..audio import AUDIO_SUFFIXES, Waveform, list_recordings, read
from ..errors import AudioError, ConfigurationError, printable
from ..files import Serialisable, to_json, write_csv, write_table
from .embedder import Embedder
from .store import PROVENANCE, EmbeddingStore, identity_of

PART = 64  # recordings an interrupted pass can lose
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
    """

    output: str
    recordings: int
    embedded: int
    quarantined: int
    reused: int
    quarantine: str | None
    left_out: dict[str, str] = field(default_factory=dict)

    def render(self) -> str:
        """What a person wants to know, a line each."""
        lines = [f"{name}: {value}" for name, value in self.to_dict().items() if name != "left_out"]
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
    progress: bool = True,
) -> EmbedReport:
    """Embed files into `output`: one row a recording with `path`, `duration` (s) and `embedding`.

    Folders are searched, see :func:`hf_auscult.audio.list_recordings`. Recordings that cannot be used are listed in
    `<output>.quarantine.csv` with the reason. An interrupted call, repeated, continues where it stopped: files whose
    size or time of change is another are read again, and so are those that could not be used. `output` appears only
    when it is complete; its metadata say what made it. File names that are no Unicode are escaped.

    Raises:
        ConfigurationError: no recording among the paths, a path twice, an unknown protocol, a batch size below 1.
        OSError: no such model.
    """
    output = Path(output)
    if batch_size < 1:
        raise ConfigurationError(f"a batch of {batch_size} windows", remedy="give 1 or more")
    if output.is_dir():
        raise ConfigurationError("is a folder", where=output, remedy="name a file, for instance embeddings.parquet")
    quarantine, parts = output.with_name(f"{output.name}.quarantine.csv"), output.with_name(f".{output.name}.parts")
    files, left_out = _expand(paths)
    left_out = {path: reason for path, reason in left_out.items() if not _own(path, (output, quarantine, parts))}
    embedder = Embedder(model)
    embedder.feature_extractor.policy(protocol)
    store = EmbeddingStore(
        parts, {"model": model, **identity_of(embedder.encoder, embedder.feature_extractor, protocol)}
    )
    if store.provenance() != store.made_by:
        store.clear()
    keys = {path: _key(path) for path in files}
    known = store.load()
    missing = [path for path in files if keys[path] not in known]
    failures: dict[Path, AudioError] = {}
    with tqdm(total=len(files), initial=len(files) - len(missing), unit="recording", disable=not progress) as bar:
        for start in range(0, len(missing), PART):
            part = missing[start : start + PART]
            keys |= {path: _key(path) for path in part}
            usable: dict[Path, float] = {}
            skipped: dict[int, AudioError] = {}
            waveforms = _readable(part, usable, failures, bar)
            encoded = list(embedder.rows(waveforms, batch_size=batch_size, protocol=protocol, skipped=skipped))
            paths_read = list(usable)
            failures |= {paths_read[index]: error for index, error in skipped.items()}
            kept = [path for path in paths_read if path not in failures]
            rows = {keys[path]: row["pooler_output"] for path, row in zip(kept, encoded, strict=True)}
            seconds = {keys[path]: usable[path] for path in kept}
            store.write(rows, seconds)
    known = store.load()
    good = [path for path in files if path not in failures]
    vectors = np.asarray(known.rows(keys[path] for path in good))
    columns = {
        "path": pa.array([printable(path) for path in good], pa.string()),
        "duration": pa.array([known.seconds[keys[path]] for path in good], pa.float64()),
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1] or 1),
    }
    quarantine.unlink(missing_ok=True)
    if failures:
        lines = [(str(path), type(error).__name__, str(error)) for path, error in failures.items()]
        write_csv(quarantine, ["path", "error", "reason"], lines)
    made_by = {PROVENANCE: to_json(store.made_by, indent=None)}
    write_table(output, pa.table(columns).replace_schema_metadata(made_by))
    store.clear()
    return EmbedReport(
        output=printable(output),
        recordings=len(files),
        embedded=len(good),
        quarantined=len(failures),
        reused=len(files) - len(missing),
        quarantine=printable(quarantine) if failures else None,
        left_out={printable(path): reason for path, reason in left_out.items()},
    )


def _readable(
    paths: Sequence[Path], seconds: dict[Path, float], failures: dict[Path, AudioError], bar: tqdm[NoReturn]
) -> Iterator[Waveform]:
    """Read files one after another, noting how long each is, and those that cannot be read."""
    for path in paths:
        bar.update()
        try:
            waveform = read(path)
        except AudioError as error:
            failures[path] = error
        else:
            seconds[path] = waveform.seconds
            yield waveform


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
