"""How fast an endpoint is asked: a limit of requests a minute, a pause for all when it asks for one, and back-off."""

from __future__ import annotations

import email.utils
import hashlib
import threading
import time
from collections.abc import Mapping

LONGEST_WAIT = 300.0
"""Seconds: no wait is longer, whatever an endpoint asks for; a run paused for longer had better be started anew."""


class RateLimit:
    """Lets threads through one after the other.

    Args:
        per_minute: requests started a minute at most; None for no limit.
    """

    def __init__(self, per_minute: float | None = None) -> None:
        self.gap = 0.0 if per_minute is None else 60.0 / per_minute
        self._next = 0.0
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def wait(self) -> bool:
        """Wait for this thread's turn; False when the run was given up meanwhile."""
        while not self._closed.is_set():
            with self._lock:
                left = self._next - time.monotonic()
                if left <= 0:
                    self._next = time.monotonic() + self.gap
                    return True
            self._closed.wait(left)
        return False

    def sleep(self, seconds: float) -> None:
        """Keep this thread alone waiting; ends at once when the run is given up."""
        self._closed.wait(seconds)

    def pause(self, seconds: float) -> None:
        """Let no thread through for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def close(self) -> None:
        """Give the run up: waiting threads return at once."""
        self._closed.set()


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that an answer asks to wait, from ``Retry-After-Ms`` or ``Retry-After`` (seconds, or a date).

    Example:
        >>> retry_after({"Retry-After": "2"}), retry_after({"Retry-After": "Fri, 21 Nov 2025 08:00:10 GMT"}, 1763712000)
        (2.0, 10.0)
        >>> retry_after({}) is None, retry_after({"Retry-After": "soon"}) is None
        (True, True)
    """
    for name, unit in (("Retry-After-Ms", 1e-3), ("Retry-After", 1.0)):
        text = headers.get(name, "").strip()
        if text.replace(".", "", 1).isdigit():
            return min(float(text) * unit, LONGEST_WAIT)
    try:
        date = email.utils.parsedate_to_datetime(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(0.0, date.timestamp() - (time.time() if now is None else now)), LONGEST_WAIT)


def backoff(key: str, attempt: int, first: float) -> float:
    """Seconds before the next attempt: doubled each time, and spread by 50 % so that threads do not come back at once.

    Example:
        >>> 4.0 <= backoff("a", 2, first=1.0) <= 6.0
        True
    """
    spread = int.from_bytes(hashlib.sha256(f"{key}{attempt}".encode()).digest()[:4], "big") / 2**32
    return min(first * 2**attempt * (1 + spread / 2), LONGEST_WAIT)
