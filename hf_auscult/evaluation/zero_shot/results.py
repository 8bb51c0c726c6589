"""Results of a zero-shot evaluation, and their files ``results.json`` and ``predictions.parquet``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ...files import write_table
from ..results import SplitCounts
from .direct import Direct
from .evaluation_set import EvaluationSet
from .pipeline import Pipeline
from .retrieval import Retrieval

SCHEMA = 2


@dataclass(frozen=True, eq=False)
class ZeroShotResult:
    """One model on one task, without a trained head.

    Args:
        dataset, task, classes: what is decided; of two classes the second is the positive one.
        model: name, what was given, fingerprint, teacher, objective, map, width of the shared space.
        second: the text model of the pipeline's second step.
        data: hashes, split and warnings of the prepared dataset.
        counts: split -> recordings, people, recordings a class.
        direct: class sentences alone.
        pipelines: one a mask.
        retrievals: retrieval both ways, one a mask.
        leaks: mask -> what its reports still give away; sources: mask -> what wrote them.
        contamination: why the model may know the test people; empty where nothing is known against it.
        settings: top_k, search, draws, seed.
        versions: of the libraries.
        command: what makes it again.
        seconds: part -> seconds.
        read: recordings encoded and texts read anew; the rest came from caches.
        plots: names in the folder ``plots``.
    """

    dataset: str
    task: str
    classes: tuple[str, ...]
    model: Mapping[str, Any]
    second: Mapping[str, Any]
    data: Mapping[str, Any]
    counts: Mapping[str, SplitCounts]
    direct: Direct
    pipelines: tuple[Pipeline, ...]
    retrievals: tuple[Retrieval, ...]
    leaks: Mapping[str, str]
    sources: Mapping[str, str]
    contamination: tuple[str, ...]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    command: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    read: Mapping[str, int] = field(default_factory=dict)
    plots: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON.

        Keys: ``schema``; those of this class; ``direct`` with ``rows``, ``sentences`` and ``wording`` (each ``name``
        and ``figures``: metric -> ``value``, ``interval``, ``problem``), ``worst`` and ``best`` (names of sentences),
        ``calibration`` and ``problem``; ``pipeline``, a list of ``mask``, ``distinct``, ``top_k`` and ``read`` (a list
        of ``against``, ``retrieved``, ``shuffled``, ``own``); ``retrieval``, a list of ``mask``, ``recordings``,
        ``texts``, ``figures``, ``chance`` and ``problem``. ``seconds`` and ``read`` alone differ between runs.
        """
        ends = self.direct.range()
        apart = ("direct", "pipelines", "retrievals")
        out: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in apart}
        out["counts"] = {name: asdict(counts) for name, counts in self.counts.items()}
        out["direct"] = {
            "rows": [asdict(row) for row in self.direct.rows],
            "sentences": [asdict(row) for row in self.direct.sentences],
            "wording": asdict(self.direct.wording),
            "worst": ends[0].name if ends else None,
            "best": ends[1].name if ends else None,
            "calibration": asdict(self.direct.calibration) if self.direct.calibration else None,
            "problem": self.direct.problem,
        }
        out["pipeline"] = [
            {
                "mask": pipeline.mask,
                "distinct": pipeline.distinct,
                "top_k": pipeline.top_k,
                "read": [asdict(read) for read in pipeline.read],
            }
            for pipeline in self.pipelines
        ]
        out["retrieval"] = [asdict(retrieval) for retrieval in self.retrievals]
        return {"schema": SCHEMA, **out}


def write_predictions(result: ZeroShotResult, tested: EvaluationSet, train: tuple[str, ...], folder: Path) -> Path:
    """Write ``predictions.parquet``: a row a test recording.

    Columns: ``example``, ``subject_id``, ``truth``; ``direct_cosine`` and ``direct_probability`` (null where it was not
    calibrated), a value a class; for every mask ``MASK_reports``, the training recordings whose reports were retrieved,
    best first, ``MASK_similarity``, and a cosine a class against names (``MASK_class_names``) and against sentences
    (``MASK_sentences``). The classes stand in the schema's metadata, separated by tabs.
    """
    columns: dict[str, Any] = {
        "example": list(tested.keys),
        "subject_id": [str(who) for who in tested.subjects],
        "truth": tested.truth.tolist(),
        "direct_cosine": result.direct.scores.tolist(),
    }
    if result.direct.probabilities is None:
        columns["direct_probability"] = pa.nulls(len(tested.keys), pa.list_(pa.float64()))
    else:
        columns["direct_probability"] = result.direct.probabilities.tolist()
    names = np.asarray(train, dtype=object)
    for pipeline in result.pipelines:
        columns[f"{pipeline.mask}_reports"] = names[pipeline.first[pipeline.neighbours]].tolist()
        columns[f"{pipeline.mask}_similarity"] = pipeline.similarity.tolist()
        for kind, scores in pipeline.scores.items():
            columns[f"{pipeline.mask}_{kind.replace(' ', '_')}"] = scores.tolist()
    table = pa.table(columns).replace_schema_metadata({"classes": "\t".join(tested.classes)})
    target = folder / "predictions.parquet"
    write_table(target, table)
    return target
