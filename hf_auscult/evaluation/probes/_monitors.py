"""What the published scripts compare between epochs, in their arithmetic (single precision)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .published import PublishedProbe

if TYPE_CHECKING:
    from torch import Tensor


def monitor(output: Tensor, truth: Tensor, settings: PublishedProbe) -> float:
    """One run's figure on the rows where epochs are compared, higher is better.

    Args:
        output: (m, outputs) probabilities or predicted values.
        truth: (m,) class numbers, (m, outputs) 0/1, or (m, 1) values.
        settings: names the figure.
    """
    if settings.monitor == "mae":
        return -float((output - truth).abs().mean())
    if settings.monitor == "auroc":
        return torchmetrics_auroc(output, truth)
    from sklearn.metrics import f1_score

    decided = output.argmax(dim=1) if settings.kind == "classification" else (output >= 0.5).long()
    return float(f1_score(truth.long().numpy(), decided.numpy(), average="macro", zero_division=0.0))


def torchmetrics_auroc(probability: Tensor, truth: Tensor) -> float:
    """Macro one-versus-rest AUROC as torchmetrics' ``AUROC(task="multiclass")`` adds it up.

    Rounding decides which of two epochs of equal rank is kept, so its order of operations is kept; a class without
    positive or without negative rows counts as 0, as there.

    Args:
        probability: (m, classes) single precision.
        truth: (m,) class numbers.
    """
    import torch

    areas = []
    for number in range(probability.shape[1]):
        order = torch.argsort(probability[:, number], descending=True)
        score, hit = probability[order, number], (truth[order] == number).long()
        last = torch.nn.functional.pad(torch.where(score[1:] - score[:-1])[0], [0, 1], value=len(score) - 1)
        found = torch.cumsum(hit, dim=0)[last]
        false = 1 + last - found
        rates = []
        for counts in (found, false):
            counts = torch.cat([torch.zeros(1, dtype=counts.dtype), counts])
            rates.append(counts / counts[-1] if counts[-1] > 0 else torch.zeros(len(counts)))
        areas.append(torch.trapz(rates[0], rates[1]))
    return float(torch.stack(areas).mean())
