"""Mutated tables and annotations: `prepare` uses them, sets rows aside, or says in a line what is wrong."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hf_auscult.data import inspection, population, preparation, prepare
from hf_auscult.data.from_folder import folder_spec
from hf_auscult.data.schema import OLDEST, TIMED, Row
from hf_auscult.errors import AuscultError

from ..data.lung_layouts import noise
from ..data.small_layouts import LAYOUTS

TEXT = {".csv", ".tsv", ".txt", ".json", ".hea", ".xlsx", ".xls", ""}
MOST = 24
"""Recordings of a layout: the tables are the matter here."""
LINES = (
    "path,subject_id,recording_id,label,site,age,sex,organ,ward,age_group",
    *(f"{n}.wav,p{n % 4},r{n},{'ab'[n % 2]},mitral,{20 + n if n < 4 else ''},f,heart,x,child" for n in range(8)),
)
NUMBERS = ("inf", "-inf", "nan", "1e999", "-7000", "1e9", "0x10", "9" * 5_000, "१२", "1_0", "", "-0", "1e-400", "None")
TEXTS = ("\0", "\ufeff", "\ud800", '"', '"' * 3, "'", "=1+1", "../../etc/passwd", "a" * 140_000, "\r", "\n", ";", "\t")
TEXTS += (r"$\frac{x$", "<b>|`*_[x](y)", "x" * 5_000, "\x1b[31m", "---", "{{x}}", "%s{0}")
JSONS = (
    "[" * 100_000,
    '{"a":' * 50_000,
    "9" * 5_000,
    "NaN",
    "-Infinity",
    "[]",
    "{}",
    "null",
    "1",
    '"x"',
    '[{"x": [1]}]',
)

STAND_INS: tuple[Callable[[Path], object], ...] = (
    lambda file: None,
    Path.mkdir,
    os.mkfifo,
    lambda file: file.symlink_to("/dev/zero"),
    lambda file: file.symlink_to(file),
    lambda file: file.symlink_to("/proc/self/mem"),
    lambda file: file.write_bytes(b""),
)
"""What stands where a table should be: nothing, a folder, a pipe, what never ends, what cannot be opened or read."""


def build(root: Path, shared: Path) -> dict[str, Path]:
    """One small original of every dataset, with sound in it; and a folder of one's own."""
    made = {}
    for name, layout in LAYOUTS.items():
        folder = root / name
        layout(shared, folder)
        sounds = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".wav", ".mp3", ".webm", ".ogg"))
        for number, file in enumerate(sounds):
            if number >= MOST:
                file.unlink()
            elif file.stat().st_size < 300:
                sound = noise(file.with_suffix(".made.wav"), 20 if name in ("icbhi", "hf_lung", "sprsound") else 1, 500)
                sound.rename(file)
        made[name] = folder
    own = root / "mine"
    for number in range(8):
        noise(own / f"{number}.wav", 1, 500)
    (own / "metadata.csv").write_text("\n".join(LINES))
    return made | {"mine": own}


def mutated(chance: random.Random, data: bytes) -> bytes:
    """A table with cells, lines or bytes that are not what they should be."""
    lines = data.split(b"\n")
    for _ in range(chance.choice((1, 1, 1, 3))):
        number = chance.randrange(len(lines))
        line = lines[number]
        sign = max((b",", b";", b"\t", b" ", b":"), key=line.count)
        cells = line.split(sign)
        word = chance.choice(NUMBERS + TEXTS).encode("utf-8", "surrogatepass")
        match chance.randrange(10):
            case 0 | 1 | 2:
                cells[chance.randrange(len(cells))] = word
                lines[number] = sign.join(cells)
            case 3:
                lines[number] = sign.join(chance.sample(cells, len(cells)))
            case 4:
                lines.insert(number, lines[chance.randrange(len(lines))])
            case 5:
                del lines[number : number + chance.choice((1, 1, len(lines)))]
                lines = lines or [b""]
            case 6:
                at = chance.randrange(len(line) + 1)
                lines[number] = line[:at] + chance.choice((chance.randbytes(3), word)) + line[at:]
            case 7:
                lines = b"\n".join(lines)[: chance.randrange(len(data) + 1)].split(b"\n")
            case 8:
                out = bytearray(b"\n".join(lines))
                for _ in range(chance.choice((1, 4, 30)) if out else 0):
                    out[chance.randrange(len(out))] = chance.randrange(256)
                lines = bytes(out).split(b"\n")
            case 9:
                content = b"\n".join(lines).decode("utf-8", "replace")
                lines = chance.choice((json_of, other_text))(chance, content).encode("utf-8", "replace").split(b"\n")
    return b"\n".join(lines)


