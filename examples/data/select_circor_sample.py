"""Choose the bundled sample of CirCor: one recording per patient id, its original files untouched.

    python examples/data/select_circor_sample.py --source circor-heart-sound-1.0.3 --output examples/data/circor_sample

The recording of an id is its shortest one of at least eight seconds (its longest, where all are shorter): neither the
label nor the place where a murmur is heard has a say. Ids whose murmur is Unknown are left out except for two, which
exercise the rule that leaves them out. An id whose child has a second id is taken with it or not at all.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hf_auscult.audio import peek
from hf_auscult.data import dataset
from hf_auscult.data.catalogue.circor.reader import SUBSET_MARKER
from hf_auscult.data.schema import Row

SHORTEST = 8.0
"""Seconds: one window of the published encoders."""
UNKNOWN_PEOPLE = 2
MARKER = """The folder holds part of CirCor DigiScope 1.0.3: the recordings that RECORDS lists, one per patient id.
Patient files and tables are verbatim, so they also name recordings that are not here.
"""
ATTRIBUTION = """# Attribution

Part of *The CirCor DigiScope Phonocardiogram Dataset*, version 1.0.3
(https://physionet.org/content/circor-heart-sound/1.0.3/), distributed under the Open Data Commons Attribution License
v1.0 (`LICENSE.txt`).

* J. Oliveira, F. Renna, P. Costa, M. Nogueira, A. C. Oliveira, A. Elola, C. Ferreira, A. Jorge, A. Bahrami Rad,
  M. Reyna, R. Sameni, G. Clifford, M. Coimbra: The CirCor DigiScope Phonocardiogram Dataset (version 1.0.3).
  PhysioNet, 2022.
* J. Oliveira et al.: The CirCor DigiScope Dataset: From Murmur Detection to Murmur Classification. IEEE Journal of
  Biomedical and Health Informatics 26(6):2524-2535, 2022.
* A. Goldberger et al.: PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220, 2000.

{recordings} recordings of {ids} patient ids ({people} children), chosen by `select_circor_sample.py`. Every audio,
header, segmentation and patient file is byte for byte the original; `training_data.csv`, `RECORDS` and
`SHA256SUMS.txt` are cut to what is here, each kept row verbatim. Research recordings of people: do not try to
re-identify anyone; not for clinical use. Too small, and chosen too evenly, to report a benchmark on.
"""


def choose(rows: Sequence[Row], seconds: Mapping[str, float]) -> list[Row]:
    """One recording per id, whole people only, sorted by recording id."""
    ids: dict[str, list[Row]] = {}
    for row in rows:
        ids.setdefault(row["patient_id"], []).append(row)
    people: dict[str, list[Row]] = {}
    for recordings in ids.values():
        lengths = [(seconds[row["recording_id"]], row["recording_id"], row) for row in recordings]
        enough = [entry for entry in lengths if entry[0] >= SHORTEST]
        row = (min(enough) if enough else max(lengths))[2]
        people.setdefault(row["subject_id"], []).append(row)
    unknown = sorted(name for name, taken in people.items() if any(row["murmur"] == "Unknown" for row in taken))
    dropped = set(unknown[UNKNOWN_PEOPLE:])
    return sorted((row for name, taken in people.items() if name not in dropped for row in taken),
                  key=lambda row: str(row["recording_id"]))  # fmt: skip


def copy(root: Path, output: Path, chosen: Sequence[Row]) -> None:
    """Write the sample in the original layout."""
    ids = sorted({row["patient_id"] for row in chosen}, key=int)
    names = [f"{person}.txt" for person in ids]
    names += [f"{row['recording_id']}.{ending}" for row in chosen for ending in ("hea", "tsv", "wav")]
    files = ["LICENSE.txt", *(f"training_data/{name}" for name in names)]
    (output / "training_data").mkdir(parents=True)
    for name in files:
        shutil.copyfile(root / name, output / name)
    _cut(root, output, "training_data.csv", lambda line: line.startswith("Patient ID,") or line.split(",")[0] in ids)
    records = {f"training_data/{row['recording_id']}" for row in chosen}
    _cut(root, output, "RECORDS", lambda line: line.strip() in records)
    kept = set(files)
    _cut(root, output, "SHA256SUMS.txt", lambda line: line.split()[-1] in kept)
    people = len({row["subject_id"] for row in chosen})
    text = ATTRIBUTION.format(recordings=len(chosen), ids=len(ids), people=people)
    (output / "ATTRIBUTION.md").write_text(text, "utf-8")
    (output / SUBSET_MARKER).write_text(MARKER, "utf-8")


def _cut(root: Path, output: Path, name: str, wanted: Callable[[str], bool]) -> None:
    lines = (root / name).read_bytes().splitlines(keepends=True)
    (output / name).write_bytes(b"".join(line for line in lines if line.strip() and wanted(line.decode())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder of CirCor DigiScope 1.0.3")
    parser.add_argument("--output", type=Path, required=True, help="folder to write; it must not exist")
    arguments = parser.parse_args()
    if arguments.output.exists():
        parser.error(f"{arguments.output} exists")
    table = dataset("circor").read(arguments.source)
    seconds = {row["recording_id"]: peek(table.root / row["path"]).seconds or 0.0 for row in table.rows}
    chosen = choose(table.rows, seconds)
    copy(table.root, arguments.output, chosen)
    size = sum((table.root / row["path"]).stat().st_size for row in chosen)
    print(f"{len(chosen)} recordings, {size / 1e6:.2f} MB of audio -> {arguments.output}")


if __name__ == "__main__":
    main()
