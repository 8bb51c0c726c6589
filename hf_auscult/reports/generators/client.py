"""The client of an OpenAI-compatible endpoint: one call, and what its answer means."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import requests

from .answers import shortened
from .rate_limit import retry_after

_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "clinical_report",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"report": {"type": "string"}},
            "required": ["report"],
            "additionalProperties": False,
        },
    },
}
_FORMATS: tuple[dict[str, Any] | None, ...] = (_SCHEMA, {"type": "json_object"}, None)
_FATAL = {  # status -> what to do: every call would meet it
    401: "check the key",
    402: "add credit, then run the same command again",
    403: "check what the key may do",
    404: "check the base url and the model's name",
}


@dataclass(frozen=True)
class Capabilities:
    """What an endpoint understands of the protocol; learned from what it rejects.

    Args:
        format: how JSON is asked for: 0 by schema, 1 as an object, 2 in words alone.
        limit: what the limit of an answer's tokens is called.
        seed: whether it takes one.
    """

    format: int = 0
    limit: str = "max_tokens"
    seed: bool = True

    def body_of(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Put a call as this endpoint takes it."""
        adapted = {key: value for key, value in body.items() if key not in ("max_tokens", "seed")}
        adapted[self.limit] = body["max_tokens"]
        if self.seed:
            adapted["seed"] = body["seed"]
        response_format = _FORMATS[self.format]
        return adapted if response_format is None else {**adapted, "response_format": response_format}

    def without(self, complaint: str) -> Capabilities:
        """Return the capabilities without what a complaint is about; the same ones if it is about something else.

        Example:
            >>> Capabilities().without("Unsupported parameter: response_format json_schema").format
            1
        """
        text = complaint.lower()
        if "max_completion_tokens" in text and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if any(word in text for word in ("response_format", "json_schema", "json_object")):
            return replace(self, format=min(self.format + 1, len(_FORMATS) - 1))
        if "seed" in text:
            return replace(self, seed=False)
        return self


@dataclass(frozen=True)
class Reply:
    """What became of a call.

    Args:
        answer: the JSON object, when there is one.
        problem: what went wrong otherwise.
        rejected: this call will never be answered; others may.
        remedy: of a problem that every call would meet.
        wait: seconds that the endpoint asks to wait.
    """

    answer: Mapping[str, Any] | None = None
    problem: str = ""
    rejected: bool = False
    remedy: str | None = None
    wait: float | None = None

    @property
    def fatal(self) -> bool:
        """Whether every call would meet this problem."""
        return self.remedy is not None


class Client:
    """Makes calls; safe among threads. The key goes into the header of the request and nowhere else.

    Args:
        base_url: up to and including ``/v1``.
        key: bearer token; None for an endpoint that takes none.
        timeout: seconds to wait for a connection, and for a next byte.
    """

    def __init__(self, base_url: str, key: str | None, *, timeout: float) -> None:
        self.url, self.timeout, self.capabilities = f"{base_url.rstrip('/')}/chat/completions", timeout, Capabilities()
        self._key = key
        self._lock = threading.Lock()
        self._local = threading.local()

    def post(self, body: Mapping[str, Any]) -> Reply:
        """Make one call; more only where the endpoint rejects a setting that it can be spared."""
        while True:
            capabilities = self.capabilities
            reply = self._once(capabilities.body_of(body))
            if not reply.rejected:
                return reply
            with self._lock:
                if self.capabilities == capabilities:
                    self.capabilities = capabilities.without(reply.problem)
                if self.capabilities == capabilities:
                    return reply

    def _once(self, body: Mapping[str, Any]) -> Reply:
        try:
            response = self._session().post(
                self.url, json=body, timeout=self.timeout, auth=self._sign, allow_redirects=False
            )
        except requests.Timeout:
            return Reply(problem=f"no answer within {self.timeout:g} s")
        except requests.RequestException as error:
            return Reply(problem=self._shown(f"no connection ({type(error).__name__}: {error})"))
        if response.status_code == 200:
            try:
                answer = response.json()
            except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or nested too deep
                return Reply(problem=self._shown(f"status 200 without JSON: {response.text}"))
            return Reply(answer=answer if isinstance(answer, dict) else {"answer": answer})
        return self._refusal(response)

    def _refusal(self, response: requests.Response) -> Reply:
        status, text = response.status_code, response.text
        problem = self._shown(f"status {status}: {text}")
        if status in _FATAL:
            return Reply(problem=problem, remedy=_FATAL[status])
        if status == 429 and "insufficient_quota" in text:
            return Reply(problem=problem, remedy=_FATAL[402])
        if 300 <= status < 400:
            return Reply(problem=problem, remedy="give the base url that it redirects to")
        if status in (408, 409, 425, 429) or status >= 500:
            return Reply(problem=problem, wait=retry_after(response.headers))
        # A complaint's useful words may stand behind a long start.
        return Reply(problem=self._shown(f"status {status}: {text}", 1000), rejected=True)

    def without_key(self, text: str) -> str:
        """A text with the key replaced."""
        return text.replace(self._key, "[key]") if self._key else text

    def _shown(self, text: str, length: int = 200) -> str:
        return shortened(self.without_key(text), length)

    def _sign(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        # Signed by hand, so that a password from ~/.netrc never takes the key's place.
        if self._key:
            prepared.headers["Authorization"] = f"Bearer {self._key}"
        return prepared

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session
