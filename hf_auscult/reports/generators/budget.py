"""What an endpoint will cost, before it is asked, and a budget that is never exceeded."""

from __future__ import annotations

import math
import re
import threading
from dataclasses import dataclass

Price = tuple[float, float]

PRICES: dict[str, Price] = {
    "gpt-4o": (2.50, 10.00),
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
}
"""US dollars per million tokens read and written, OpenAI's list prices of 2025: they change, and --price overrides."""

REPORT_TOKENS = 90
"""Of two to three sentences; what the estimate takes an answer to be."""
_CHARACTERS_A_TOKEN = 3.6  # English is nearer to 4 to 5: an estimate that errs on the dear side
_TOKENS_A_CALL = 80  # roles, delimiters and the JSON schema


def price_of(model: str) -> Price | None:
    """Look a model's list price up; a date behind its name does not matter.

    Example:
        >>> price_of("gpt-4o-2024-08-06"), price_of("my-model")
        ((2.5, 10.0), None)
    """
    return PRICES.get(re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model))


def tokens(*texts: str) -> int:
    """Estimate the tokens of one call's prompt.

    Example:
        >>> tokens("a" * 360)
        180
    """
    return _TOKENS_A_CALL + math.ceil(sum(map(len, texts)) / _CHARACTERS_A_TOKEN)


def dollars(price: Price, read: float, written: float) -> float:
    """Cost of tokens read and written."""
    return (price[0] * read + price[1] * written) / 1e6


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Args:
        requests: texts wanted.
        cached: of them in the cache already, or asked for once for several recordings.
        read: tokens of the prompts of the rest.
        written: tokens of their answers.
        most_written: tokens of their answers, were all as long as is allowed.
        price: per million tokens; None where it is not known.
    """

    requests: int
    cached: int
    read: int
    written: int
    most_written: int
    price: Price | None

    @property
    def calls(self) -> int:
        """Texts that have to be asked for."""
        return self.requests - self.cached

    @property
    def cost(self) -> float | None:
        """Expected US dollars."""
        return None if self.price is None else dollars(self.price, self.read, self.written)

    @property
    def ceiling(self) -> float | None:
        """US dollars, were every answer as long as is allowed; without repeats of answers that cannot be used."""
        return None if self.price is None else dollars(self.price, self.read, self.most_written)

    def describe(self) -> str:
        """One line.

        Example:
            >>> Estimate(10, 4, 3000, 540, 1800, (2.5, 10.0)).describe()
            '10 texts, 4 known, 6 to ask for: about 3,000 tokens read and 540 written, $0.01 (at most $0.03)'
        """
        line = f"{self.requests:,} texts, {self.cached:,} known, {self.calls:,} to ask for"
        if not self.calls:
            return f"{line}: nothing to pay"
        line += f": about {self.read:,} tokens read and {self.written:,} written"
        if self.cost is None or self.ceiling is None:
            return f"{line}, at a price that is not known (give it with --price)"
        return f"{line}, ${self.cost:.2f} (at most ${self.ceiling:.2f})"


class Budget:
    """Money that calls reserve before they are made, and settle after; safe among threads.

    Args:
        most: US dollars that may be spent; None for no limit.
        price: per million tokens.

    Example:
        >>> budget = Budget(1.0, (1.0, 1.0))
        >>> budget.reserve(600_000, 300_000), budget.reserve(200_000, 0)
        (True, False)
        >>> budget.settle((600_000, 300_000), (600_000, 100_000)); budget.reserve(200_000, 0)
        True
    """

    def __init__(self, most: float | None, price: Price | None) -> None:
        self.most, self.price = most, price or (0.0, 0.0)
        self.spent = self.reserved = 0.0
        self.read = self.written = 0
        self._lock = threading.Lock()

    def reserve(self, read: int, written: int) -> bool:
        """Set the cost of a call aside; False when it could exceed the limit."""
        wanted = dollars(self.price, read, written)
        with self._lock:
            if self.most is not None and self.spent + self.reserved + wanted > self.most:
                return False
            self.reserved += wanted
            return True

    def settle(self, reserved: tuple[int, int], used: tuple[int, int]) -> None:
        """Give back what was set aside and pay what was used."""
        with self._lock:
            self.reserved = max(0.0, self.reserved - dollars(self.price, *reserved))
            self.spent += dollars(self.price, *used)
            self.read, self.written = self.read + used[0], self.written + used[1]
