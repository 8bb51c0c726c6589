"""Transformers' own classes, from a prepared dataset to a figure: `plain_trainer.py MODEL PREPARED TASK OUTPUT`."""

from __future__ import annotations

import sys
from pathlib import Path

from datasets import Audio, load_dataset
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification, Trainer, TrainingArguments, pipeline

import hf_auscult  # registers the classes
from hf_auscult.audio import read
from hf_auscult.evaluation.task import BenchmarkTask


def main(model_id: str, prepared: str, task: str, output: str, **settings: object) -> Trainer:
    """Fine-tune a classifier, hear one test recording, and measure the encoder on the test people."""
    data = load_dataset(prepared, task).cast_column("audio", Audio(decode=False))
    label = "label" if "label" in data["train"].features else f"label_{task}"
    names = data["train"].features[label].names
    extractor = AutoFeatureExtractor.from_pretrained(model_id)
    rows = data.map(lambda batch: {**extractor(batch["audio"]), "labels": batch[label]}, batched=True, batch_size=32)
    rows = rows.select_columns(["input_features", "window_seconds", "window_frames", "labels"])
    model = AutoModelForAudioClassification.from_pretrained(model_id, id2label=dict(enumerate(names)))
    args = TrainingArguments(output, eval_strategy="epoch", report_to="none", **settings)
    parts = {"train_dataset": rows["train"], "eval_dataset": rows["validation"]}
    trainer = Trainer(model, args, processing_class=extractor, **parts)
    trainer.train()
    trainer.save_model()
    heard = read(data["test"][0]["audio"], sampling_rate=extractor.sampling_rate)
    print(pipeline("audio-classification", output)({"array": heard.array, "sampling_rate": heard.sampling_rate}))
    spec = BenchmarkTask("mine", "T1", task, Path(prepared).name, task)
    result = hf_auscult.evaluate(output, spec, root=Path(prepared).parent).task("T1").results[0]
    print({metric: str(estimate.interval or estimate.value) for metric, estimate in result.figures.items()})
    return trainer


if __name__ == "__main__":
    main(*sys.argv[1:5])
