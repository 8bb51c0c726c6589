"""Heads trained by gradient steps, all runs at once, with the random numbers and arithmetic of the papers' scripts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from ...metrics.arrays import Floats
from ...metrics.decisions import DecisionScore, one_hot
from ..decisions import decide
from .published import PublishedProbe


@dataclass(frozen=True)
class TrainedHeads:
    """What :func:`train_heads` kept.

    Attributes:
        parameters: per layer, (runs, in, out) weights then (runs, 1, out) biases, of each run's best epoch.
        best_epoch: per run, counted from 0.
        epochs_run: per run.
        best: per run, the monitored figure of the best epoch (higher is better; errors are negated).
        mean: added to outputs.
        std: outputs are multiplied by it.
    """

    parameters: tuple[Tensor, ...]
    best_epoch: tuple[int, ...]
    epochs_run: tuple[int, ...]
    best: tuple[float, ...]
    mean: float
    std: float
    settings: PublishedProbe

    def predict(self, x: Tensor) -> Floats:
        """(runs, m, outputs) probabilities or values of (m, d) features."""
        with torch.no_grad():
            logits = _forward(self.parameters, x.expand(len(self.best), *x.shape), self.mean, self.std)
            output: Floats = _activate(logits, self.settings).double().numpy()
        return output


def train_heads(
    x: Tensor,
    y: Tensor,
    x_held: Tensor,
    y_held: Tensor,
    settings: PublishedProbe,
    streams: list[Generator],
    outputs: int,
) -> TrainedHeads:
    """Train one head per stream of random numbers and keep each one's best epoch.

    Every run takes the steps of the original loop: batches in the order that its ``DataLoader`` would give, loss with
    1e-10 added to the outputs, penalty, clipping per run, Adam. Runs share no arithmetic but the matrix product.

    Args:
        x: (n, d) single precision training features.
        y: (n,) class numbers, (n, outputs) 0/1, or (n, 1) values.
        x_held: (m, d) rows where epochs are compared.
        y_held: their targets.
        settings: the protocol.
        streams: one generator per run, advanced as far as the original advances it.
        outputs: classes, labels, or 1.
    """
    runs = len(streams)
    mean, std = 0.0, 1.0
    if settings.centre_targets:
        values = y.double().numpy()
        mean, std = float(values.mean()), float(values.std())
    started = [initial_parameters(x.shape[1], outputs, settings, stream) for stream in streams]
    parameters = [torch.stack(same).requires_grad_() for same in zip(*started, strict=True)]
    kept = [p.detach().clone() for p in parameters]
    adam = torch.optim.Adam(parameters, lr=settings.learning_rate)
    best, best_epoch = [-float("inf")] * runs, [-1] * runs
    stops = [_Patience(settings) for _ in range(runs)]
    chosen = torch.stack([learned_rows(y, settings, seed) for seed in settings.seeds[:runs]])
    size = chosen.shape[1]
    orders = torch.zeros(runs, size, dtype=torch.int64)
    every = torch.arange(runs)

    for epoch in range(settings.epochs):
        live = [run for run in range(runs) if not stops[run].ended]
        if not live:
            break
        for run in live:
            orders[run] = chosen[run][loader_order(size, streams[run])]
        for start in range(0, size, settings.batch_size):
            rows = orders[:, start : start + settings.batch_size]
            _step(parameters, adam, x[rows], y[rows], mean, std, settings)
        for group in adam.param_groups:
            group["lr"] *= settings.decay
        with torch.no_grad():
            held = _activate(_forward(parameters, x_held.expand(runs, *x_held.shape), mean, std), settings)
        for run in live:
            open_loader(streams[run], shuffled=settings.shuffled_validation)
            value = monitor(held[run], y_held, settings)
            better = value >= best[run] if settings.tie == "last" else value > best[run] or best_epoch[run] < 0
            if (epoch + 1) % settings.every_n_epochs == 0 and better:
                best[run], best_epoch[run] = value, epoch
                for copy, current in zip(kept, parameters, strict=True):
                    copy[every == run] = current.detach()[every == run]
            stops[run].see(value)
    return TrainedHeads(
        tuple(kept), tuple(best_epoch), tuple(stop.seen for stop in stops), tuple(best), mean, std, settings
    )


class _Patience:
    """Lightning's early stopping on a figure where higher is better."""

    def __init__(self, settings: PublishedProbe) -> None:
        self.patience, self.min_delta = settings.patience, settings.min_delta
        self.best, self.waited, self.seen = -float("inf"), 0, 0

    @property
    def ended(self) -> bool:
        return self.patience is not None and self.waited >= self.patience

    def see(self, value: float) -> None:
        self.seen += 1
        if value - self.min_delta > self.best:
            self.best, self.waited = value, 0
        else:
            self.waited += 1


