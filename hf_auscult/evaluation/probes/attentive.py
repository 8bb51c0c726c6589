"""The attentive probe: one learned query weighs the tokens or windows of a recording before a linear layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...metrics.arrays import Floats, Integers
from .convex import Link, class_weights


@dataclass(frozen=True)
class AttentiveFit:
    """A fitted attentive probe.

    Attributes:
        mean: of the token columns.
        scale: of the token columns.
        query: (d,); zero would be plain averaging.
        weights: (d, outputs).
        bias: (outputs,).
        link: of the outputs.
    """

    mean: Floats
    scale: Floats
    query: Floats
    weights: Floats
    bias: Floats
    link: Link

    def attention(self, tokens: Floats) -> Floats:
        """(m, tokens) weight of each token; absent tokens (rows of NaN) have none."""
        z, absent = _standard(tokens, self.mean, self.scale)
        scores = np.where(absent, -np.inf, z @ self.query / np.sqrt(z.shape[2]))
        grown = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Floats = grown / grown.sum(axis=1, keepdims=True)
        return shares

    def predict(self, tokens: Floats) -> Floats:
        """(m, outputs) probabilities of (m, tokens, d)."""
        from scipy.special import expit, softmax

        z = _standard(tokens, self.mean, self.scale)[0]
        logits = np.einsum("mt,mtd->md", self.attention(tokens), z) @ self.weights + self.bias
        out: Floats = softmax(logits, axis=1) if self.link == "softmax" else expit(logits)
        return out


def fit_attentive(tokens: Floats, table: Integers, link: Link, penalty: float, balanced: bool = True) -> AttentiveFit:
    """Fit query and linear layer together, both with an L2 penalty, from the query zero (plain averaging).

    Not convex in the query, but without randomness: equal input gives the equal probe.

    Args:
        tokens: (n, tokens, d); rows of NaN mark tokens that a shorter recording lacks.
        table: (n, outputs) 0/1.
        link: softmax over columns, or each column by itself.
        penalty: C, as in :func:`~hf_auscult.evaluation.probes.convex.fit_logistic`.
        balanced: weigh classes inversely to their size.

    Raises:
        DataError: another shape, or a recording without any token.
    """
    import torch
    from scipy.optimize import minimize

    if tokens.ndim != 3:
        raise DataError(f"shape {tokens.shape}; expected (recordings, tokens, columns)", where="tokens")
    present: NDArray[np.bool_] = np.logical_not(np.isnan(tokens).any(axis=2))
    heard = present.sum(axis=1)
    if heard.min() == 0:
        raise DataError(f"recording {int(heard.argmin())} has no token", where="tokens")
    mean, scale = tokens[present].mean(axis=0), tokens[present].std(axis=0)
    scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)] = np.inf
    standard, absent = _standard(tokens, mean, scale)
    z, hidden = torch.from_numpy(standard), torch.from_numpy(absent)
    truth, weights = torch.from_numpy(table.astype(np.float64)), torch.from_numpy(class_weights(table, link, balanced))
    d, outputs = z.shape[2], table.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        parameters = torch.from_numpy(flat.copy()).requires_grad_()
        query, w, b = parameters[:d], parameters[d : d + d * outputs].view(d, outputs), parameters[d + d * outputs :]
        share = (z @ query / d**0.5).masked_fill(hidden, -torch.inf).softmax(dim=1)
        logits = torch.einsum("nt,ntd->nd", share, z) @ w + b
        if link == "softmax":
            cost = -(weights * truth * logits.log_softmax(dim=1)).sum()
        else:
            cost = (weights * (torch.nn.functional.softplus(logits) - truth * logits)).sum()
        total = penalty * cost + 0.5 * (query.square().sum() + w.square().sum())
        (slope,) = torch.autograd.grad(total, parameters)
        return float(total.detach()), slope.numpy()

    options = {"maxiter": 500, "ftol": 1e-9}
    found = minimize(loss, np.zeros(d + (d + 1) * outputs), jac=True, method="L-BFGS-B", options=options).x
    return AttentiveFit(
        mean, scale, found[:d], found[d : d + d * outputs].reshape(d, outputs), found[d + d * outputs :], link
    )


def _standard(tokens: Floats, mean: Floats, scale: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    if tokens.ndim != 3 or tokens.shape[2] != len(mean):
        raise DataError(f"shape {tokens.shape}; {len(mean)} columns are expected", where="tokens")
    absent: NDArray[np.bool_] = np.asarray(np.isnan(tokens).any(axis=2))
    return np.where(absent[:, :, None], 0.0, (tokens - mean) / scale), absent
