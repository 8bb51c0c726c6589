"""The one store of embeddings: rows by what was read, in files that say what made them and are mapped into memory."""

from __future__ import annotations

import hashlib
import json
import mmap
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from ..errors import ConfigurationError, DataError
from ..files import new_file, remove_leftovers, to_json

Floats = npt.NDArray[np.float32]
PROVENANCE = b"provenance"


@dataclass(frozen=True, eq=False)
class StoredEmbeddings:
    """Rows of a store in some order, read from disk where they are asked for.

    `len(x)`, `x[i]` (D,), `x[a:b]` and `x[rows]` (again such sequences), `np.asarray(x)` (n, D) are as of an array.

    Args:
        parts: memory-mapped (rows, D) tables.
        places: (n, 2): table and row of every embedding.
    """

    parts: tuple[Floats, ...]
    places: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """(n, D)."""
        return len(self.places), self.parts[0].shape[1] if self.parts else 0

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, (slice, np.ndarray)):
            return StoredEmbeddings(self.parts, self.places[index])
        part, row = self.places[index]
        return np.array(self.parts[part][row])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("the embeddings lie apart; an array of them is a copy")
        gathered = np.empty(self.shape, np.float32)
        for index, part in enumerate(self.parts):
            mine = self.places[:, 0] == index
            gathered[mine] = part[self.places[mine, 1]]
        return gathered if dtype is None else gathered.astype(dtype)


@dataclass(frozen=True, eq=False)
class Contents:
    """What a store holds: where the row of every key is, and how long its recording was.

    Args:
        parts: memory-mapped (rows, D) tables.
        places: key -> table and row.
        seconds: key -> duration of the recording; NaN where none was given.
    """

    parts: tuple[Floats, ...]
    places: dict[bytes, tuple[int, int]]
    seconds: dict[bytes, float]

    def __contains__(self, key: bytes) -> bool:
        return key in self.places

    def rows(self, keys: Iterable[bytes]) -> StoredEmbeddings:
        """The embeddings of some keys, in their order.

        Raises:
            KeyError: one is not there.
        """
        places = np.array([self.places[key] for key in keys], np.int64).reshape(-1, 2)
        return StoredEmbeddings(self.parts, places)


