from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.alignment.maps import orthogonal_procrustes_map, ridge_map
from hf_auscult.errors import ConfigurationError, DataError


def _rotation(d: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def test_procrustes_recovers_a_rotation_and_shift_exactly():
    rng = np.random.default_rng(1)
    audio, rotation = rng.standard_normal((80, 12)) + 3, _rotation(12)
    text = audio @ rotation - 5
    fitted = orthogonal_procrustes_map(audio[:60], text[:60])
    assert fitted.matrix == pytest.approx(rotation, abs=1e-10)
    assert fitted.apply(audio[60:]) == pytest.approx(text[60:], abs=1e-9)
    assert fitted.apply(audio[60:], centred=True) == pytest.approx(fitted.centre(text[60:]), abs=1e-9)
    scaled = orthogonal_procrustes_map(audio[:60], 0.25 * text[:60], scaled=True)
    assert scaled.apply(audio[60:]) == pytest.approx(0.25 * text[60:], abs=1e-9)


def test_procrustes_of_unequal_widths_is_semi_orthogonal():
    rng = np.random.default_rng(2)
    basis = _rotation(20)[:6]  # (6, 20), orthonormal rows
    audio = rng.standard_normal((50, 6))
    fitted = orthogonal_procrustes_map(audio, audio @ basis)
    assert fitted.matrix == pytest.approx(basis, abs=1e-10)
    back = orthogonal_procrustes_map(audio @ basis, audio)
    assert back.matrix.T @ back.matrix == pytest.approx(np.eye(6), abs=1e-10)
    assert back.apply(audio @ basis) == pytest.approx(audio, abs=1e-9)


def test_ridge_is_the_normal_equations_and_vanishing_penalty_is_exact():
    rng = np.random.default_rng(3)
    audio, weights = rng.standard_normal((70, 5)) + 1, rng.standard_normal((5, 9))
    text = audio @ weights + 2
    assert ridge_map(audio[:50], text[:50], 1e-9).apply(audio[50:]) == pytest.approx(text[50:], abs=1e-6)
    noisy = text + rng.standard_normal(text.shape)
    a, t = audio - audio.mean(axis=0), noisy - noisy.mean(axis=0)
    expected = np.linalg.solve(a.T @ a + 7.0 * np.eye(5), a.T @ t)
    assert ridge_map(audio, noisy, 7.0).matrix == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(("n", "d"), [(30, 4), (24, 40)])
def test_left_out_errors_are_those_of_refitting(grouped, n, d):
    rng = np.random.default_rng(4)
    audio = rng.standard_normal((n, d))
    text = audio[:, :3] + 0.5 * rng.standard_normal((n, 3))
    who = np.arange(n) // 3 if grouped else np.arange(n)
    fitted = ridge_map(audio, text, subjects=who if grouped else None, penalties=(0.01, 1.0))
    assert len(fitted.errors) == 2
    for penalty, error in fitted.errors.items():
        total = 0.0
        for person in np.unique(who):
            out = who == person
            rest = ridge_map(audio[~out], text[~out], penalty)
            total += np.square(rest.apply(audio[out]) - text[out]).sum()
        assert error == pytest.approx(total / text.size, rel=1e-8)


def test_the_chosen_penalty_fits_the_noise():
    rng = np.random.default_rng(5)
    audio = rng.standard_normal((100, 60))
    clean = audio @ rng.standard_normal((60, 8))
    weak = ridge_map(audio, clean).penalty
    strong = ridge_map(audio, rng.standard_normal((100, 8))).penalty
    assert strong > 1000 * weak
    noisy = clean + 10 * rng.standard_normal(clean.shape)
    fitted = ridge_map(audio, noisy)
    assert fitted.errors[fitted.penalty] == min(fitted.errors.values())


def test_leaving_out_people_sees_through_recognising_them():
    rng = np.random.default_rng(6)
    who = np.repeat(np.arange(40), 5)
    audio = rng.standard_normal((40, 30))[who] + 0.1 * rng.standard_normal((200, 30))
    text = rng.standard_normal((40, 6))[who]  # nothing but the person links the two
    by_row, by_person = ridge_map(audio, text), ridge_map(audio, text, subjects=who)
    variance = text.var()
    assert min(by_row.errors.values()) < 0.6 * variance < 0.9 * variance < min(by_person.errors.values())
    assert by_person.penalty > by_row.penalty


def test_a_row_is_mapped_alone_and_test_rows_teach_nothing():
    rng = np.random.default_rng(7)
    audio, text = rng.standard_normal((60, 8)), rng.standard_normal((60, 8))
    for fit in (orthogonal_procrustes_map, ridge_map):
        fitted = fit(audio[:40], text[:40])
        whole = fitted.apply(audio[40:])
        assert fitted.apply(audio[47:48]) == pytest.approx(whole[7:8], abs=1e-12)  # no mean of the test batch
        before = fitted.matrix.copy()
        fitted.apply(1e6 * audio[40:])
        fitted.centre(1e6 * text[40:])
        assert np.array_equal(fitted.matrix, before) and np.array_equal(fitted.text_mean, text[:40].mean(axis=0))
    # Fitted on unrelated pairs, with more dimensions than pairs, it memorises them and retrieves nothing new.
    audio, text = rng.standard_normal((160, 120)), rng.standard_normal((160, 120))
    fitted = ridge_map(audio[:80], text[:80], 1e-6)
    train, test = (fitted.apply(rows, centred=True) for rows in (audio[:80], audio[80:]))

    def hits(image, target):
        return float(np.mean((image @ fitted.centre(target).T).argmax(axis=1) == np.arange(80)))

    assert hits(train, text[:80]) == 1.0 and hits(test, text[80:]) < 0.1


def test_bad_input_is_named():
    rng = np.random.default_rng(8)
    audio, text = rng.standard_normal((10, 4)), rng.standard_normal((10, 3))
    with pytest.raises(DataError, match="pairs"):
        ridge_map(audio, text[:9])
    with pytest.raises(DataError, match="every row is the same"):
        orthogonal_procrustes_map(audio, np.ones((10, 3)))
    with pytest.raises(DataError, match="one pair"):
        ridge_map(audio[:1], text[:1])
    with pytest.raises(DataError, match="NaN"):
        ridge_map(np.where(audio > 1, np.nan, audio), text)
    with pytest.raises(DataError, match="fitted on 4"):
        ridge_map(audio, text).apply(text)
    with pytest.raises(DataError, match="one person"):
        ridge_map(audio, text, subjects=["a"] * 10)
    with pytest.raises(ConfigurationError, match="above 0"):
        ridge_map(audio, text, 0.0)
    with pytest.raises(ConfigurationError, match="above 0"):
        ridge_map(audio, text, penalties=())
