from __future__ import annotations

import pytest

from hf_auscult.data.guards import (
    assert_no_reserved,
    assert_no_shared_audio,
    assert_subject_disjoint,
    check_splits,
    reserved_subjects,
)
from hf_auscult.errors import LeakageError


def test_one_shared_person_among_many_is_named():
    train = [f"s{n}" for n in range(1000)]
    with pytest.raises(LeakageError, match=r"1 people.*s500 \(test, train\)"):
        assert_subject_disjoint({"train": train, "test": ["x", "s500"]})


def test_sharing_between_validation_and_test_counts_too():
    with pytest.raises(LeakageError, match="test, validation"):
        assert_subject_disjoint({"train": ["a"], "validation": ["b"], "test": ["b"]})


def test_iterators_are_read_once_and_in_full():
    assert_subject_disjoint({"train": iter(["a", "b"]), "test": iter(["c"])})
    with pytest.raises(LeakageError):
        assert_subject_disjoint({"train": iter(["a", "b"]), "test": (name for name in ["c", "b"])})


@pytest.mark.parametrize("nobody", [None, "", "  "])
def test_a_recording_of_nobody_cannot_pass(nobody):
    with pytest.raises(LeakageError, match="no subject id"):
        assert_subject_disjoint({"train": ["a", nobody], "test": ["b"]})
    with pytest.raises(LeakageError, match="no subject id"):
        assert_no_reserved([nobody], "circor")


def test_many_offenders_are_counted_and_cut_short():
    names = [f"s{n:03d}" for n in range(25)]
    with pytest.raises(LeakageError, match=r"25 people.*and 15 more"):
        assert_subject_disjoint({"train": names, "test": names})


def test_reserved_lists_are_those_that_were_locked():
    assert {name: len(reserved_subjects(name)) for name in ("circor", "sprsound", "icbhi2017", "cinc2016")} == {
        "circor": 74,
        "sprsound": 49,
        "icbhi2017": 3,
        "cinc2016": 0,
    }


@pytest.mark.parametrize("subject", ["circor:13918", "13918", " 13918 "])
def test_reserved_people_are_refused_under_any_spelling(subject: str):
    with pytest.raises(LeakageError, match="13918"):
        assert_no_reserved(["circor:23625", subject], "circor", use="alignment")


def test_reserved_ids_belong_to_their_dataset():
    assert_no_reserved(["sprsound:13918"], "sprsound")
    with pytest.raises(LeakageError):
        assert_no_reserved(["sprsound:40138127"], "sprsound")


def test_no_reserved_subject_is_in_the_slice_at_hand(shared):
    listed = (shared / "data" / "RESERVED_SUBJECTS.tsv").read_text().splitlines()
    rows = {tuple(line.split("\t")) for line in listed if line and not line.startswith("#")}
    assert rows == {(name, one) for name in ("circor", "sprsound", "icbhi2017") for one in reserved_subjects(name)}


def test_shared_audio_is_named_by_recording():
    with pytest.raises(LeakageError, match="a = b"):
        assert_no_shared_audio({"train": [("a", "00")], "test": [("b", "00"), ("c", "11")]})
    assert_no_shared_audio({"train": [("a", "00"), ("a2", "00")], "test": [("c", "11")]})
    with pytest.raises(LeakageError, match="no SHA-256"):
        assert_no_shared_audio({"train": [("a", "")]})


def rows(*triples):
    return [{"recording_id": a, "subject_id": b, "audio_sha256": c} for a, b, c in triples]


def test_allowing_a_leak_never_allows_reserved_people_in_training():
    leaky = {"train": rows(("a", "circor:1", "00")), "test": rows(("b", "circor:1", "00"))}
    with pytest.raises(LeakageError, match="people"):
        check_splits(leaky, "circor")
    check_splits(leaky, "circor", allow_leakage=True)
    for split in ("train", "validation", "dev", "testing"):
        with pytest.raises(LeakageError, match="13918"):
            check_splits({split: rows(("a", "circor:13918", "00"))}, "circor", allow_leakage=True)
    check_splits({"test": rows(("a", "circor:13918", "00"))}, "circor")


def test_identical_audio_of_two_people_is_refused():
    with pytest.raises(LeakageError, match="byte-identical"):
        check_splits({"train": rows(("a", "s1", "00")), "test": rows(("b", "s2", "00"))}, "circor")


def test_people_who_are_one_through_a_third_recording_are_refused():
    rows = {
        split: [{"recording_id": name, "subject_id": f"made:{name}", "audio_sha256": name}]
        for split, name in (("train", "a"), ("test", "b"))
    }
    check_splits(rows, "made")
    check_splits(rows, "made", people={"a": "made:a", "b": "made:b"})
    with pytest.raises(LeakageError, match="share their audio"):
        check_splits(rows, "made", people={"a": "made:a", "b": "made:a"})


def test_one_person_in_two_spellings_is_refused():
    with pytest.raises(LeakageError, match="1 people"):
        assert_subject_disjoint({"train": ["made:Anna"], "test": ["made: anna"]})
