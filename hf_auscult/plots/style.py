"""How every figure looks and is written: apart for the colour-blind by colour, apart on grey paper by line and mark."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

from ..errors import ConfigurationError, DataError
from ..files import new_file

# Okabe & Ito's colours without yellow, which white paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "+++")
GREY = "#767676"

_RC: dict[Any, Any] = {
    "font.size": 10,
    "font.family": ["DejaVu Sans"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 2.8,
    "legend.handleheight": 1.1,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "hatch.linewidth": 0.6,
    "savefig.dpi": 160,
    "savefig.bbox": "tight",  # no label is ever cut off
    "savefig.pad_inches": 0.1,
    "svg.hashsalt": "hf_auscult",
    "text.parse_math": False,
}

P = ParamSpec("P")
R = TypeVar("R")


COLUMN = 3.35  # inches: a column of IEEE's and Elsevier's journals (8.5 cm)
COLUMN_RC: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "savefig.bbox": "standard",  # the width is the column's, to the point
    "pdf.fonttype": 42,  # letters stay letters, which publishers ask for
}


class Saved(NamedTuple):
    """The two files of a figure."""

    png: Path
    svg: Path


class Look(NamedTuple):
    """Colour, line, marker and hatch of one series; all four differ between series."""

    colour: str
    line: Any
    marker: str
    hatch: str


class Estimate(Protocol):
    """A figure with its bounds, such as :class:`~hf_auscult.metrics.Interval`; both None where there is no interval."""

    @property
    def value(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float | None: ...  # noqa: D102
    @property
    def high(self) -> float | None: ...  # noqa: D102


def bounds(estimate: Estimate) -> tuple[float, float]:
    """Both ends of the bar that is drawn: the value itself where there is no interval."""
    if estimate.low is None or estimate.high is None:
        return estimate.value, estimate.value
    return estimate.low, estimate.high


def look(number: int) -> Look:
    """The look of the n-th series (from 0).

    Raises:
        ConfigurationError: more series than looks; a figure of eight is not readable.
    """
    if number >= len(COLOURS):
        raise ConfigurationError(
            f"{number + 1} series in one figure; {len(COLOURS)} can be told apart", remedy="draw several figures"
        )
    return Look(COLOURS[number], LINES[number], MARKERS[number], HATCHES[number])


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw with the package's settings, whatever the user's matplotlib is set to; nothing leaks out."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with _settings():
            return draw(*args, **kwargs)

    return inside


def canvas(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, Any]:
    """A figure in inches and its axes, without pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **options)


def save(figure: Any, path: str | Path) -> Saved:
    """Write ``path`` as PNG and SVG; each file appears whole or not at all, equal figures give equal bytes.

    Args:
        figure: of :func:`canvas`.
        path: with or without a suffix; the folder is made.

    Raises:
        DataError: the path is a folder.
    """
    stem = Path(path)
    stem = stem.with_suffix("") if stem.suffix in (".png", ".svg") else stem
    if not stem.name or Path(path).is_dir():
        raise DataError("is a folder", where=str(path), remedy="name the figure, for instance figures/roc")
    return Saved(*(_write(figure, stem.with_name(f"{stem.name}.{kind}")) for kind in ("png", "svg")))


def save_as(figure: Any, path: str | Path) -> Path:
    """Write a figure as the one file that its suffix says: PDF, SVG or PNG.

    Raises:
        ConfigurationError: another suffix.
    """
    if Path(path).suffix not in _METADATA:
        raise ConfigurationError(
            f"a figure as {Path(path).suffix or 'no format'}", where=str(path), remedy=f"use {', '.join(_METADATA)}"
        )
    return _write(figure, Path(path))


# What would make equal figures differ.
_METADATA: dict[str, dict[str, None]] = {
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
}


def _write(figure: Any, target: Path) -> Path:
    with new_file(target) as part, part.open("wb") as stream:
        figure.savefig(stream, format=target.suffix[1:], metadata=_METADATA[target.suffix])
    return target


def wrapped(text: str, width: int) -> str:
    """The text in lines of at most ``width`` letters."""
    return textwrap.fill(text, width, break_long_words=True)


def legend_below(figure: Any, axes: Any) -> None:
    """One legend under the whole figure, so that it never covers data."""
    handles, labels = axes.get_legend_handles_labels()
    longest = max((len(label) for label in labels), default=1)
    fits = max(1, int(figure.get_figwidth() * 12 / (longest + 6)))
    rows = -(-len(labels) // fits)
    figure.legend(handles, labels, loc="outside lower center", ncols=max(1, -(-len(labels) // max(1, rows))))


@contextmanager
def _settings() -> Iterator[None]:
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "figures need matplotlib, which is not installed", remedy="pip install 'hf-auscult[viz]'"
        ) from error
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield
