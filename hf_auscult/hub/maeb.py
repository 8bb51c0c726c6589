"""The tasks of this repository for `mteb` (its audio half is MAEB), and encoders of transformers as its models.

    import mteb
    import maeb  # this file, with maeb.json beside it

    mteb.evaluate(maeb.encoder("auscult/opera-ct"), maeb.benchmark())

Needs mteb, soundfile and, for recordings of another sampling rate than the encoder's, soxr; not hf_auscult. The scores
are mteb's own (a probe on few examples a class), not those of `hf-auscult bench`, and have no intervals over people.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLE = "maeb.json"


def benchmark(folder: str | Path | None = None, *, revision: str = "main") -> Any:
    """Return the suite as a `mteb.Benchmark`.

    Args:
        folder: of `maeb.json`; this file's if not given.
        revision: of the repository that holds the recordings.
    """
    import mteb

    table = json.loads((Path(folder or Path(__file__).parent) / TABLE).read_text("utf-8"))
    return mteb.Benchmark(
        name=table["suite"],
        tasks=[_task(entry, table["repository"], revision) for entry in table["tasks"]],
        description=table["description"],
        reference=table["reference"],
    )


def encoder(name: str, *, revision: str = "main", device: str | None = None) -> Any:
    """Return an encoder as a model of `mteb`.

    Args:
        name: a folder or Hub id of a model with a feature extractor for recordings of any length.
        revision: on the Hub.
        device: where to run; the processor if not given.
    """
    import torch
    from mteb.models import ModelMeta
    from mteb.models.abs_encoder import AbsEncoder
    from transformers import AutoFeatureExtractor, AutoModel

    settings: dict[str, Any] = {"revision": revision, "trust_remote_code": True}
    model = AutoModel.from_pretrained(name, **settings).eval().to(device or "cpu")
    model = getattr(model, "audio_encoder", model)  # of an aligned model
    extractor = AutoFeatureExtractor.from_pretrained(name, **settings)

    class Encoder(AbsEncoder):
        """Recordings to rows of the pooled output."""

        mteb_model_meta = ModelMeta.create_empty({"name": name, "revision": revision, "modalities": ["audio"]})

        @torch.inference_mode()
        def encode(self, inputs: Any, **_: Any) -> Any:
            rows = []
            for batch in inputs:
                recordings = [dict(recording) for recording in batch["audio"]]
                features = extractor(recordings, return_tensors="pt")
                rows.append(model(**features.to(model.device)).pooler_output.float().cpu())
            return torch.cat(rows)

    return Encoder()


def _task(entry: Mapping[str, Any], repository: str, revision: str) -> Any:
    from mteb.abstasks import AbsTaskClassification, AbsTaskRegression
    from mteb.abstasks.task_metadata import TaskMetadata

    value = entry["target"] == "value"
    own = {
        "metadata": TaskMetadata(
            name=entry["name"],
            description=entry["description"],
            reference=entry["reference"],
            dataset={"path": repository, "name": entry["config"], "revision": revision},
            type="Regression" if value else "AudioClassification",
            category="a2c",
            modalities=["audio"],
            eval_splits=entry["eval_splits"],
            eval_langs=["zxx-Zxxx"],
            main_score="mae" if value else "f1",
            domains=["Medical"],
            task_subtypes=[],
            license=entry["license"],
            annotations_creators="expert-annotated",
            dialect=[],
            sample_creation="found",
            bibtex_citation="",
        ),
        "input_column_name": "audio",
        "label_column_name": "target",
        "dataset_transform": lambda self, **_: setattr(self, "dataset", _decoded(self.dataset, entry["label"])),
    }
    return type(entry["name"], (AbsTaskRegression if value else AbsTaskClassification,), own)()


def _decoded(parts: Any, label: str) -> Any:
    """Return splits whose column `audio` is read on demand, without FFmpeg, and `target`; a row an annotated part."""
    from datasets import Audio, DatasetDict

    undecoded = parts.cast_column("audio", Audio(decode=False))
    return DatasetDict({name: _rows(part, label) for name, part in undecoded.items()})


def _rows(part: Any, label: str) -> Any:
    from datasets import Dataset

    examples: list[tuple[int, float, float | None, Any]] = []
    for index, target in enumerate(part[label]):
        if isinstance(target, list):
            examples += [(index, one["segment_start"], one["segment_end"], one["label"]) for one in target]
        elif target is not None:
            examples.append((index, 0.0, None, target))

    def read(batch: dict[str, Any]) -> dict[str, Any]:
        if "audio" in batch:
            asked = [examples[number] for number in batch["audio"]]
            batch["audio"] = [_sound(part[index]["audio"], start, end) for index, start, end, _ in asked]
        return batch

    rows = Dataset.from_dict({"audio": list(range(len(examples))), "target": [example[3] for example in examples]})
    return rows.with_transform(read)


def _sound(cell: Mapping[str, Any], start: float, end: float | None) -> dict[str, Any]:
    import soundfile

    wave, rate = soundfile.read(io.BytesIO(cell["bytes"]), dtype="float32", always_2d=True)
    stop = None if end is None else round(end * rate)
    return {"array": wave.mean(axis=1)[round(start * rate) : stop], "sampling_rate": rate}
