"""The attack on original tables: twins linked in any spelling, filter copies under any name, byte-duplicates."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_auscult.data import DATASETS
from hf_auscult.data.catalogue.circor import reader as circor
from hf_auscult.data.catalogue.circor.reader import HEADER
from hf_auscult.data.spec import DatasetSpec
from hf_auscult.data.split_spec import SplitSpec
from hf_auscult.data.splits import plan
from hf_auscult.errors import ConfigurationError, LeakageError

from .attacker import Groups, families
from .every_layout import ORIGINALS


def crossing(spec: DatasetSpec, rows, links, seed: int) -> list[object]:
    """Groups of linked recordings on two sides, over all families."""
    groups = Groups()
    for one, other in links:
        groups.join(one, other)
    found = []
    for split in families(spec, rows, seed):
        try:
            splits = plan(rows, spec, split).splits
        except ConfigurationError:
            continue
        sides = defaultdict(set)
        for name, part in splits.items():
            sides[groups.root(name)].add(part)
        found += [who for who, parts in sides.items() if len(parts) > 1]
    return found


def write_circor(root: Path, people: list[tuple[str, str]], chance: random.Random) -> Path:
    """Tables of CirCor: (id, Additional ID) of every line; two recordings each."""
    (root / "training_data").mkdir(parents=True)
    with (root / "training_data.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, HEADER)
        writer.writeheader()
        for person, other in people:
            said = {"Murmur": chance.choice(["Present", "Absent"]), "Outcome": chance.choice(["Normal", "Abnormal"])}
            known = {"Patient ID": person, "Additional ID": other, "Sex": chance.choice(["Male", "Female"])}
            writer.writerow(dict.fromkeys(HEADER, "nan") | known | said)
            sites = chance.sample(["AV", "PV", "TV", "MV"], 2)
            lines = [f"{site} {person}_{site}.hea {person}_{site}.wav {person}_{site}.tsv" for site in sites]
            (root / "training_data" / f"{person}.txt").write_text("\n".join([f"{person} 2 4000", *lines]) + "\n")
    return root


@settings(max_examples=25, deadline=None)
@given(chance=st.randoms(use_true_random=False), people=st.integers(6, 20), links=st.integers(0, 8))
def test_circor_children_under_several_ids(tmp_path_factory, chance: random.Random, people: int, links: int):
    """Chains, links in one direction only, links to an id that has no line, and spaces around it."""
    ids = [str(number) for number in chance.sample(range(100, 900), people)]
    said = dict.fromkeys(ids, "nan")
    for _ in range(links):
        said[chance.choice(ids)] = chance.choice([*ids, "901", "902"])
    spaces = [
        (one, other if other == "nan" else chance.choice(["{}", " {}", "{} "]).format(other))
        for one, other in said.items()
    ]
    root = write_circor(tmp_path_factory.mktemp("circor"), spaces, chance)
    rows = DATASETS["circor"].read(root).rows
    assert len(rows) == 2 * people
    linked = [(row["recording_id"], ("id", row["recording_id"].split("_")[0])) for row in rows]
    linked += [(("id", one), ("id", other)) for one, other in said.items() if other != "nan"]
    assert not crossing(DATASETS["circor"], rows, linked, chance.randrange(100))


def test_circor_without_its_twins_would_leak(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(circor, "merge", lambda ids, links: {name: name for name in ids})
    ids = [str(number) for number in range(100, 120)]
    root = write_circor(tmp_path / "circor", list(zip(ids, [*ids[1:], "nan"], strict=True)), random.Random(0))
    rows = DATASETS["circor"].read(root).rows
    assert crossing(DATASETS["circor"], rows, [(row["recording_id"], "one child") for row in rows], 0)


def test_a_twin_of_a_reserved_child_is_not_taken_for_somebody_else(tmp_path: Path):
    root = write_circor(tmp_path / "circor", [("12", "13918"), ("13918", "nan"), ("14", "nan")], random.Random(0))
    with pytest.raises(LeakageError, match="reserved test subject 13918"):
        DATASETS["circor"].read(root)


@settings(max_examples=25, deadline=None)
@given(chance=st.randoms(use_true_random=False), people=st.integers(6, 20))
def test_kauh_filter_copies_under_any_spelling(tmp_path_factory, chance: random.Random, people: int):
    """The three copies of a take with other spellings, spaces and zeros in their names."""
    root = tmp_path_factory.mktemp("kauh")
    (root / "AudioFiles").mkdir()
    for person in chance.sample(range(1, 113), people):
        age = chance.randint(10, 90)
        for code in "BDE":
            disease = chance.choice(["N", "Asthma", "asthma", "COPD", "copd", "heart failure", "Heart Failure "])
            number = chance.choice([f"{person}", f"{person:03d}"])
            place = chance.choice(["P R L ", "P R L", "A U R"])
            (root / "AudioFiles" / f"{code}P{number}_{disease},N,{place},{age},M.wav").touch()
    rows = DATASETS["kauh"].read(root).rows
    assert len(rows) == 3 * people
    links = [(row["recording_id"], int(row["recording_id"].split("_")[0][2:])) for row in rows]
    assert not crossing(DATASETS["kauh"], rows, links, chance.randrange(100))


@settings(max_examples=25, deadline=None)
@given(chance=st.randoms(use_true_random=False), files=st.integers(8, 40), copies=st.integers(0, 10))
def test_covid19_cough_contradicting_duplicates(tmp_path_factory, chance: random.Random, files: int, copies: int):
    root = tmp_path_factory.mktemp("covid")
    (root / "raw").mkdir()
    content = {f"{number:08x}": str(number).encode() for number in range(files)}
    for name in chance.choices(sorted(content), k=copies):
        content[name] = content[chance.choice(sorted(content))]
    entries = []
    for name, data in content.items():
        (root / "raw" / f"{name}.mp3").write_bytes(data)
        source = chance.choice(["call-center", "telegram"])
        entries.append({"filename": f"{name}.mp3", "covid19": chance.random() < 0.5, "source": source})
    chance.shuffle(entries)
    (root / "metadata.json").write_text(json.dumps(entries))
    rows = DATASETS["covid19_cough"].read(root).rows
    links = [(name, ("bytes", data)) for name, data in content.items()]
    assert not crossing(DATASETS["covid19_cough"], rows, links, chance.randrange(100))


def test_icbhi_156_and_218_are_refused_officially_and_on_one_side_with_us(shared: Path, tmp_path: Path):

    spec = DATASETS["icbhi"]
    rows = spec.read(ORIGINALS["icbhi"](shared, tmp_path / "icbhi")).rows
    both = [row for row in rows if row["recording_id"].split("_")[0] in ("156", "218")]
    official = plan(rows, spec, SplitSpec(name="official")).splits
    for person in ("156", "218"):
        own = {official[row["recording_id"]] for row in both if row["recording_id"].startswith(person)}
        assert own == {"train", "test"}, "which is why prepare refuses this split"
    links = [(row["recording_id"], row["recording_id"].split("_")[0]) for row in rows]
    ours = [split for split in families(spec, rows, 0) if split.name != "official"]
    for split in ours[:4]:
        sides = defaultdict(set)
        for name, part in plan(rows, spec, split).splits.items():
            sides[dict(links)[name]].add(part)
        assert all(len(found) == 1 for found in sides.values())
