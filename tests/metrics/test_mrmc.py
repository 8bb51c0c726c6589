"""Obuchowski-Rockette against the published analysis of Van Dyke's study (MRMCaov, RJafroc, OR-DBM MRMC 2.51)."""

from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.metrics.mrmc import person_covariances, reader_mean

# Empirical AUCs of five readers by treatment, and the mean covariance of two readers within it.
VAN_DYKE = {
    1: ([0.9196457, 0.8587762, 0.9038647, 0.9731079, 0.8297907], 0.0004839618),
    2: ([0.9478261, 0.9053140, 0.9217391, 0.9993559, 0.9299517], 0.0002041879),
}
PUBLISHED = {
    1: (0.8970370, 0.003082629, 0.03317360, 12.74465, 0.8252236, 0.9688505),
    2: (0.9408374, 0.001304602, 0.02156637, 12.71019, 0.8941378, 0.9875369),
}


@pytest.mark.parametrize("treatment", [1, 2])
def test_published_analysis_of_one_treatment(treatment):
    figures, covariance = VAN_DYKE[treatment]
    found = reader_mean(figures, np.full((5, 5), covariance))
    got = (found.value, found.reader_variance, found.standard_error, found.degrees, found.low, found.high)
    assert got == pytest.approx(PUBLISHED[treatment], rel=2e-5)


def test_published_difference_of_two_treatments():
    """Differences by reader: MS(T:R) doubles and Cov2 - Cov3 doubles, so F is the square of t."""
    gaps = np.subtract(VAN_DYKE[1][0], VAN_DYKE[2][0])
    found = reader_mean(gaps, np.full((5, 5), 2 * (0.0003440748 - 0.0002390284)))
    assert found.value == pytest.approx(-0.04380032, rel=1e-5)
    assert found.standard_error == pytest.approx(0.02074862, rel=1e-5)
    assert found.degrees == pytest.approx(15.25967, rel=1e-5) and found.p_value == pytest.approx(0.05166569, rel=1e-4)
    assert (found.low, found.high) == pytest.approx((-0.0879594986, 0.0003588544), abs=1e-6)
    assert (found.value / found.standard_error) ** 2 == pytest.approx(4.456319, rel=1e-5)


def test_jackknife_covariance_of_means_is_the_textbook_one():
    rows = np.random.default_rng(0).standard_normal((40, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.5], [0, 0, 1]])
    figures, covariance = person_covariances(lambda kept: rows[kept].mean(axis=0), np.arange(40))
    np.testing.assert_allclose(figures, rows.mean(axis=0))
    np.testing.assert_allclose(covariance, np.cov(rows.T) / 40, rtol=1e-9)


def test_one_reader_is_no_sample_of_readers():
    with pytest.raises(DataError, match="readers"):
        reader_mean([0.8], [[0.001]])
    with pytest.raises(DataError, match="no error"):
        reader_mean([0.8, 0.8], np.zeros((2, 2)))
