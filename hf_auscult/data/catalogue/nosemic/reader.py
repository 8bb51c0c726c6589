"""Read NoseMic, whose file names hold the respiratory rate."""

from __future__ import annotations

import re
from pathlib import Path

from ....errors import DataError
from ...collector import RowCollector
from ...spec import Table

_NAME = re.compile(r"(?P<user>[^_]+)_(?P<second>[^_]+)_(?P<third>[^_]+)_(?P<rate>\d+(\.\d+)?)")
_FASTEST = 120  # breaths a minute: more is a typing error


def read(source: Path, collector: RowCollector) -> Table:
    """Read the original layout: ``audio/<user>_<x>_<y>_<breaths per minute>.wav``.

    Raises:
        DataError: another layout.
    """
    root = collector.root(source, "audio")
    for file in sorted((root / "audio").glob("*.[wW][aA][vV]")):
        with collector.checked(file.stem, f"audio/{file.name}"):
            match = _NAME.fullmatch(file.stem)
            if match is None:
                raise DataError("the name is not <user>_<x>_<y>_<breaths per minute>")
            rate = float(match["rate"])
            if not 0 < rate <= _FASTEST:
                raise DataError(f"{rate:g} breaths per minute")
            collector.add(
                file.stem,
                f"audio/{file.name}",
                match["user"],
                user=match["user"],
                second_field=match["second"],
                third_field=match["third"],
                respiratory_rate=rate,
            )
    if not collector.rows:
        raise DataError("no recording of NoseMic's names", where=root / "audio", remedy="download it again")
    return collector.table(root)
