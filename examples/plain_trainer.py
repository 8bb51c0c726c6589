"""Nothing but transformers: `python examples/plain_trainer.py MODEL PREPARED TASK OUTPUT`."""

from __future__ import annotations

import sys

from datasets import Audio, load_dataset
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification, Trainer, TrainingArguments

import hf_auscult  # noqa: F401 - registers the classes


def main(model_id: str, prepared: str, task: str, output: str, **settings: object) -> Trainer:
    """Fine-tune a classifier on a prepared task with transformers' own `Trainer`."""
    data = load_dataset(prepared, task).cast_column("audio", Audio(decode=False))
    names = data["train"].features["label"].names
    extractor = AutoFeatureExtractor.from_pretrained(model_id)
    rows = data.map(lambda batch: {**extractor(batch["audio"]), "labels": batch["label"]}, batched=True, batch_size=32)
    rows = rows.select_columns(["input_features", "window_seconds", "window_frames", "labels"])
    model = AutoModelForAudioClassification.from_pretrained(model_id, id2label=dict(enumerate(names)))
    args = TrainingArguments(output, eval_strategy="epoch", report_to="none", **settings)
    parts = {"train_dataset": rows["train"], "eval_dataset": rows["validation"]}
    trainer = Trainer(model, args, processing_class=extractor, **parts)
    trainer.train()
    trainer.save_model()
    return trainer


if __name__ == "__main__":
    main(*sys.argv[1:5])