class EmbeddingStore:
    """A folder of embeddings of one model with one choice of settings.

    A key says what was read: a recording with its size and time of change, a dataset's row, the hash of a text. Rows
    are written in parts, each whole or absent, by as many processes as like; :meth:`merge` makes one file of them. The
    files are Arrow's (`key`, `seconds`, `embedding`); their metadata hold the provenance as JSON.

    Args:
        folder: made when the first rows are written.
        provenance: what makes the rows: model, weights, settings, versions.
    """

    def __init__(self, folder: str | Path, provenance: Mapping[str, Any] | None = None) -> None:
        self.folder = Path(folder)
        self.made_by: dict[str, Any] = json.loads(to_json(provenance or {}))
        self._one_precision = False

    def load(self) -> Contents:
        """Map what is there.

        Raises:
            DataError: a damaged file (named).
        """
        parts: list[Floats] = []
        places: dict[bytes, tuple[int, int]] = {}
        seconds: dict[bytes, float] = {}
        for path in self._files("*"):
            try:
                batches = list(_batches(path))
            except FileNotFoundError:
                # Another run has just merged it into a newer file.
                return self.load()
            for batch, rows in batches:
                keys = batch.column("key").to_pylist()
                places.update({key: (len(parts), row) for row, key in enumerate(keys)})
                seconds.update(zip(keys, batch.column("seconds").to_numpy(), strict=True))
                parts.append(rows)
        return Contents(tuple(parts), places, seconds)

    def write(self, rows: Mapping[bytes, Floats], seconds: Mapping[bytes, float] | None = None) -> None:
        """Write some rows as one part; nothing where there are none.

        Raises:
            ConfigurationError: rows of another precision are there.
        """
        if not rows:
            return
        if not self._one_precision:
            self._refuse_mixture()
        keys = sorted(rows)
        flat = np.stack([rows[key] for key in keys]).astype(np.float32)
        width = flat.shape[1]
        columns = [
            pa.array(keys, pa.binary()),
            pa.array([(seconds or {}).get(key, np.nan) for key in keys], pa.float64()),
            pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), width),
        ]
        batch = pa.record_batch(columns, names=["key", "seconds", "embedding"])
        batch = batch.replace_schema_metadata({PROVENANCE: to_json(self.made_by, indent=None, sort_keys=True)})
        self._write("part", iter([batch]), hashlib.sha256(b"\0".join(keys)).hexdigest())

    def merge(self) -> None:
        """Make one file of all parts, a part in memory at a time; what killed runs left goes."""
        remove_leftovers(self.folder)
        parts = self._files("part-*")
        if len(parts) > 0:
            name = hashlib.sha256("".join(path.name for path in parts).encode()).hexdigest()
            self._write("table", (batch for path in parts for batch, _ in _batches(path)), name)
            for path in parts:
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def provenance(self) -> dict[str, Any]:
        """What made the rows that are there; empty before any.

        Raises:
            DataError: a damaged file (named).
        """
        for path in self._files("*"):
            try:
                batch, _ = next(_batches(path))
            except FileNotFoundError:
                return self.provenance()
            made_by: dict[str, Any] = json.loads(batch.schema.metadata[PROVENANCE])
            return made_by
        return {}

    def expect(self, provenance: Mapping[str, Any], *, same: Sequence[str]) -> None:
        """Say what makes the rows from here on, and compare it with what made the earlier ones.

        Args:
            provenance: of rows to come.
            same: what must not have changed.

        Raises:
            ConfigurationError: something of it has.
        """
        self.made_by = json.loads(to_json(provenance))
        earlier = self.provenance()
        changed = [name for name in same if earlier and earlier.get(name) != self.made_by.get(name)]
        if changed:
            raise ConfigurationError(
                f"the model is no longer the one that made the embeddings there: other {', '.join(changed)}",
                where=self.folder,
                remedy=f"pin its revision{_commit(earlier)}, or delete the folder",
            )

    def _refuse_mixture(self) -> None:
        earlier, mine = (by.get("precision", "exact") for by in (self.provenance() or self.made_by, self.made_by))
        if earlier != mine:
            raise ConfigurationError(
                f"its rows are {earlier}, these are {mine}: they do not belong in one store",
                where=self.folder,
                remedy="use the same precision, or delete the folder",
            )
        self._one_precision = True

    def _files(self, kind: str) -> list[Path]:
        return sorted(self.folder.glob(f"{kind}.arrow"))

    def _write(self, kind: str, batches: Iterator[pa.RecordBatch], name: str) -> None:
        with new_file(self.folder / f"{kind}-{name[:16]}.arrow") as part, part.open("wb") as sink:
            first = next(batches)
            with pa.ipc.new_file(sink, first.schema) as writer:
                writer.write_batch(first)
                for batch in batches:
                    writer.write_batch(batch)


def identity_of(model: Any, feature_extractor: Any, protocol: str, precision: str = "exact") -> dict[str, Any]:
    """Everything that a model's embeddings depend on: weights, configuration, front end, protocol, package version.

    Args:
        model, feature_extractor, protocol: of the embeddings.
        precision: `exact`, or how fast ones are made, see :class:`hf_auscult.embedding.precision.Choice`.
    """
    return {
        "protocol": protocol,
        "precision": precision,
        "front_end": feature_extractor.to_dict(),
        "encoder": {name: value for name, value in model.config.to_dict().items() if name != "_name_or_path"},
        "weights": weights_of(model),
        "version": version("hf-auscult"),
    }


def weights_of(model: torch.nn.Module) -> str:
    """Identify a model by its weights: a folder can be written again under the same name."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def fingerprint_of(identity: Mapping[str, Any]) -> str:
    """Hash of what embeddings depend on, see :func:`identity_of`."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()


def _commit(provenance: Mapping[str, Any]) -> str:
    return f" to {provenance['commit']}" if provenance.get("commit") else ""


def _batches(path: Path) -> Iterator[tuple[pa.RecordBatch, Floats]]:
    """Yield a file's batches with their embeddings, mapped."""
    try:
        with path.open("rb") as stream:  # Arrow itself opens no name that is no Unicode
            reader = pa.ipc.open_file(pa.py_buffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)))
        if PROVENANCE not in (reader.schema.metadata or {}):
            raise ValueError("no provenance")
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            rows = batch.column("embedding").flatten().to_numpy(zero_copy_only=True)
            yield batch, rows.reshape(batch.num_rows, -1)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(
            f"damaged cache file ({error})", where=path, remedy="delete it; its rows are made again"
        ) from error
