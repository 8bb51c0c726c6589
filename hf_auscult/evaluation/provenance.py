"""What a result rests on: the prepared data, and the versions of the libraries."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .load import Task, leaks

_FACTS = ("audio_sha256", "split_sha256", "split", "complete", "presence", "warnings")


def facts_of(task: Task) -> dict[str, dict[str, Any]]:
    """Dataset -> hashes, split, warnings and whether the split leaks."""
    return {
        name: {
            "content_sha256": manifest["content_sha256"][task.spec.config],
            **{key: manifest[key] for key in _FACTS},
            "leaks": leaks(manifest),
        }
        for name, manifest in task.manifests.items()
    }


def versions() -> dict[str, str]:
    """Of the libraries that results can depend on."""
    found = {}
    for name in ("hf-auscult", "torch", "transformers", "datasets", "scikit-learn", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "source tree"
    return found
