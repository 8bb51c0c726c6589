"""What an objective remembers of earlier batches: the teacher's vectors, and the recordings as they were then."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..errors import ConfigurationError, DataError


class EmbeddingMemory:
    """The newest `size` pairs, first in, first out, held alike by every process.

    Reports are kept as the frozen teacher read them and projected anew when used: unlike the recordings, which are
    kept as they were projected then, they never grow stale.

    Args:
        size: how many pairs.

    Example:
        >>> memory = EmbeddingMemory(3)
        >>> memory.push(text=torch.tensor([[1.0], [2.0]]))
        >>> memory.push(text=torch.tensor([[3.0], [4.0]]))
        >>> memory.rows["text"].flatten().tolist()
        [2.0, 3.0, 4.0]
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ConfigurationError(f"a memory of {size} pairs", remedy="use 1 or more")
        self.size = size
        self.rows: dict[str, torch.Tensor] = {}

    def __len__(self) -> int:
        return len(next(iter(self.rows.values()))) if self.rows else 0

    def push(self, **rows: torch.Tensor) -> None:
        """Add a batch: equally many rows under the same names each time."""
        if self.rows and set(rows) != set(self.rows):
            raise DataError(f"batches with {sorted(rows)} and with {sorted(self.rows)}", where="embedding memory")
        for name, new in rows.items():
            old = self.rows.get(name)
            new = new.detach()
            self.rows[name] = (new if old is None else torch.cat([old, new]))[-self.size :].clone()

    def save(self, path: Path) -> None:
        """Write the memory; a resumed run goes on with it."""
        save_file({name: rows.contiguous().cpu() for name, rows in self.rows.items()}, path)

    def load(self, path: Path, device: torch.device | str = "cpu") -> None:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: no such file: the checkpoint is of a run without a memory.
        """
        if not path.is_file():
            raise DataError("the checkpoint holds no memory", where=path, remedy="start anew or set memory_size to 0")
        self.rows = load_file(path, device=str(device))
