"""What the lung datasets share: who was examined where, with what."""

from __future__ import annotations

from .cells import Cells

SITES: tuple[str, ...] = (
    *("trachea", "left anterior", "right anterior", "left posterior", "right posterior"),
    *("left lateral", "right lateral"),
)
PERSON: tuple[str, ...] = ("organ", "site", "device", "age", "sex")


def person(cells: Cells) -> None:
    """Add site, device, age and sex. A site ``other`` is one that the dataset does not explain: it states nothing."""
    cells.words("sound", "organ", {"lung": "lungs"})
    cells.words("site", "site", {site: site for site in SITES} | {"other": None})
    cells.add("device", cells.text("device"), "device")
    cells.years()
    cells.words("sex", "sex", ("female", "male"))