def json_of(chance: random.Random, text: str) -> str:
    """A JSON text with one value replaced by another kind of value."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return chance.choice(JSONS)
    strange = chance.choice((None, [], {}, "x", -1, 1e308, [[1]], "inf", True, {"a": {}}))
    at = content
    while isinstance(at, (dict, list)) and at:
        key = chance.choice(sorted(at)) if isinstance(at, dict) else chance.randrange(len(at))
        if not isinstance(at[key], (dict, list)) or chance.random() < 0.3:
            at[key] = strange
            break
        at = at[key]
    return json.dumps(content)


def other_text(chance: random.Random, text: str) -> str:
    """The whole text in another form."""
    return chance.choice((text.replace("\n", "\r\n"), text.upper(), text.replace(",", ";"), text + text, text[::-1]))


def attack(chance: random.Random, layouts: dict[str, Path], work: Path, run: Callable[[str, Path, Path], str]) -> str:
    """Change one or two tables of a layout, prepare it, and put them back."""
    name = chance.choice(sorted(layouts))
    source, output = layouts[name], work / "output"
    tables = [file for file in sorted(source.rglob("*")) if file.suffix.lower() in TEXT and file.is_file()]
    chosen = chance.sample(tables, min(len(tables), chance.choice((1, 1, 2))))
    before = {file: file.read_bytes() for file in chosen}
    try:
        for file, data in before.items():
            if chance.random() < 0.03:
                file.unlink()
                chance.choice(STAND_INS)(file)
            else:
                file.write_bytes(mutated(chance, data))
        return f"{run(name, source, output)}"
    finally:
        for file, data in before.items():
            shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
            file.write_bytes(data)
        shutil.rmtree(output, ignore_errors=True)
        for left in work.glob(".output*"):
            left.unlink()


def in_process(name: str, source: Path, output: Path) -> str:
    """Prepare by the function."""
    try:
        spec = folder_spec(source, name="mine") if name == "mine" else name
        report = prepare(spec, source, output, progress=False)
    except AuscultError:
        return "refused"
    assert report.listed == report.written + len(report.quarantined) + len(report.withheld), "a recording was lost"
    for file in sorted((output / "data").glob("*.parquet")):
        names = [name for name in ("age", "duration", *TIMED) if name in pq.read_schema(file).names]
        for row in pq.read_table(file, columns=names).to_pylist():
            assert row["age"] is None or 0 <= row["age"] < OLDEST, f"an age of {row['age']}"
            for event in (event for name in TIMED for event in row.get(name) or ()):
                possible = 0 <= event["start"] <= event["end"] <= row["duration"] + inspection.OVERHANG
                assert possible, f"an event from {event['start']} to {event['end']} s of {row['duration']}"
    return "set aside" if report.quarantined else "prepared"


def by_command(name: str, source: Path, output: Path) -> str:
    """Prepare by the command line: exit status 0 or 2, and a line."""
    import contextlib
    import io

    from hf_auscult.cli import main

    said = io.StringIO()
    dataset = ["from_folder", "--name", "mine"] if name == "mine" else [name]
    words = ["prepare", *dataset, "--source", str(source), "--output", str(output), "--json"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        status = main(words)
    assert status in (0, 2), f"status {status}"
    (line,) = said.getvalue().splitlines()
    content = json.loads(line, parse_constant=_refuse)
    assert ("error" in content) == (status == 2), line[:300]
    return "refused" if status else "prepared"


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read each recording, and draw each population, once a process: tables change here, recordings do not."""
    known: dict[tuple[str, ...], object] = {}
    drawn: dict[frozenset[object], bytes | None] = {}

    def inspect(row: Row, root: Path) -> object:
        key = (str(root), str(row["path"]), str(row["recording_id"]))
        if key not in known:
            known[key] = inspection.inspect(row, root)
        return known[key]

    def draw_people(folder: Path, counts: Mapping[tuple[str, str], int]) -> bool:
        key = frozenset(counts.items())
        if key not in drawn:
            drawn[key] = (folder / population.PLOT).read_bytes() if population.draw_people(folder, counts) else None
        picture = drawn[key]
        if picture is not None:
            (folder / population.PLOT).write_bytes(picture)
        return picture is not None

    monkeypatch.setattr(inspection, "_serial", lambda rows, root: (inspect(row, root) for row in rows))
    monkeypatch.setattr(preparation, "draw_people", draw_people)


def with_layouts(root: Path, shared: Path, *, command: bool = False) -> Callable[[random.Random], str]:
    """The attack on layouts below a folder."""
    work = root / "work"
    work.mkdir(parents=True)
    return partial(
        attack, layouts=build(root / "originals", shared), work=work, run=by_command if command else in_process
    )
