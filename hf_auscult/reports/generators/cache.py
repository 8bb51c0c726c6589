"""Texts that were written before, one file each, so that none is asked for or paid for twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...files import default_cache, write_json
from .base import Failed, Outcome, Request, Written


def cache_key(system: str, user: str, settings: Mapping[str, Any], sample: tuple[int, int, int]) -> str:
    """Hash of everything that a text depends on: prompt, model, settings, and which of several draws it is.

    Example:
        >>> a, b = (cache_key("s", "u", {"model": name}, (0, 0, 0)) for name in ("x", "y"))
        >>> len(a), a == b
        (64, False)
    """
    parts = {"system": system, "user": user, "settings": dict(settings), "sample": sample}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class TextCache:
    """A folder of texts by key.

    A file appears whole or not at all, and several threads or processes may write: an interrupted run loses only what
    had not been answered yet.

    Args:
        folder: made when the first text is written; ``reports`` in :func:`hf_auscult.files.default_cache` by default.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder else default_cache() / "reports"

    def get(self, key: str) -> str | None:
        """Return the text, or None.

        Raises:
            DataError: a damaged file.
        """
        file = self._file(key)
        try:
            return str(json.loads(file.read_text("utf-8"))["text"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"damaged cache file ({error})", where=file, remedy="delete it; its text is written again"
            ) from error

    def put(self, key: str, text: str, about: Mapping[str, Any] | None = None) -> None:
        """Store a text with what is known of how it came about."""
        write_json(self._file(key), {"text": text, **(about or {})})

    def split(
        self, requests: Sequence[Request], key_of: Callable[[Request], str]
    ) -> tuple[list[tuple[int, Outcome]], dict[str, list[int]]]:
        """Part requests into outcomes that need no model, and the positions of the rest by key.

        Requests with the same key are one text, whoever they are for.
        """
        known: list[tuple[int, Outcome]] = []
        new: dict[str, list[int]] = {}
        for position, request in enumerate(requests):
            if not request.facts:
                known.append((position, Failed("no_facts", "the mask leaves nothing to state")))
                continue
            key = key_of(request)
            if key in new:
                new[key].append(position)
            elif (text := self.get(key)) is not None:
                known.append((position, Written(text)))
            else:
                new[key] = [position]
        return known, new

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
