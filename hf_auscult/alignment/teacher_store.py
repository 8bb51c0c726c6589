"""What a teacher has read, on disk: Arrow files that are mapped into memory, never copied there as a whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import ConfigurationError, DataError

Floats = npt.NDArray[np.float32]
PROVENANCE = "provenance.json"
# What must be the same for two readings to belong into one store.
IDENTITY = ("commit", "tokenizer_sha256", "width")


@dataclass(frozen=True, eq=False)
class EmbeddedTexts:
    """The teacher's vectors of a sequence of texts, in its order: read from disk where they are asked for.

    `len(x)`, `x[i]` (D,), `x[a:b]` (again such a sequence), `np.asarray(x)` (n, D) behave as of an array.

    Args:
        parts: memory-mapped (rows, D) tables.
        places: (n, 2): table and row of every text.
    """

    parts: tuple[Floats, ...]
    places: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """(n, D)."""
        return len(self.places), self.parts[0].shape[1]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return EmbeddedTexts(self.parts, self.places[index])
        part, row = self.places[index]
        return np.array(self.parts[part][row])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("the vectors lie apart; an array of them is a copy")
        gathered = np.empty(self.shape, np.float32)
        for index, part in enumerate(self.parts):
            mine = self.places[:, 0] == index
            gathered[mine] = part[self.places[mine, 1]]
        return gathered if dtype is None else gathered.astype(dtype)


class TeacherStore:
    """A folder of embeddings, found by the hash of their text.

    Files are written whole under another name and then renamed; readers never see half of one.

    Args:
        folder: one for every setting of a teacher.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> tuple[tuple[Floats, ...], dict[bytes, tuple[int, int]]]:
        """Return the mapped tables, and where in them each text is.

        Raises:
            DataError: a damaged file (named).
        """
        parts: list[Floats] = []
        places: dict[bytes, tuple[int, int]] = {}
        for path in self._files():
            try:
                found = list(_tables(path))
            except FileNotFoundError:
                # Another run has just merged it into a newer file.
                return self.load()
            for keys, vectors in found:
                places.update({key: (len(parts), row) for row, key in enumerate(keys)})
                parts.append(vectors)
        return tuple(parts), places

    def write(self, vectors: Mapping[bytes, Floats]) -> None:
        """Write the embeddings of some texts as one part."""
        keys = sorted(vectors)
        table = np.stack([vectors[key] for key in keys]).astype(np.float32)
        self._write("part", iter([(keys, table)]), hashlib.sha256(b"".join(keys)).hexdigest())

    def merge(self) -> None:
        """Make one file of all parts, a part in memory at a time."""
        found = sorted(self.folder.glob("part-*.arrow"))
        if not found:
            return
        names = hashlib.sha256("".join(path.name for path in found).encode()).hexdigest()
        self._write("table", (table for path in found for table in _tables(path)), names)
        for path in found:
            path.unlink(missing_ok=True)

    def record(self, provenance: Mapping[str, Any]) -> None:
        """Keep where the embeddings come from, or compare with where earlier ones came from.

        Raises:
            ConfigurationError: other weights or another tokenizer under the same name.
        """
        path = self.folder / PROVENANCE
        if not path.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.folder / f".{PROVENANCE}.{os.getpid()}.tmp"
            temporary.write_text(json.dumps(provenance, indent=2, sort_keys=True) + "\n")
            temporary.replace(path)
            return
        known = self.provenance()
        changed = [key for key in IDENTITY if known.get(key) != provenance.get(key)]
        if changed:
            raise ConfigurationError(
                f"the teacher is no longer the one these texts were read with: other {', '.join(changed)}",
                where=path,
                remedy=f"pin teacher.revision to {known.get('commit') or 'one commit'}, or delete the folder",
            )

    def provenance(self) -> dict[str, Any]:
        """Return what :meth:`record` kept; empty where nothing was read yet.

        Raises:
            DataError: not JSON.
        """
        path = self.folder / PROVENANCE
        if not path.is_file():
            return {}
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except ValueError as error:
            raise DataError(
                f"damaged ({error})", where=path, remedy="delete the folder; its texts are read again"
            ) from error
        return found

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.arrow"))

    def _write(self, kind: str, tables: Iterator[tuple[Sequence[bytes], Floats]], name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{name[:16]}.{os.getpid()}.tmp"
        writer = None
        with pa.OSFile(str(temporary), "wb") as sink:
            for keys, vectors in tables:
                width = vectors.shape[1]
                schema = pa.schema([("text", pa.binary(32)), ("embedding", pa.list_(pa.float32(), width))])
                writer = writer or pa.ipc.new_file(sink, schema)
                rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), width)
                writer.write_batch(pa.record_batch([pa.array(keys, pa.binary(32)), rows], schema=schema))
            if writer is not None:
                writer.close()
        temporary.replace(self.folder / f"{kind}-{name[:16]}.arrow")


def _tables(path: Path) -> Iterator[tuple[list[bytes], Floats]]:
    """Yield the keys and the mapped vectors of a file's batches."""
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            vectors = batch.column("embedding").flatten().to_numpy(zero_copy_only=True)
            yield batch.column("text").to_pylist(), vectors.reshape(batch.num_rows, -1)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(
            f"damaged cache file ({error})", where=path, remedy="delete it; its texts are read again"
        ) from error
