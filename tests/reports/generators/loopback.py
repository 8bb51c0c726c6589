"""An OpenAI-compatible endpoint on this machine that behaves as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: a body (JSON, or text as it is), after a while."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    hang_up: bool = False


def completion(content: str | None, ended: str = "stop", *, usage: bool = True, **message: Any) -> Answer:
    body: dict[str, Any] = {
        "choices": [{"message": {"role": "assistant", "content": content, **message}, "finish_reason": ended}]
    }
    if usage:
        body["usage"] = {"prompt_tokens": 300, "completion_tokens": 50}
    return Answer(body)


def good(user: str) -> Answer:
    """A report that repeats the lines it was given."""
    return completion(json.dumps({"report": f"The recording shows {'; '.join(user.splitlines())}."}))


Script = Callable[[dict[str, Any], int], Answer]
"""Body of a call and how many came before it (of all, in order of arrival) -> the answer."""


@dataclass
class Endpoint:
    """The server as a test sees it."""

    url: str
    calls: list[dict[str, Any]]
    times: list[float]
    keys: list[str | None]
    script: Script

    @property
    def prompts(self) -> list[str]:
        """User prompt of every call."""
        return [call["messages"][1]["content"] for call in self.calls]


@contextmanager
def serving(script: Script | None = None) -> Iterator[Endpoint]:
    """Run the server on a free port."""
    lock = threading.Lock()
    found = Endpoint("", [], [], [], script or (lambda body, _: good(body["messages"][1]["content"])))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(found.calls)
                found.calls.append(body)
                found.times.append(time.monotonic())
                found.keys.append(self.headers.get("Authorization"))
            if self.path != "/v1/chat/completions":
                answer = Answer({"error": {"message": f"no such path {self.path}"}}, 404)
            else:
                answer = found.script(body, number)
            time.sleep(answer.after)
            if answer.hang_up:
                self.close_connection = True
                self.connection.close()
                return
            raw = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(raw)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)
            except OSError:
                self.close_connection = True  # the client did not wait

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
