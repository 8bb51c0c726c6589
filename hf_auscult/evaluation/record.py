"""What is written down of a task: its data, its counts, and every prediction."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..files import write_table
from .examples import Examples
from .load import Task, leaks
from .scoring import Predictions
from .task import BenchmarkTask

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


def counts_of(examples: Examples) -> dict[str, Any]:
    """Split -> recordings, people and recordings a class; what balancing left out, as ``balance``."""
    out: dict[str, Any] = {}
    for part in np.unique(examples.split):
        rows = examples.split == part
        labels = examples.labels[rows]
        if examples.classes:
            names = np.asarray(examples.classes)
            per_class = (
                dict(zip(names.tolist(), labels.sum(axis=0).tolist(), strict=True))
                if labels.ndim == 2
                else dict(Counter(names[labels].tolist()))
            )
        else:
            per_class = {}
        people = len(np.unique(examples.subjects[rows]))
        out[str(part)] = {"recordings": int(rows.sum()), "people": people, "per_class": per_class}
        if len(examples.classes) == 2 and labels.ndim == 1:
            out[str(part)]["positive_people"] = len(np.unique(examples.subjects[rows][labels == 1]))
    if examples.balance:
        out["balance"] = {"table": list(examples.balance)}
    return out


def write_predictions(spec: BenchmarkTask, model: str, protocol: str, said: Predictions, output: Path) -> str:
    """One row a test recording: who, truth, and every run's probabilities (or values)."""
    name = f"predictions/{_plain(spec.key)}--{_plain(model)}--{protocol}.parquet"
    runs = said.runs.transpose(1, 0, 2)
    table = pa.table(
        {
            "example": list(said.keys),
            "subject_id": [str(who) for who in said.subjects],
            "truth": said.truth.tolist(),
            "scores": runs.tolist(),
        }
    ).replace_schema_metadata({"classes": "\t".join(said.classes)})
    write_table(output / name, table)
    return name


def _plain(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in text)


def versions() -> dict[str, str]:
    """Of the libraries that figures can depend on."""
    found = {}
    for name in ("hf-auscult", "torch", "transformers", "datasets", "scikit-learn", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "source tree"
    return found
