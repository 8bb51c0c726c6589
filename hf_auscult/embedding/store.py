"""Many files to one Parquet file of embeddings: resumable, and nothing skipped without a reason."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from tqdm.auto import tqdm

from ..audio import read
from ..errors import AudioError, ConfigurationError
from .embedder import Embedder

SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".opus", ".webm", ".mp4", ".m4a"}
PART = 64  # recordings an interrupted pass can lose


@dataclass(frozen=True)
class EmbedReport:
    """What was written: rows in the Parquet file and in the quarantine list."""

    output: str
    recordings: int
    embedded: int
    quarantined: int
    reused: int
    quarantine: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


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

    Recordings that cannot be read are listed in `<output>.quarantine.csv` with the reason. An interrupted call,
    repeated, continues where it stopped; `output` appears only when it is complete.

    Raises:
        ConfigurationError: no audio file among the paths, or a path twice.
    """
    output = Path(output)
    files = list(_expand(paths))
    if not files:
        raise ConfigurationError("no audio files among the paths", remedy=f"give files ending in {sorted(SUFFIXES)}")
    if len(set(files)) != len(files):
        twice = next(path for path in files if files.count(path) > 1)
        raise ConfigurationError("given twice", where=twice, remedy="name every recording once")
    embedder = Embedder(model)
    embedder.feature_extractor.policy(protocol)
    parts = output.with_name(f".{output.name}.parts")
    settings = {
        "protocol": protocol,
        "front_end": embedder.feature_extractor.to_dict(),
        "encoder": embedder.encoder.config.to_dict(),
        "weights": weights_of(embedder),
    }
    _open_parts(parts, settings)
    done = {row["path"] for part in sorted(parts.glob("*.parquet")) for row in pq.read_table(part).to_pylist()}
    missing = [path for path in files if str(path) not in done]
    bar = tqdm(total=len(files), initial=len(files) - len(missing), unit="recording", disable=not progress)
    for start in range(0, len(missing), PART):
        rows = []
        for path in missing[start : start + PART]:
            rows.append(_row(embedder, path, protocol, batch_size))
            bar.update()
        temporary = parts / ".part.tmp"
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), temporary)
        temporary.rename(parts / f"{len(list(parts.glob('*.parquet'))):06d}.parquet")
    bar.close()
    table = pa.concat_tables(pq.read_table(part) for part in sorted(parts.glob("*.parquet")))
    found = {row["path"]: row for row in table.to_pylist()}
    rows = [found[str(path)] for path in files]
    good = [row for row in rows if row["error"] is None]
    bad = [row for row in rows if row["error"] is not None]
    quarantine = output.with_name(f"{output.name}.quarantine.csv")
    quarantine.unlink(missing_ok=True)
    if bad:
        with quarantine.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, ["path", "error", "reason"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(bad)
    temporary = output.with_name(f".{output.name}.tmp")
    pq.write_table(pa.Table.from_pylist(good, SCHEMA).select(["path", "duration", "embedding"]), temporary)
    temporary.rename(output)
    shutil.rmtree(parts)
    return EmbedReport(
        str(output), len(files), len(good), len(bad), len(files) - len(missing), str(quarantine) if bad else None
    )


SCHEMA = pa.schema(
    {
        "path": pa.string(),
        "duration": pa.float64(),
        "embedding": pa.list_(pa.float32()),
        "error": pa.string(),
        "reason": pa.string(),
    }
)


def _row(embedder: Embedder, path: Path, protocol: str, batch_size: int) -> dict[str, Any]:
    try:
        waveform = read(path)
        vector = embedder([waveform], protocol=protocol, batch_size=batch_size)[0]
    except AudioError as error:
        return {"path": str(path), "error": type(error).__name__, "reason": str(error)}
    return {"path": str(path), "duration": waveform.seconds, "embedding": vector}


def _expand(paths: Sequence[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.suffix.lower() in SUFFIXES)
        else:
            yield path


def weights_of(embedder: Embedder) -> str:
    """Identify an encoder by its weights: a folder can be written again under the same name."""
    digest = hashlib.sha256()
    for name, value in sorted(embedder.encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def _open_parts(parts: Path, settings: dict[str, Any]) -> None:
    """Keep the parts of an interrupted call with the same settings; start anew otherwise."""
    marker, wanted = parts / "settings.json", json.dumps(settings, sort_keys=True, default=str)
    if parts.is_dir() and not (marker.is_file() and marker.read_text() == wanted):
        shutil.rmtree(parts)
    parts.mkdir(parents=True, exist_ok=True)
    marker.write_text(wanted)
