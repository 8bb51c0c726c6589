"""Reports from any OpenAI-compatible endpoint, each paid for once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...errors import ConfigurationError, GenerationError
from .answers import report_of, shortened
from .base import Failed, Outcome, Request, Written
from .budget import REPORT_TOKENS, Budget, Estimate, Price, price_of, tokens
from .cache import TextCache, cache_key
from .client import Client, Reply
from .prompting import system_prompt, user_prompt
from .rate_limit import RateLimit, backoff

ANSWER = 'Answer with one JSON object, {"report": "the sentences"}, and nothing else.'
CONTENT_ATTEMPTS = 2
"""How often a text is asked for whose answers are not the JSON wanted: every answer is paid."""
PATIENCE = 8
"""Calls that may fail one after the other, each after all its retries, before the rest is given up."""


@dataclass(frozen=True)
class EndpointConfig:
    """An endpoint and how it is asked.

    Args:
        model: as the endpoint calls it.
        base_url: up to and including ``/v1``.
        key_variable: environment variable that holds the key. It is read from nowhere else and written nowhere.
        temperature: 1 as in the released AcuLa code; 0 for the likeliest text.
        max_tokens: of an answer.
        timeout: seconds until a call is given up and made again.
        attempts: of a call that is refused with 429 or 5xx, or lost.
        first_wait: seconds before the second of them.
        per_minute: requests started a minute at most.
        workers: calls at a time.
        price: US dollars per million tokens read and written; known for some models.
        max_cost: US dollars that the answers may cost; a call that could exceed them is not made. Calls whose answer
            never arrived are not counted.

    Raises:
        ConfigurationError: a value out of range, or a key that would travel unencrypted.

    Example:
        >>> EndpointConfig("gpt-4o").base_url
        'https://api.openai.com/v1'
    """

    model: str
    base_url: str = "https://api.openai.com/v1"
    key_variable: str = "OPENAI_API_KEY"
    temperature: float = 1.0
    max_tokens: int = 300
    timeout: float = 60.0
    attempts: int = 6
    first_wait: float = 1.0
    per_minute: float | None = None
    workers: int = 4
    price: Price | None = None
    max_cost: float | None = None

    def __post_init__(self) -> None:
        positive = {
            "max_tokens": self.max_tokens,
            "timeout": self.timeout,
            "attempts": self.attempts,
            "workers": self.workers,
            "requests per minute": 1 if self.per_minute is None else self.per_minute,
        }
        for name, value in positive.items():
            if not value > 0:
                raise ConfigurationError(f"{name} is {value}", remedy="give a number above 0")
        if not 0 <= self.temperature <= 2:
            raise ConfigurationError(f"temperature is {self.temperature}", remedy="give 0 to 2")
        if self.price is not None and min(self.price) < 0:
            raise ConfigurationError(f"price is {self.price}", remedy="give dollars per million tokens, 0 or more")
        parts = urlsplit(self.base_url)
        extra = parts.username or parts.password or parts.query or parts.fragment  # it would be stored and printed
        if parts.scheme not in ("http", "https") or not parts.hostname or extra:
            raise ConfigurationError(
                f"base url {parts.scheme}://{parts.hostname}{' with a user or query' if extra else ''} cannot be used",
                remedy=f"give http(s)://host/v1 and nothing else; the key comes from {self.key_variable}",
            )

    def key(self) -> str | None:
        """Read the key from the environment.

        Raises:
            ConfigurationError: it is missing where one is needed, or would travel unencrypted.
        """
        key, parts = os.environ.get(self.key_variable), urlsplit(self.base_url)
        if not key and parts.hostname == "api.openai.com":
            raise ConfigurationError(
                "no key", where=self.base_url, remedy=f"set the environment variable {self.key_variable}"
            )
        if key and parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ConfigurationError(
                "the key would travel unencrypted",
                where=self.base_url,
                remedy=f"use https, or unset {self.key_variable}",
            )
        return key or None


class EndpointGenerator:
    """Asks an endpoint for one report a request; answers are cached as they arrive.

    Requests with the same prompt, settings and draw are one call, whoever they are for. What leaves the machine is the
    system prompt and the masked facts: no sound, and no id of a recording or a person.

    Args:
        config: of the endpoint.
        cache: where answers are kept.

    Raises:
        ConfigurationError: the key is missing.
    """

    name = "openai"

    def __init__(self, config: EndpointConfig, cache: TextCache) -> None:
        self.config, self.cache = config, cache
        price = config.price if config.price is not None else price_of(config.model)
        if config.max_cost is not None and price is None:
            raise ConfigurationError(
                f"the price of {config.model!r} is not known, so a budget cannot be kept", remedy="give --price"
            )
        self.price, self.budget = price, Budget(config.max_cost, price)
        self.client = Client(config.base_url, config.key(), timeout=config.timeout)
        self.calls = 0
        self._losses = 0
        self._lock = threading.Lock()

    def settings(self) -> dict[str, Any]:
        """What the texts depend on."""
        config = self.config
        return {
            "generator": self.name,
            "model": config.model,
            "base_url": config.base_url,
            "temperature": config.temperature,
            "max_tokens": config.max_tokens,
        }

    def estimate(self, requests: Sequence[Request]) -> Estimate:
        """Estimate what the requests will cost, without a call."""
        new = self.cache.split(requests, self._key)[1]
        read = sum(tokens(*self._prompt(requests[positions[0]])) for positions in new.values())
        written = len(new) * min(REPORT_TOKENS, self.config.max_tokens)
        most = len(new) * self.config.max_tokens
        return Estimate(len(requests), len(requests) - len(new), read, written, most, self.price)

    def write(self, requests: Sequence[Request]) -> Iterator[tuple[int, Outcome]]:
        """Yield outcomes: those in the cache first, then as answers arrive.

        Raises:
            GenerationError: the endpoint will not answer anything: wrong key, unknown model, unknown setting.
        """
        known, new = self.cache.split(requests, self._key)
        yield from known
        limit = RateLimit(self.config.per_minute)
        pool = ThreadPoolExecutor(self.config.workers, thread_name_prefix="endpoint")
        try:
            waiting = {pool.submit(self._ask, key, requests[new[key][0]], limit): new[key] for key in new}
            for done in as_completed(waiting):
                outcome = done.result()
                yield from ((position, outcome) for position in waiting[done])
        finally:
            limit.close()
            pool.shutdown(wait=True, cancel_futures=True)

    def _key(self, request: Request) -> str:
        return cache_key(*self._prompt(request), self.settings(), (request.seed, request.draw, request.attempt))

    def _prompt(self, request: Request) -> tuple[str, str]:
        return f"{system_prompt(request.organ).text}\n\n{ANSWER}", user_prompt(request)

    def _ask(self, key: str, request: Request, limit: RateLimit) -> Outcome:
        """One text, with everything that can go wrong; runs in a thread."""
        system, user = self._prompt(request)
        body = {
            "model": self.config.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "temperature": self.config.temperature,
            "max_tokens": self.config.max_tokens,
            "seed": int(key[:7], 16),
        }
        reserved = (tokens(system, user), self.config.max_tokens)
        outcome: Outcome = Failed("not_tried")
        for _ in range(CONTENT_ATTEMPTS):
            if self._losses >= PATIENCE:
                return Failed("not_tried", f"{PATIENCE} calls before it failed")
            if not self.budget.reserve(*reserved):
                return Failed("budget", f"${self.budget.spent:.2f} of ${self.config.max_cost:.2f} spent")
            used = (0, 0)
            try:
                answer = self._call(body, key, limit)
                if isinstance(answer, Failed):
                    return answer
                used, outcome = _used(answer, reserved), _outcome(answer)
                if isinstance(outcome, Written):  # a proxy may echo what it was sent
                    outcome = Written(self.client.without_key(outcome.text))
            finally:
                self.budget.settle(reserved, used)
            if isinstance(outcome, Written):
                self.cache.put(key, outcome.text, {"settings": self.settings(), "tokens": used})
                return outcome
            if outcome.reason not in ("malformed", "empty"):
                return outcome
        return outcome

    def _call(self, body: dict[str, Any], key: str, limit: RateLimit) -> Mapping[str, Any] | Failed:
        """One answer, however many attempts it takes."""
        problem, reply = "", Reply()
        for attempt in range(self.config.attempts):
            if not limit.wait():
                return Failed("not_tried", "the run was given up")
            with self._lock:
                self.calls += 1
            reply = self.client.post(body)
            if reply.answer is not None:
                with self._lock:
                    self._losses = 0
                return reply.answer
            problem = reply.problem
            if reply.fatal:
                limit.close()
                raise GenerationError(problem, where=self.config.base_url, remedy=reply.remedy)
            if reply.rejected:
                break
            if attempt + 1 == self.config.attempts:
                problem = f"{self.config.attempts} attempts, at last {problem}"
            elif reply.wait is not None:
                limit.pause(reply.wait)
            else:
                limit.sleep(backoff(key, attempt, self.config.first_wait))
        with self._lock:
            self._losses += 1
        return Failed("rejected" if reply.rejected else "unreachable", problem)


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    """Read a chat completion."""
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        content, ended = message.get("content") or "", choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError):
        return Failed("malformed", f"not a chat completion: {shortened(str(answer))}")
    if message.get("refusal") or ended == "content_filter":
        return Failed("refused", shortened(str(message.get("refusal") or "content filter")))
    if ended == "length":
        return Failed("truncated", shortened(content))
    return report_of(content)


def _used(answer: Mapping[str, Any], otherwise: tuple[int, int]) -> tuple[int, int]:
    """Tokens read and written, as billed; an endpoint that does not say is taken at the most."""
    usage = answer.get("usage")
    try:
        return int(usage["prompt_tokens"]), int(usage["completion_tokens"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return otherwise
