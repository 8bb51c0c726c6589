"""A sample of reports as one page that works offline, and as the same table in CSV."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ...data.facts import Fact
from ...errors import ConfigurationError, DataError, MissingAudioError, UndecodableAudioError
from ...files import write_text
from ...metrics.tables import Table

QUESTIONS: dict[str, str] = {
    "consistent": "Is everything that the report says of these facts consistent with them?",
    "unsupported_detail": "Does the report add a detail that the facts do not support?",
    "plausible": "Is the report clinically plausible?",
}
"""The three of arXiv 2512.04847, III-E; each is answered yes or no."""
COLUMNS: tuple[str, ...] = (
    *("review", "number", "dataset", "recording_id", "facts", "text", *QUESTIONS, "comment", "reviewer"),
)
_BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheets know that a table is UTF-8
_TYPES = ((b"RIFF", "audio/wav"), (b"OggS", "audio/ogg"), (b"fLaC", "audio/flac"), (b"ID3", "audio/mpeg"))


@dataclass(frozen=True)
class ReviewRow:
    """A report as it is reviewed.

    Args:
        recording_id: of the recording.
        dataset: that it is of.
        text: the report.
        facts: that it was written from.
        audio: the recording as wav, ogg, flac or mp3: a file, or its bytes; None where there is none to listen to.
    """

    recording_id: str
    dataset: str
    text: str
    facts: tuple[Fact, ...]
    audio: Path | bytes | None = None


@dataclass(frozen=True)
class Review:
    """Where a review lies.

    Args:
        page: HTML, to be opened in a browser.
        sheet: the same as a table.
        rows: the sample, in the order of the page.
    """

    page: Path
    sheet: Path
    rows: tuple[ReviewRow, ...]


def make_review(
    rows: Sequence[ReviewRow],
    n: int,
    out: str | Path,
    *,
    seed: int = 0,
    strata: Callable[[ReviewRow], object] = lambda row: row.dataset,
) -> Review:
    """Write ``review.html`` and ``review.csv`` with a stratified sample of reports.

    The page holds everything, recordings included, and asks nothing of a network. Its button saves the filled table;
    filling the CSV instead is the same. :func:`score_review` reads either.

    Args:
        rows: reports to sample from.
        n: reports in the review.
        out: folder to write to.
        seed: of the sample and of its order.
        strata: gives a row's stratum, by default the dataset; each gives as many rows as the others, or all it has.

    Raises:
        ConfigurationError: fewer rows than asked for, or no rows asked for.
        DataError: a row without text, or a recording that two rows have with the same text.
        MissingAudioError: an audio file that is not there.
        UndecodableAudioError: audio of a type that browsers do not play.
    """
    for row in rows:
        if not row.text.strip():
            raise DataError("an empty report", where=row.recording_id, remedy="generate it again")
    chosen = sample(rows, n, seed=seed, strata=strata)
    folder = Path(out)
    name = hashlib.sha256(repr([(row.recording_id, row.text) for row in chosen]).encode()).hexdigest()[:12]
    pairs = [_pair(number, row) for number, row in enumerate(chosen, start=1)]
    questions = [{"name": key, "text": text} for key, text in QUESTIONS.items()]
    data = {"id": name, "columns": COLUMNS, "questions": questions, "pairs": pairs}
    template = resources.files(__package__).joinpath("page.html").read_text("utf-8")
    # "<" would let a report end the script element that holds the data
    page, sheet = folder / "review.html", folder / "review.csv"
    write_text(page, template.replace("__DATA__", json.dumps(data).replace("<", "\\u003c")))
    cells = [{**pair, "review": name, "facts": pair["fact_line"]} for pair in pairs]
    table = Table(COLUMNS, [[str(row.get(column, "")) for column in COLUMNS] for row in cells])
    write_text(sheet, f"{_BYTE_ORDER_MARK}{table.csv()}")
    return Review(page, sheet, tuple(chosen))


def sample(
    rows: Sequence[ReviewRow], n: int, *, seed: int = 0, strata: Callable[[ReviewRow], object] = lambda row: row.dataset
) -> list[ReviewRow]:
    """Draw rows, equally many of each stratum as far as it has them, in a random order.

    Raises:
        ConfigurationError: fewer rows than asked for, or no rows asked for.

    Example:
        >>> rows = [ReviewRow(str(i), "a" if i else "b", "No wheezes.", ()) for i in range(9)]
        >>> sorted(row.dataset for row in sample(rows, 4))
        ['a', 'a', 'a', 'b']
    """
    if not 0 < n <= len(rows):
        raise ConfigurationError(f"a review of {n} of {len(rows)} reports", remedy="choose a number between")
    draw = random.Random(seed)
    groups: dict[str, list[ReviewRow]] = defaultdict(list)
    for row in rows:
        groups[str(strata(row))].append(row)
    piles = [draw.sample(groups[name], len(groups[name])) for name in sorted(groups)]
    draw.shuffle(piles)  # which stratum gives one more is chance
    chosen: list[ReviewRow] = []
    while len(chosen) < n:
        for pile in piles:
            if pile and len(chosen) < n:
                chosen.append(pile.pop())
    draw.shuffle(chosen)
    return chosen


def _pair(number: int, row: ReviewRow) -> dict[str, object]:
    facts = [
        (_name(fact), fact.value if fact.polarity == "present" else f"{fact.value}: {fact.polarity}")
        for fact in row.facts
    ]
    return {
        "number": number,
        "recording_id": row.recording_id,
        "dataset": row.dataset,
        "text": row.text,
        "facts": facts,
        "fact_line": "; ".join(f"{name}: {value}" for name, value in facts),
        "audio": _audio(row),
    }


def _name(fact: Fact) -> str:
    name = fact.concept.replace("_", " ")
    return f"{name} of {fact.of}" if fact.of else name


def media_type(content: bytes) -> str | None:
    """Type of audio that every browser plays; None for any other.

    Example:
        >>> media_type(b"RIFF...."), media_type(bytes.fromhex("fffb9064")), media_type(bytes.fromhex("fff15080"))
        ('audio/wav', 'audio/mpeg', None)
    """
    for magic, kind in _TYPES:
        if content.startswith(magic):
            return kind
    # An MP3 without tags begins with a frame: eleven set bits, and layer III two bits on (AAC has layer 0 there).
    return "audio/mpeg" if content[:1] == b"\xff" and len(content) > 1 and content[1] & 0xE6 == 0xE2 else None


def _audio(row: ReviewRow) -> str | None:
    if row.audio is None:
        return None
    if isinstance(row.audio, Path):
        if not row.audio.is_file():
            raise MissingAudioError("no such file", where=row.audio, remedy="download it, or give no audio")
        content = row.audio.read_bytes()
    else:
        content = row.audio
    kind = media_type(content)
    if kind is None:
        raise UndecodableAudioError(
            "neither wav, ogg, flac nor mp3", where=row.recording_id, remedy="convert it, or give no audio"
        )
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
