"""Tables as Markdown text."""

from __future__ import annotations

from collections.abc import Sequence

from ..probes.evaluate import Figure

NONE = "–"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay cells out; every column but the first two is right-aligned.

    Example:
        >>> print(table(("task", "value"), [("T1", ".7")]))
        | task | value |
        | --- | --- |
        | T1 | .7 |
    """
    lines = [header, ["---" if place < 2 else "---:" for place in range(len(header))], *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def shown(figure: Figure | None, marks: str = "") -> str:
    """A figure with its interval; where there is none, a dash.

    Example:
        >>> shown(None), shown(Figure(0.5, None, "two people"), "†")
        ('–', '.500†')
    """
    if figure is None or figure.value is None:
        return NONE
    return f"{figure.interval if figure.interval is not None else number(figure.value)}{marks}"


def number(value: float) -> str:
    """Three decimals, without the zero before them.

    Example:
        >>> number(0.8), number(2.388), number(-0.02)
        ('.800', '2.388', '-.020')
    """
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
