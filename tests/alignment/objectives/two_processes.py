"""Run by test_forms.py under torchrun: every objective on rows that two processes share, through DDP."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from hf_auscult.alignment.objectives import get
from hf_auscult.training.large_batches import CachedLoss, gather_rows
from tests.alignment.objectives.pairs import NAMES, related

IDS = torch.arange(24) // 2


class Towers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.audio, self.text = nn.Linear(16, 8), nn.Linear(16, 8)
        self.scale, self.bias = nn.Parameter(torch.tensor(1.5)), nn.Parameter(torch.tensor(-2.0))
        self.double()

    def forward(self, pair):
        audio, text = pair
        return {"audio": self.audio(audio), "text": self.text(text), "scale": self.scale.exp(), "bias": self.bias * 1}


def objective(name, found, ids):
    return get(name)(
        gather_rows(found["audio"]),
        gather_rows(found["text"]),
        logit_scale=found["scale"],
        logit_bias=found["bias"],
        text_ids=gather_rows(ids),
    )


def gradients(model):
    return {
        key: torch.zeros_like(value) if value.grad is None else value.grad for key, value in model.named_parameters()
    }


def one_batch(name):
    """Loss and gradients of all rows in one process."""
    model = Towers()
    loss = objective(name, model(related()), IDS)
    loss.backward()
    return float(loss.detach()), gradients(model)


def main(folder: Path) -> None:
    dist.init_process_group("gloo")
    mine = slice(12 * dist.get_rank(), 12 * dist.get_rank() + 12)
    audio, text = (side[mine] for side in related())
    ids = IDS[mine]
    found = {}
    for name in NAMES:
        model = Towers()
        wrapped = DistributedDataParallel(model, find_unused_parameters=True)
        loss = objective(name, wrapped((audio, text)), ids)
        loss.backward()
        found[f"{name}/plain"] = float(loss.detach()), gradients(model)

        model = Towers()
        wrapped = DistributedDataParallel(model, find_unused_parameters=True)
        batches = list(zip(audio.split(4), text.split(4), strict=True))
        window = CachedLoss(model, lambda rows, name=name: objective(name, rows, ids), batches, model)
        for place, batch in enumerate(batches):
            window.rewind()
            if place < 2:
                with wrapped.no_sync():
                    (window.term(wrapped(batch)) / 3).backward()
            else:
                (window.term(wrapped(batch)) / 3).backward()
        found[f"{name}/accumulated"] = float(window.value), gradients(model)
    if dist.get_rank() == 0:
        torch.save(found, folder / "found.pt")
        (folder / "world.json").write_text(json.dumps(dist.get_world_size()))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
