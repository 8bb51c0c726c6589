"""The alignment term of a batch: rows of all processes, the memory, graded positives, several text branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ..alignment.objectives import Memory, Objective, fact_similarity, get
from ..errors import ConfigurationError
from .arguments import AlignmentArguments
from .gather import gather_rows
from .memory import EmbeddingMemory

# What of a batch belongs to its rows and is not a representation.
ROWS = ("text_embeddings", "text_ids", "facts")


class AlignmentLoss:
    """Applies the objective of the arguments to representations of an `AcuLaModel`.

    Args:
        model: whose text projection reads the memory.
        args: objective and how it is computed.
    """

    def __init__(self, model: Any, args: AlignmentArguments) -> None:
        self.model, self.args = model, args
        self.objective: Objective = get(
            args.objective, chunk=args.loss_chunk or None, widths=args.matryoshka_dims or ()
        )
        self.memory = EmbeddingMemory(args.memory_size) if args.memory_size else None

    def representations(self, output: Any) -> dict[str, torch.Tensor]:
        """Return what of a model's output the loss depends on."""
        return {
            "audio": output.audio_embeds,
            "text": output.text_embeds if output.text_branch_embeds is None else output.text_branch_embeds,
            "logit_scale": output.logit_scale,
            "logit_bias": output.logit_bias,
        }

    def __call__(self, found: Mapping[str, torch.Tensor], batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the objective of all processes' rows, the mean over text branches where the model has several."""
        rows = self._rows(batch)
        audio, text = gather_rows(found["audio"]), gather_rows(found["text"])
        branches = text.unbind(dim=1) if text.ndim == 3 else (text,)
        memories = self._memories(len(branches), rows)
        losses = [
            self.objective(
                audio,
                branch,
                logit_scale=found["logit_scale"],
                logit_bias=found["logit_bias"],
                text_ids=rows.get("text_ids"),
                similarity=self._similarity(rows),
                memory=memory,
            )
            for branch, memory in zip(branches, memories, strict=True)
        ]
        return torch.stack(losses).mean()

    @torch.no_grad()
    def remember(self, found: Mapping[str, torch.Tensor], batch: Mapping[str, torch.Tensor]) -> None:
        """Put a batch of all processes into the memory, once its loss has been computed."""
        if self.memory is None:
            return
        rows = self._rows(batch)
        if self.args.memory_audio:
            rows["audio"] = gather_rows(found["audio"].detach())
        self.memory.push(**rows)

    def _rows(self, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return what belongs to the rows of all processes."""
        graded = self.args.graded_positives
        if graded and "facts" not in batch:
            raise ConfigurationError(
                "graded_positives, but the batch holds no facts",
                remedy="give every example its row of objectives.fact_table",
            )
        return {name: gather_rows(batch[name]) for name in ROWS if name in batch and (graded or name != "facts")}

    def _similarity(self, rows: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
        facts = rows.get("facts")
        if facts is None:
            return None
        known = facts
        if self.memory is not None and len(self.memory):
            known = torch.cat([facts, self.memory.rows["facts"]])
        return fact_similarity(facts, known, sharpness=self.args.fact_sharpness)

    @torch.no_grad()
    def _memories(self, branches: int, rows: Mapping[str, torch.Tensor]) -> Sequence[Memory | None]:
        if self.memory is None or not len(self.memory):
            return [None] * branches
        if set(self.memory.rows) - {"audio"} != set(rows):
            raise ConfigurationError(
                f"the memory holds {sorted(self.memory.rows)}, the batch {sorted(rows)}", remedy="start the run anew"
            )
        projection = self.model.text_projection
        training = projection.training
        # Constants, the same on every process: no gradient and no dropout.
        projection.eval()
        text = projection(self.memory.rows["text_embeddings"].to(self.model.logit_scale))
        projection.train(training)
        audio, ids = self.memory.rows.get("audio"), self.memory.rows.get("text_ids")
        return [Memory(branch, audio, ids) for branch in (text.unbind(dim=1) if text.ndim == 3 else (text,))]


def joined(batches: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Return the rows of several micro-batches as of one."""
    return {name: torch.cat([batch[name] for batch in batches]) for name in ROWS if name in batches[0]}
