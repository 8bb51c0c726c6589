"""A generator from the options of a command, and the user's consent before anything is paid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import ConfigurationError
from .base import Generator, Request
from .cache import TextCache
from .chat import ChatConfig, ChatGenerator
from .endpoint import EndpointConfig, EndpointGenerator
from .template import TemplateGenerator

_SHARED = frozenset({"model", "temperature", "max_tokens", "cache"})
_OPTIONS: dict[str, frozenset[str]] = {
    "template": frozenset(),
    "transformers": _SHARED | {"revision", "device", "dtype", "batch_size"},
    "openai": _SHARED
    | {"base_url", "key_variable", "timeout", "attempts", "per_minute", "workers", "price", "max_cost"},
}


def build_generator(name: str, options: Mapping[str, Any] | None = None, *, draws: int = 1) -> Generator:
    """Build a generator.

    Args:
        name: ``template``, ``transformers`` or ``openai``.
        options: fields of :class:`ChatConfig` or :class:`EndpointConfig` (``max_tokens`` for both), and ``cache``.
        draws: paraphrases that will be asked for.

    Raises:
        ConfigurationError: unknown name, an option that it does not take, no model, or several draws of a model that
            always writes its likeliest text.
    """
    if name not in _OPTIONS:
        raise ConfigurationError(f"no generator {name!r}", remedy=f"choose one of {', '.join(_OPTIONS)}")
    given = dict(options or {})
    wrong = sorted(set(given) - _OPTIONS[name])
    if wrong:
        raise ConfigurationError(f"generator {name} takes no {', '.join(wrong)}", remedy="leave them out")
    if name == "template":
        return TemplateGenerator()
    if "model" not in given:
        raise ConfigurationError(f"generator {name} needs a model", remedy="name it with --model")
    cache = TextCache(given.pop("cache", None))
    generator: ChatGenerator | EndpointGenerator
    if name == "transformers":
        if "max_tokens" in given:
            given["max_new_tokens"] = given.pop("max_tokens")
        generator = ChatGenerator(ChatConfig(**given), cache)
    else:
        if "price" in given:
            given["price"] = tuple(given["price"])
        generator = EndpointGenerator(EndpointConfig(**given), cache)
    if draws > 1 and not generator.config.temperature:
        raise ConfigurationError(
            f"{draws} draws at temperature 0 are {draws} times the same text", remedy="set a temperature above 0"
        )
    return generator


def confirm(generator: Generator, requests: Sequence[Request], *, yes: bool, say: Callable[[str], None]) -> None:
    """Say what an endpoint will cost, and go on only with the user's consent.

    Raises:
        ConfigurationError: neither ``yes`` nor a budget, or a budget below the expected cost.
    """
    if not isinstance(generator, EndpointGenerator):
        return
    estimate = generator.estimate(requests)
    say(estimate.describe())
    budget = generator.config.max_cost
    if estimate.calls and not yes and budget is None:
        raise ConfigurationError(
            "not confirmed", where=generator.config.base_url, remedy="add --yes, or a budget: --max-cost DOLLARS"
        )
    if budget is not None and estimate.cost is not None and estimate.cost > budget:
        raise ConfigurationError(
            f"about ${estimate.cost:.2f} is expected and the budget is ${budget:.2f}", remedy="raise --max-cost"
        )