def _step(
    parameters: list[Tensor],
    adam: torch.optim.Adam,
    x: Tensor,
    y: Tensor,
    mean: float,
    std: float,
    settings: PublishedProbe,
) -> None:
    output = _forward(parameters, x, mean, std) + 1e-10
    if settings.kind == "classification":
        losses = F.cross_entropy(output.transpose(1, 2), y, reduction="none").mean(dim=1)
    elif settings.kind == "multilabel":
        losses = F.binary_cross_entropy_with_logits(output, y, reduction="none").mean(dim=(1, 2))
    else:
        losses = F.mse_loss(output, y, reduction="none").mean(dim=(1, 2))
    penalty = torch.stack([p.pow(2).sum(dim=(1, 2)) for p in parameters]).sum(dim=0)
    adam.zero_grad()
    (losses + settings.l2 * penalty).sum().backward()
    gradients = [p.grad for p in parameters if p.grad is not None]
    norms = torch.stack([g.norm(dim=(1, 2)) for g in gradients]).norm(dim=0)
    scale = (settings.clip / (norms + 1e-6)).clamp(max=1.0)[:, None, None]
    for gradient in gradients:
        gradient.mul_(scale)
    adam.step()


def _forward(parameters: tuple[Tensor, ...] | list[Tensor], x: Tensor, mean: float, std: float) -> Tensor:
    for layer in range(0, len(parameters), 2):
        x = torch.baddbmm(parameters[layer + 1], x, parameters[layer])
        if layer + 2 < len(parameters):
            x = x.relu()
    return x if (mean, std) == (0.0, 1.0) else x * std + mean


def _activate(output: Tensor, settings: PublishedProbe) -> Tensor:
    if settings.kind == "classification":
        return output.softmax(dim=2)
    return output.sigmoid() if settings.kind == "multilabel" else output


def initial_parameters(columns: int, outputs: int, settings: PublishedProbe, stream: Generator) -> list[Tensor]:
    """[weight (in, out), bias (1, out), ...] after ``nn.Linear``'s own draws and the script's initialisation."""
    sizes = [(outputs, columns)] if settings.head == "linear" else [(columns, columns), (outputs, columns)]
    for rows, inputs in sizes:  # nn.Linear fills weights and bias before the script overwrites them
        torch.empty(rows, inputs).uniform_(-1, 1, generator=stream)
        torch.empty(rows).uniform_(-1, 1, generator=stream)
    parameters = []
    for rows, inputs in sizes:
        weight = torch.empty(rows, inputs)
        if settings.weights == "normal":
            weight.normal_(mean=0.0, std=0.01, generator=stream)
        else:
            bound = math.sqrt(6.0 / (rows + inputs))
            weight.uniform_(-bound, bound, generator=stream)
        parameters += [weight.T.contiguous(), torch.zeros(1, rows)]
    return parameters


def learned_rows(y: Tensor, settings: PublishedProbe, seed: int) -> Tensor:
    """(m,) rows that a run learns from: all, or as many of each class as the rarest has, class after class."""
    if not settings.downsample:
        return torch.arange(len(y))
    rng = np.random.RandomState(seed)  # the script's own generator
    codes = y.numpy()
    fewest = np.unique(codes, return_counts=True)[1].min()
    rows = [rng.choice(np.flatnonzero(codes == code), fewest, replace=False) for code in np.unique(codes)]
    return torch.from_numpy(np.concatenate(rows))


def loader_order(rows: int, stream: Generator) -> Tensor:
    """(rows,) order of one pass of ``DataLoader(shuffle=True)``: a seed for the workers, then one for the sampler."""
    open_loader(stream)
    sampler = torch.Generator()
    sampler.manual_seed(_draw(stream))
    return torch.randperm(rows, generator=sampler)


def open_loader(stream: Generator, *, shuffled: bool = False) -> None:
    """What opening a loader takes from the stream: the workers' seed, and the sampler's when it shuffles."""
    for _ in range(1 + shuffled):
        _draw(stream)


def _draw(stream: Generator) -> int:
    return int(torch.empty((), dtype=torch.int64).random_(generator=stream).item())


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
    several, classes = settings.kind == "multilabel", output.shape[1]
    table = truth.long().numpy() if several else one_hot(truth.numpy(), classes)
    decided = decide(output[None].numpy().astype(np.float64), several=several)
    return DecisionScore("f1", "macro", tuple(range(classes)), every_class=several)(table, decided)


def torchmetrics_auroc(probability: Tensor, truth: Tensor) -> float:
    """Macro one-versus-rest AUROC as torchmetrics' ``AUROC(task="multiclass")`` adds it up.

    Rounding decides which of two epochs of equal rank is kept, so its order of operations is kept; a class without
    positive or without negative rows counts as 0, as there.

    Args:
        probability: (m, classes) single precision.
        truth: (m,) class numbers.
    """
    areas = []
    for number in range(probability.shape[1]):
        order = torch.argsort(probability[:, number], descending=True)
        score, hit = probability[order, number], (truth[order] == number).long()
        last = F.pad(torch.where(score[1:] - score[:-1])[0], [0, 1], value=len(score) - 1)
        hits = torch.cumsum(hit, dim=0)[last]
        false = 1 + last - hits
        rates = []
        for counts in (hits, false):
            counts = torch.cat([torch.zeros(1, dtype=counts.dtype), counts])
            rates.append(counts / counts[-1] if counts[-1] > 0 else torch.zeros(len(counts)))
        areas.append(torch.trapz(rates[0], rates[1]))
    return float(torch.stack(areas).mean())
