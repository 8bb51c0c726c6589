"""Reports from any local chat model of transformers, through its own chat template."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...errors import ConfigurationError, GenerationError
from .answers import prose, shortened
from .base import Failed, Outcome, Request, Written
from .cache import TextCache, cache_key
from .prompting import system_prompt, user_prompt

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class ChatConfig:
    """A chat model and how it writes.

    Args:
        model: Hub id or folder; a base model without a chat template is refused.
        revision: commit on the Hub.
        dtype: ``auto`` keeps the checkpoint's.
        device: ``auto`` for a GPU where there is one.
        batch_size: requests a forward pass.
        max_new_tokens: of a text; one that does not end within them is a failure.
        temperature: 0 for the likeliest text, which does not depend on seed and draw.

    Raises:
        ConfigurationError: a value out of range.
    """

    model: str
    revision: str | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    batch_size: int = 8
    max_new_tokens: int = 200
    temperature: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("batch size", self.batch_size), ("max new tokens", self.max_new_tokens)):
            if value < 1:
                raise ConfigurationError(f"{name} is {value}", remedy="give 1 or more")
        if not 0 <= self.temperature <= 2:
            raise ConfigurationError(f"temperature is {self.temperature}", remedy="give 0 to 2")


class ChatGenerator:
    """Writes reports with a local chat model; texts are cached, so an interrupted run goes on where it was.

    Requests with the same prompt, settings and draw are written once. The model is loaded when something is left to
    write. Drawn texts (temperature above 0) also depend on the requests beside them in the batch.

    Args:
        config: the model.
        cache: where texts are kept.
    """

    name = "transformers"

    def __init__(self, config: ChatConfig, cache: TextCache) -> None:
        self.config, self.cache = config, cache
        self._weights = weights_of(config.model)
        self._loaded: tuple[PreTrainedModel, PreTrainedTokenizerBase] | None = None

    def settings(self) -> dict[str, Any]:
        """What the texts depend on; the device and the batch do not change greedy texts but by rounding."""
        config = {key: value for key, value in asdict(self.config).items() if key not in ("device", "batch_size")}
        return {"generator": self.name, **config, "weights": self._weights}

    def write(self, requests: Sequence[Request]) -> Iterator[tuple[int, Outcome]]:
        """Yield outcomes: those in the cache first, then batch by batch, short prompts first.

        Raises:
            GenerationError: the model cannot be loaded, or has no chat template.
        """
        known, new = self.cache.split(requests, self._key)
        yield from known
        if not new:
            return
        model, tokenizer = self._load()
        prompts = {key: self._prompt(tokenizer, requests[positions[0]]) for key, positions in new.items()}
        order = sorted(new, key=lambda key: (len(prompts[key]), key))
        for start in range(0, len(order), self.config.batch_size):
            keys = order[start : start + self.config.batch_size]
            outcomes = self._batch(model, tokenizer, [prompts[key] for key in keys], keys)
            for key, outcome in zip(keys, outcomes, strict=True):
                if isinstance(outcome, Written):
                    self.cache.put(key, outcome.text, {"settings": self.settings()})
                yield from ((position, outcome) for position in new[key])

    def _key(self, request: Request) -> str:
        sample = (request.seed, request.draw, request.attempt) if self.config.temperature else (0, 0, 0)
        return cache_key(system_prompt(request.organ).text, user_prompt(request), self.settings(), sample)

    def _load(self) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        if self._loaded is None:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer

            from ...models.reachable import check_reachable

            config = self.config
            dtype = config.dtype if config.dtype == "auto" else getattr(torch, config.dtype)
            device = config.device if config.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
            try:
                check_reachable(config.model, config.revision)
                tokenizer = AutoTokenizer.from_pretrained(config.model, revision=config.revision, padding_side="left")
                if not tokenizer.chat_template:
                    raise GenerationError(
                        "has no chat template", where=config.model, remedy="choose an instruction-tuned model"
                    )
                model: Any = AutoModelForCausalLM.from_pretrained(config.model, revision=config.revision, dtype=dtype)
            except (OSError, ValueError) as error:
                raise GenerationError(
                    f"cannot be loaded: {shortened(str(error))}",
                    where=config.model,
                    remedy="give a chat model's id or folder",
                ) from error
            if tokenizer.pad_token_id is None:
                tokenizer.pad_token = tokenizer.eos_token
            self._loaded = model.to(device).eval(), tokenizer
        return self._loaded

    def _prompt(self, tokenizer: PreTrainedTokenizerBase, request: Request) -> str:
        from jinja2 import TemplateError

        system, user = system_prompt(request.organ).text, user_prompt(request)
        chats = (
            [{"role": "system", "content": system}, {"role": "user", "content": user}],
            [{"role": "user", "content": f"{system}\n\n{user}"}],  # templates such as Gemma's know no system
        )
        problem = ""
        for chat in chats:
            try:
                text = str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))
            except TemplateError as error:
                problem = str(error)
            else:
                # A template that silently drops what it does not know would have the model write about nothing.
                if system in text and user in text:
                    return text
                problem = "it leaves out what it is given"
        raise GenerationError(
            f"its chat template cannot be used: {problem}", where=self.config.model, remedy="choose another chat model"
        )

    def _batch(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str], keys: list[str]
    ) -> list[Outcome]:
        import torch

        # The template has written the special tokens.
        tokens = tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False).to(model.device)
        drawn: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        if self.config.temperature:
            drawn = {"do_sample": True, "temperature": self.config.temperature, "top_p": 1.0, "top_k": 0}
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(int(hashlib.sha256("".join(keys).encode()).hexdigest()[:15], 16))
            write: Any = model.generate
            whole = write(
                input_ids=tokens["input_ids"],
                attention_mask=tokens["attention_mask"],
                max_new_tokens=self.config.max_new_tokens,
                pad_token_id=tokenizer.pad_token_id,
                **drawn,
            )
        written = whole[:, tokens["input_ids"].shape[1] :]
        ends = model.generation_config.eos_token_id
        stops = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        return [_outcome(row, tokenizer, stops) for row in written.tolist()]


def _outcome(row: list[int], tokenizer: PreTrainedTokenizerBase, stops: set[int | None]) -> Outcome:
    text = str(tokenizer.decode(row, skip_special_tokens=True))
    if not any(token in stops for token in row):
        return Failed("truncated", shortened(text))
    return prose(text)


def weights_of(model: str) -> str:
    """Identify a folder's model by its files' sizes and times of change; ``hub`` for anything else."""
    folder = Path(model)
    if not folder.is_dir():
        return "hub"
    stats = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
        if path.suffix in (".safetensors", ".json", ".jinja", ".bin")
    ]
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()[:20]
