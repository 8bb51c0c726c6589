"""Three SGD steps of every encoder family on a global batch of 8, however it is divided; also run under torchrun."""

from __future__ import annotations

import os
import sys

import numpy as np
import torch
from torch import nn

from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from hf_auscult.training import (
    AlignmentArguments,
    AlignmentCollator,
    AlignmentDataset,
    AlignmentExample,
    AlignmentTrainer,
    CropPolicy,
)
from tests.models.zoo import ZOO

FAMILIES = {variant.name: variant for variant in ZOO if variant.parameters and "crops" not in variant.name}
LOSSES = {
    "infonce": {"objective": "infonce", "preservation": "none"},
    "debiased_cka": {"objective": "debiased_cka", "preservation": "none"},
    "own": {"alignment_weight": 0.0, "preservation": "own"},
    "labels": {"alignment_weight": 0.0, "preservation": "none", "label_weight": 1.0, "adversarial_weight": 0.5},
    "all": {"objective": "infonce+debiased_cka", "preservation": "auto", "label_weight": 0.5},
}


def no_dropout(rows: torch.Tensor, *args: object, **kwargs: object) -> torch.Tensor:
    """In place of `torch.nn.functional.dropout`, which some networks call with a rate of their own."""
    return rows


def without_chance(model: nn.Module) -> nn.Module:
    """Switch off what is drawn anew for every row: dropout and dropped paths."""
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        for name in ("drop_prob", "dropout", "activation_dropout", "layerdrop", "dropout_rate"):
            if isinstance(getattr(part, name, None), float):
                setattr(part, name, 0.0)
    return model


def model_of(family: str) -> AcuLaModel:
    torch.manual_seed(0)
    config = FAMILIES[family].config()
    for name, value in config.to_dict().items():
        if isinstance(value, float) and ("drop" in name or name.startswith("mask_time_prob")):
            setattr(config, name, 0.0)
    if "spec_augment_stripes" in config.to_dict():
        config.spec_augment_stripes = 0
    settings = {"text_size": 12, "projection_hidden_size": 24, "projection_size": 16, "teacher": None}
    model = AcuLaModel(AcuLaConfig(audio_config=config, projection_dropout=0.0, **settings))
    # The statistics of a pre-trained encoder are not those of a fresh one.
    generator = torch.Generator().manual_seed(1)
    for part in model.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.running_mean.add_(0.1 * torch.rand(part.running_mean.shape, generator=generator))
            part.running_var.mul_(0.5 + torch.rand(part.running_var.shape, generator=generator))
    # Exact means exact: in float32 an ill-conditioned CKA alone moves weights by 1e-6.
    return without_chance(model).double()


def dataset_of(family: str, model: AcuLaModel) -> tuple[AlignmentDataset, AlignmentCollator]:
    extractor = FAMILIES[family].extractor()
    rate = extractor.sampling_rate
    samples = extractor.windows.length(rate)
    rng = np.random.default_rng(0)
    # Unknown labels stand unevenly among the parts of a batch.
    labels = [0, 1, -100, 2, -100, -100, -100, 1, 2, 0, 1, -100] * 2
    examples = [
        AlignmentExample(
            waveform=(0.1 * rng.standard_normal(samples)).astype(np.float32),
            text_embeddings=rng.standard_normal((1, 12)).astype(np.float32),
            text_id=index,
            label=label,
            domain=-100 if index % 5 == 0 else index % 2,
        )
        for index, label in enumerate(labels)
    ]
    frames = extractor.window_features(np.zeros((1, samples), np.float32)).shape[1]
    noise = model.audio_model.noise_size(frames) if model.can_reconstruct else 0
    pairs = AlignmentDataset(examples, CropPolicy(samples), sampling_rate=rate, noise_size=noise)
    return pairs, AlignmentCollator(extractor)


def trained(family: str, loss: str, folder: str, *, micro: int, steps: int, **more: object) -> AlignmentTrainer | None:
    """Train; `None` where a family has no objective of its own."""
    model = model_of(family)
    if loss == "own" and not model.can_reconstruct:
        return None
    pairs, collator = dataset_of(family, model)
    settings = {
        "max_steps": 3,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": steps,
        "grad_cache": steps > 1,
        "learning_rate": 1e-3,
        "warmup_steps": 0,
        "max_grad_norm": 0.0,
        "optim": "sgd",
        "lr_scheduler_type": "constant",
        "weight_decay": 0.0,
        "logging_steps": 1,
        "save_strategy": "no",
        "disable_tqdm": True,
        "use_cpu": True,
        **({"ddp_backend": "gloo"} if "WORLD_SIZE" in os.environ else {}),
        **LOSSES[loss],
        **more,
    }
    run = AlignmentTrainer(
        model, AlignmentArguments(folder, **settings), classes=3, train_dataset=pairs, data_collator=collator
    )
    run.train()
    return run


def outcome(run: AlignmentTrainer) -> dict[str, torch.Tensor]:
    """Weights, statistics and logged terms."""
    found = {name: value.clone() for name, value in run.accelerator.unwrap_model(run.model).state_dict().items()}
    for step, entry in enumerate(entry for entry in run.state.log_history if "loss" in entry):
        found |= {f"log {step} {name}": torch.tensor(value) for name, value in entry.items() if name.endswith("_loss")}
    return found


def differences(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> tuple[float, float]:
    """Largest difference of weights, relative to the step they made, and of logged terms."""
    assert ours.keys() == theirs.keys()
    logs = [float((ours[name] - theirs[name]).abs()) for name in ours if name.startswith("log ")]
    weights = [
        float((ours[name].double() - theirs[name].double()).abs().max()) for name in ours if not name.startswith("log ")
    ]
    return max(weights), max(logs)


def main(families: str, output: str) -> None:
    from hf_auscult.cli import leave_process_group

    torch.nn.functional.dropout = no_dropout
    found = {}
    for family in families.split(","):
        for loss in LOSSES:
            run = trained(family, loss, f"{output}.run", micro=4, steps=1)
            if run is not None:
                found[f"{family} {loss}"] = outcome(run)
    run = trained("opera-ce", "all", f"{output}.run", micro=4, steps=1, batch_norm="synchronised")
    found["synchronised"] = outcome(run)
    assert int(os.environ["WORLD_SIZE"]) == run.args.world_size
    if run.is_world_process_zero():
        torch.save(found, output)
    leave_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
