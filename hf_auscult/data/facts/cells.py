"""Read a row's cells into facts; a cell that states nothing gives none, one that cannot be meant is a typed error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import DataError
from ..schema import OLDEST
from .schema import Fact, Polarity

Row = Mapping[str, Any]
YES: tuple[str, ...] = ("true", "yes", "y", "1", "1.0")
NO: tuple[str, ...] = ("false", "no", "n", "0", "0.0")
_NEONATE_YEARS = 28 / 365.25  # the neonatal period of the WHO


def stated(value: object) -> str | None:
    """Text of a cell, or None where it states nothing.

    Example:
        >>> stated(float("nan")), stated(" nan"), stated(92.0)
        (None, None, '92.0')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value).strip()
    return None if text.lower() in ("", "nan", "none") else text


class Cells:
    """One row's cells and the facts that were read from them.

    Args:
        row: a prepared recording.
        columns: that must be there, be they empty.

    Raises:
        DataError: a column is missing.

    Example:
        >>> cells = Cells({"recording_id": "r1", "age": 66.0}, ("age",))
        >>> cells.number("age", "age", high=130)
        >>> cells.facts[0].value
        '66'
    """

    def __init__(self, row: Row, columns: Sequence[str]) -> None:
        self.row = row
        self.where = str(row.get("recording_id"))
        self.facts: list[Fact] = []
        self.sources: dict[str, str] = {}  # field -> who states it in this row, where that is not the mapping's
        absent = [name for name in columns if name not in row]
        if absent:
            raise DataError(
                f"columns {absent} are missing", where=self.where, remedy="pass rows of a prepared dataset of this name"
            )

    def text(self, field: str) -> str | None:
        """What a cell says, or None."""
        return stated(self.row.get(field))

    def add(
        self, concept: str, value: str | None, field: str, polarity: Polarity = "present", of: str | None = None
    ) -> None:
        """Add a fact, unless there is no value or the fact is there already.

        Raises:
            DataError: a value that the concept's vocabulary lacks.
        """
        if value is None:
            return
        try:
            fact = Fact(concept, value, field, polarity, of)
        except DataError as error:
            raise DataError(f"{field}: {error.problem}", where=self.where, remedy=error.remedy) from error
        if fact not in self.facts:
            self.facts.append(fact)

    def word(self, field: str, words: Mapping[str, str | None] | Sequence[str]) -> str | None:
        """Translate a cell's word; None where it, or the cell, states nothing.

        Raises:
            DataError: a word that is not among these, which are matched whatever their case.
        """
        return self.translate(field, self.text(field), words)

    def translate(self, field: str, text: str | None, words: Mapping[str, str | None] | Sequence[str]) -> str | None:
        """Translate a word of a cell, see :meth:`word`."""
        if text is None:
            return None
        known = words if isinstance(words, Mapping) else {word: word for word in words}
        lower = {word.lower(): meaning for word, meaning in known.items()}
        if text.lower() not in lower:
            raise DataError(
                f"{field} is {text!r}", where=self.where, remedy=f"expected one of {', '.join(map(repr, known))}"
            )
        return lower[text.lower()]

    def flag(self, field: str) -> bool | None:
        """Read a yes or no, however the dataset writes it.

        Raises:
            DataError: neither.
        """
        word = self.word(field, dict.fromkeys(YES, "yes") | dict.fromkeys(NO, "no"))
        return None if word is None else word == "yes"

    def words(self, concept: str, field: str, words: Mapping[str, str | None] | Sequence[str]) -> None:
        """Add the fact that a cell's word stands for."""
        self.add(concept, self.word(field, words), field)

    def flags(self, concept: str, values: Mapping[str, str], *, absent: bool) -> None:
        """Add what yes-or-no columns state.

        Args:
            concept: of all of them.
            values: column -> what a yes means.
            absent: whether a no states that it is not there; otherwise a no states nothing.
        """
        for field, value in values.items():
            flag = self.flag(field)
            if flag or (flag is False and absent):
                self.add(concept, value, field, "present" if flag else "absent")

    def quantity(self, field: str, *, high: float, low: float = 0) -> float | None:
        """Read a number above ``low`` and up to ``high``.

        Raises:
            DataError: no number, or one outside.
        """
        text = self.text(field)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError as error:
            raise DataError(
                f"{field} {text!r} is not a number", where=self.where, remedy="correct the table"
            ) from error
        if not low < value <= high:
            raise DataError(f"{field} is {text}", where=self.where, remedy=f"expected above {low:g}, up to {high:g}")
        return value

    def number(self, concept: str, field: str, *, high: float, low: float = 0) -> None:
        """Add a number, without zeros that say nothing."""
        value = self.quantity(field, high=high, low=low)
        self.add(concept, None if value is None else f"{value:g}", field)

    def years(self, field: str = "age") -> None:
        """Add an age in years to two decimals; within 28 days of birth the age group says more, and stands instead."""
        value = self.quantity(field, high=OLDEST, low=-1e-9)
        if value is None:
            return
        if value < _NEONATE_YEARS:
            self.add("age_group", "neonate", field)
        else:
            self.add("age", f"{round(value, 2):g}", field)

    def event(self, kinds: Sequence[str]) -> str | None:
        """Type of the event that a row of a segment is, or None for a row of a whole recording.

        Raises:
            DataError: the row says which event it is and has no such event, or one of another type.
        """
        number = self.row.get("segment")
        if number is None:
            return None
        kind = self.text("type")
        if kind is None:
            events = self.row.get("events") or ()
            if not 0 <= int(number) < len(events):
                raise DataError(f"there is no event {number}", where=self.where, remedy="prepare the dataset again")
            kind = str(events[int(number)]["type"])
        if kind not in kinds:
            raise DataError(f"event is {kind!r}", where=self.where, remedy=f"expected one of {', '.join(kinds)}")
        return kind

    def events(self, kinds: Sequence[str]) -> list[str] | None:
        """Types of a recording's events, each once, in the order of ``kinds``; None where nobody annotated it.

        Raises:
            DataError: another type.
        """
        events = self.row.get("events")
        if not events:
            return None
        found = {str(event["type"]) for event in events}
        if found - set(kinds):
            raise DataError(
                f"events are {sorted(found - set(kinds))}", where=self.where, remedy=f"expected {', '.join(kinds)}"
            )
        return [kind for kind in kinds if kind in found]
