"""Run by test_align.py under torchrun: three SGD steps of a tiny alignment, global batch 8."""

from __future__ import annotations

import json
import os
import sys

import torch
import torch.distributed as dist

from hf_auscult.cli import leave_process_group
from hf_auscult.training import AlignmentArguments, AlignmentCollator, AlignmentTrainer
from tests import tiny


def main(objective: str, folder: str, output: str) -> None:
    world = int(os.environ["WORLD_SIZE"])
    objective, _, form = objective.partition("/")
    steps = 2 if form == "grad_cache" and world > 1 else 1
    args = AlignmentArguments(
        folder,
        objective="infonce" if objective == "audio_only" else objective,
        alignment_weight=0.0 if objective == "audio_only" else 1.0,
        max_steps=3,
        per_device_train_batch_size=8 // world // steps,
        gradient_accumulation_steps=steps,
        grad_cache=steps > 1,
        memory_size=16 if form else 0,  # whole batches: which rows leave a batch first is no one's business
        memory_audio=bool(form),
        learning_rate=1e-3,
        warmup_steps=0,
        max_grad_norm=0.0,
        optim="sgd",
        lr_scheduler_type="constant",
        weight_decay=0.0,
        logging_steps=1,
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        ddp_backend="gloo",
    )
    model = tiny.model(dropout=0.0)
    trainer = AlignmentTrainer(
        model, args, train_dataset=tiny.dataset(24), data_collator=AlignmentCollator(tiny.EXTRACTOR)
    )
    trainer.train()
    assert args.world_size == world == (dist.get_world_size() if dist.is_initialized() else 1)
    if trainer.is_world_process_zero():
        losses = torch.tensor([entry["loss"] for entry in trainer.state.log_history if "loss" in entry])
        torch.save({"loss": losses, "state": trainer.accelerator.unwrap_model(trainer.model).state_dict()}, output)
        print(json.dumps({"processes": world}))
    leave_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
