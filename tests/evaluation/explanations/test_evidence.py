"""Where the annotators heard it."""

from __future__ import annotations

import pytest

from hf_auscult.data import DATASETS
from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.explanations import evidence_of
from hf_auscult.evaluation.explanations.evidence import EVIDENCE, spec_of

BEATS = [
    {"start": 0.0, "end": 1.0, "state": 0},
    {"start": 1.0, "end": 1.1, "state": 1},
    {"start": 1.1, "end": 1.5, "state": 2},
    {"start": 1.5, "end": 1.6, "state": 3},
    {"start": 1.6, "end": 2.0, "state": 4},
]


def murmur(**changes):
    row = {"site": "mitral", "murmur_locations": "AV+MV", "segmentation": BEATS}
    return row | {"systolic_murmur_timing": None, "diastolic_murmur_timing": None} | changes


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ("Holosystolic", (1.1, 1.5)),
        ("Early-systolic", (1.1, 1.3)),
        ("Mid-systolic", (1.2, 1.4)),
        ("Late-systolic", (1.3, 1.5)),
    ],
)
def test_murmur_fills_the_part_that_its_timing_names(timing, expected):
    sound, annotated = evidence_of("circor", murmur(systolic_murmur_timing=timing))
    assert sound == [pytest.approx(expected)]
    assert annotated[0] == (1.0, 1.1) and annotated[-1] == (1.6, 2.0)  # the unannotated first second counts for nothing


def test_diastolic_murmur():
    sound, _ = evidence_of("circor", murmur(diastolic_murmur_timing="Early-diastolic"))
    assert sound == [pytest.approx((1.6, 1.8))]


@pytest.mark.parametrize(
    "row",
    [
        murmur(),
        murmur(systolic_murmur_timing="Holosystolic", site="tricuspid"),
        murmur(systolic_murmur_timing="Holosystolic", murmur_locations=None),
        murmur(systolic_murmur_timing="Holosystolic", segmentation=None),
    ],
)
def test_nothing_is_claimed_where_the_table_is_silent(row):
    assert evidence_of("circor", row) is None


def test_sprsound_events():
    row = {"events": [{"start": 0.1, "end": 0.4, "type": "Normal"}], "duration": 3.0}
    assert evidence_of("sprsound", row) is None
    row["events"].append({"start": 1.0, "end": 1.2, "type": "Fine Crackle"})
    assert evidence_of("sprsound", row) == ([(1.0, 1.2)], [(0.0, 3.0)])


def test_every_spec_is_of_a_real_task():
    for (dataset, config), spec in EVIDENCE.items():
        assert spec.positive in DATASETS[dataset].task(config).classes
    with pytest.raises(ConfigurationError, match="nothing says where"):
        spec_of("coughvid", "covid")
