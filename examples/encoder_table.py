"""Print the table of encoders, or write it into a file: `python examples/encoder_table.py model_cards/README.md`.

Front ends, widths and parameters are those of the networks that the converters build; milliseconds of CPU time are
measured, for ten seconds of sound on one thread of the machine that is named, with random weights. Licences are those
of `hf_auscult/hub/families.yaml`, training data also the contamination register's. Parity is read from the table of
`python -m tests.models.parity` in the file.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.utils.logging import disable_progress_bar

import hf_auscult
from hf_auscult.data.contamination import exposures
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.embedding.precision import processor_of
from hf_auscult.files import write_text
from hf_auscult.hub.cards import families
from hf_auscult.hub.encoder_card import render_family_card
from hf_auscult.models.convert_checkpoint import FAMILIES

CARDS = Path(__file__).parents[1] / "model_cards"
BEGIN, END = "<!-- encoders: begin -->", "<!-- encoders: end -->"
HEADER = (
    "| encoder | front end | dim | million weights | CPU ms for 10 s | licence: code; weights | trained on | parity |\n"
    "|---|---|---|---|---|---|---|---|"
)
SECONDS, ROUNDS = 10, 5


def front_end(extractor: Any) -> str:
    """Say a front end in a few words."""
    spec = getattr(extractor, "front_end", None)
    if spec is None:
        return f"{extractor.sampling_rate / 1000:g} kHz, {extractor.feature_size} mel"
    kind = "Kaldi" if spec.kind == "kaldi" else "mel"
    return f"{spec.sampling_rate / 1000:g} kHz, {spec.n_mels} {kind}, {spec.f_min:g}-{spec.f_max:g} Hz"


def milliseconds(model: Any, extractor: Any) -> float:
    """Median CPU time that the embedding of ten seconds of noise takes."""
    rate = extractor.sampling_rate
    noise = 0.1 * np.random.default_rng(0).standard_normal(SECONDS * rate).astype(np.float32)
    embedder, times = Embedder(model, extractor), []
    for _ in range(ROUNDS + 1):  # the first one warms up
        start = time.process_time()
        embedder([{"array": noise, "sampling_rate": rate}])
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times[1:])


def parity(family: str, text: str) -> str:
    """Sum up a family's rows of the parity table."""
    rows = re.findall(rf"^\| {re.escape(family)}(?: \([\w-]+\))? \| (\d+) \| .* = ([\d.]+) \|", text, re.MULTILINE)
    if not rows:
        return "not with recorded arrays"
    return (
        f"{sum(int(number) for number, _ in rows)} arrays, worst {max(float(share) for _, share in rows)} of tolerance"
    )


def row(family: str, facts: dict[str, Any], text: str) -> str:
    """One line of the table."""
    conversion = import_module(FAMILIES[family]).CONVERSIONS[family]
    torch.manual_seed(0)
    built = conversion.build(**facts.get("build", {})).eval()
    extractor: Any = conversion.extractor_of(built)
    if family == "whisper":
        model, extractor = hf_auscult.adapt(built, extractor)
    else:
        model = getattr(built, "audio_encoder", built.base_model)
    parameters = sum(value.numel() for value in model.parameters()) / 1e6
    seen = sorted({item.dataset for item in exposures(family)})
    trained = "; ".join(filter(None, [facts.get("trained_on", ""), ", ".join(seen)])) or "not stated"
    cells = [
        f"`{family}`" + (f" ({facts['size']})" if "size" in facts else ""),
        front_end(extractor),
        str(model.config.pooled_size),
        f"{parameters:.1f}",
        f"{milliseconds(model, extractor):.0f}",
        f"{facts['code']}; {facts['weights']}",
        trained,
        parity(family, text),
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Print the table, or put it between the marks in a file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, help="Markdown with the two marks, which is rewritten")
    parser.add_argument("--cards", type=Path, metavar="DIR", help="also write a card a family into this folder")
    options = parser.parse_args(arguments)
    disable_progress_bar()
    torch.set_num_threads(1)
    originals = families()
    text = (options.file or CARDS / "README.md").read_text("utf-8")
    if options.file and not (BEGIN in text and END in text):
        parser.error(f"{options.file} lacks {BEGIN} and {END}")
    rows = []
    for family in FAMILIES:
        print(f"{family} …", file=sys.stderr)
        rows.append(row(family, originals[family], text))
        if options.cards:
            write_text(options.cards / family / "README.md", render_family_card(family, parity(family, text)))
    machine = f"{processor_of(torch.device('cpu'))}, one thread of {os.cpu_count()} shared cores"
    table = "\n".join([HEADER, *rows, "", f"Times: {machine}, torch {torch.__version__}; median of {ROUNDS}."])
    if not options.file:
        print(table)
        return 0
    before, rest = text.split(BEGIN)
    write_text(options.file, f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
