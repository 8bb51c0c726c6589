"""Facts as hypotheses of natural-language inference: a second reader beside the rules, for any model of that task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...data.facts import Fact
from ...errors import ConfigurationError, DataError
from ...files import Serialisable
from ..templates import chooser, write

Inference = Literal["entailment", "neutral", "contradiction"]
INFERENCES: tuple[Inference, ...] = ("entailment", "neutral", "contradiction")


@dataclass(frozen=True)
class Inferred(Serialisable):
    """How a report stands to one fact by a model's reading.

    Args:
        fact: the hypothesis.
        hypothesis: the fact in words.
        verdict: the most probable of the three.
        probability: of it.
    """

    fact: Fact
    hypothesis: str
    verdict: Inference
    probability: float


class Entailment:
    """A model of natural-language inference that is asked whether a report entails or contradicts its facts.

    It finds what the rules have no words for, and cannot find additions: what no fact says is no hypothesis. The
    package ships no such model, and none is loaded unless it is named.

    Args:
        model: id or folder of a transformers model for sequence classification, whose labels are named entailment,
            neutral and contradiction in some spelling, such as ``cross-encoder/nli-deberta-v3-small``.
        revision: of the model.
        batch_size: hypotheses at once.

    Raises:
        ConfigurationError: no such model, or its labels have other names.
    """

    def __init__(self, model: str, *, revision: str | None = None, batch_size: int = 32) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(model, revision=revision)
            self.model: Any = AutoModelForSequenceClassification.from_pretrained(model, revision=revision).eval()
        except (OSError, ValueError) as error:
            problem = str(error).splitlines()[0]
            raise ConfigurationError(problem, where=model, remedy="name a model of inference") from error
        names = {index: str(name).lower() for index, name in self.model.config.id2label.items()}
        self.columns = {
            kind: [index for index, name in names.items() if name.startswith(kind[:6])] for kind in INFERENCES
        }
        if any(len(columns) != 1 for columns in self.columns.values()):
            raise ConfigurationError(
                f"labels {sorted(names.values())}", where=model, remedy=f"name a model with {', '.join(INFERENCES)}"
            )
        self.batch_size = batch_size

    def read(self, text: str, facts: Sequence[Fact]) -> tuple[Inferred, ...]:
        """Judge every fact, each worded by the templates, against a report.

        Args:
            text: the premise.
            facts: whose wordings are the hypotheses.

        Raises:
            DataError: an empty text.
        """
        import torch

        if not text.strip():
            raise DataError("an empty report", remedy="generate it again")
        hypotheses = [write([fact], "murmur", chooser("entailment", ""), whole=False) for fact in facts]
        result: list[Inferred] = []
        for first in range(0, len(facts), self.batch_size):
            part = hypotheses[first : first + self.batch_size]
            premises = [text] * len(part)
            inputs = self.tokenizer(premises, part, padding=True, truncation="only_first", return_tensors="pt")
            with torch.inference_mode():
                chances = self.model(**inputs).logits.softmax(-1)
            judged = facts[first : first + self.batch_size]
            for fact, hypothesis, row in zip(judged, part, chances.tolist(), strict=True):
                of_kind = {kind: row[columns[0]] for kind, columns in self.columns.items()}
                verdict = max(INFERENCES, key=of_kind.__getitem__)
                result.append(Inferred(fact, hypothesis, verdict, of_kind[verdict]))
        return tuple(result)
