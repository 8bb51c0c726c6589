from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from hf_auscult import plots
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.metrics import Interval, borda_count, reliability
from hf_auscult.plots.style import COLOURS, look

RNG = np.random.default_rng(0)
WHO = np.arange(60)
Y = WHO % 2
SCORES = {f"model {k}": Y * k + np.round(np.random.default_rng(k).standard_normal(60), 1) for k in (1, 2)}


def _interval(value: float) -> Interval:
    return Interval(value, value - 0.1, min(1.0, value + 0.08), 40, 20, 2000)


def _roc(path: Path) -> plots.Saved:
    rates = np.linspace(0, 1, 11)
    curves = {
        name: plots.RocCurve(rates, rates ** (1 / k), f".{k}00", (rates, rates**2, rates ** (1 / 3)))
        for k, name in enumerate(SCORES, start=7)
    }
    few = {"model 2": plots.RocCurve([0, 1], [0, 1], ".500")}
    return plots.roc_plot({"all labels": curves, "10 % of labels": few}, path, title="murmur")


def _forest(path: Path) -> plots.Saved:
    rows = [
        plots.ForestRow("T1 exhalation", {"a": _interval(0.7), "b": _interval(0.8)}, published=0.82, shortcut=0.6),
        plots.ForestRow("a task with a name that is too long for one line", {}, published=0.9, note="no data"),
        plots.ForestRow("T7", {"b": _interval(0.95)}, note="leaks"),
    ]
    return plots.forest_plot(rows, path, title="suite")


def _radar(path: Path) -> plots.Saved:
    classes = ["Normal", "Wheeze", "Wheeze & Crackle", "Stridor"]
    return plots.radar_plot(classes, {"a": [0.1, 0.9, 0.5, 0.0], "b": [1, 0.2, 0.3, 0.4]}, path, support=[9, 8, 7, 6])


def _borda(path: Path) -> plots.Saved:
    count = borda_count([[0.1, 0.2], [0.3, 0.3]], tasks=["T1", "T2"], models=["a", "b"])
    return plots.borda_plot({"sound type": {"lung": count.score(["T1"]), "heart": count.score(["T2"])}}, path)


def _confusion(path: Path) -> plots.Saved:
    return plots.confusion_plot({"model": [[8, 2], [1, 9]], "people": [[7, 3], [0, 0]]}, ["healthy", "CHD"], path)


def _calibration(path: Path) -> plots.Saved:
    p = 1 / (1 + np.exp(-SCORES["model 1"]))
    return plots.calibration_plot({"before": reliability(Y, p), "after": reliability(Y, p / 2)}, path)


def _scaling(path: Path) -> plots.Saved:
    sizes = {20: _interval(0.55), 100: _interval(0.6), 1000: _interval(0.7)}
    return plots.scaling_plot({"a": sizes, "b": {20: _interval(0.6)}}, path)


def _map(path: Path) -> plots.Saved:
    rows = np.random.default_rng(0).standard_normal((40, 8)) + np.repeat(np.arange(2), [30, 10])[:, None] * 9
    return plots.embedding_map(rows, ["heart"] * 30 + ["lung"] * 10, path)


def _retrieval(path: Path) -> plots.Saved:
    reports = [plots.RetrievedReport("A systolic murmur. " * k, 0.9 - k / 10, own=k == 2) for k in (1, 2, 90)]
    image = np.random.default_rng(0).standard_normal((32, 50))
    return plots.retrieval_plot(
        image,
        reports,
        path,
        seconds=5,
        band_centres=np.linspace(25, 1000, len(image)),
        title="q",
        caption="rank 2 of 90",
    )


def _losses(path: Path) -> plots.Saved:
    losses = {"aligned": ([0, 10, 20], [3.0, 2.0, 1.5]), "shuffled": ([0, 10], [3.0, 2.9])}
    return plots.loss_plot({"infonce": losses, "reconstruction": {"audio only": ([0, 10], [1.0, 0.9])}}, path)


def _evidence(path: Path) -> plots.Saved:
    image, heat = np.random.default_rng(0).standard_normal((2, 16, 50))
    centres = np.linspace(60, 2000, 16)
    return plots.evidence_plot(
        image, heat, path, seconds=5, band_centres=centres, annotated=[(1, 2)], heard=[(0, 3)], title="wheeze"
    )


DRAWN = {
    "losses": _losses,
    "evidence": _evidence,
    "roc": _roc,
    "forest": _forest,
    "radar": _radar,
    "borda": _borda,
    "confusion": _confusion,
    "calibration": _calibration,
    "scaling": _scaling,
    "map": _map,
    "retrieval": _retrieval,
}


@pytest.fixture
def figures(monkeypatch):
    """Every figure that is written, so that its texts can be read."""
    seen: list[Figure] = []
    write = Figure.savefig

    def savefig(self, *args, **kwargs):
        seen.append(self)
        return write(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return seen


def _texts(figure: Figure) -> str:
    found = figure.findobj(matplotlib.text.Text)
    return "\n".join(text.get_text() for text in found)


@pytest.mark.parametrize("name", DRAWN)
def test_equal_data_give_equal_bytes(name, tmp_path):
    first = DRAWN[name](tmp_path / "one")
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "other", "axes.facecolor": "red"}):
        second = DRAWN[name](tmp_path / "deeper" / "two.svg")  # the user's settings do not reach the figure
        assert matplotlib.rcParams["font.size"] == 30  # nor the figure's the user
    assert second.png == tmp_path / "deeper" / "two.png"
    assert first.png.read_bytes().startswith(b"\x89PNG") and b"<svg" in first.svg.read_bytes()[:600]
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
    assert b"<dc:date>" not in first.svg.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deeper", "one.png", "one.svg"]


def test_the_figures_say_what_they_show(tmp_path, figures):
    expected = {
        "roc": ["model 1: .700", "model 2: .800 / .500", "1 − specificity", "murmur", "10 % of labels"],
        "losses": ["aligned", "audio only", "optimizer step", "reconstruction"],
        "evidence": ["wheeze", "annotated sound", "log energy", "evidence", "2000"],
        "forest": ["T1 exhalation", "no data", "leaks", "published", "metadata + recording level", "AUROC (95 %"],
        "radar": ["Wheeze &\nCrackle\n(7)", "Stridor\n(6)"],
        "borda": ["lung", "heart", "Borda score (1 to 2)", "1.5", "2.0"],
        "confusion": ["8\n80 %", "healthy\n(n=10)", "CHD\n(n=0)", "decided"],
        "calibration": ["before: plug-in ECE 0.", "after: plug-in ECE 0."],
        "scaling": ["1,000", "training people"],
        "map": ["heart (30)", "lung (10)", "t-SNE, seed 0"],
        "retrieval": ["2. cosine 0.70, its own report", "rank 2 of 90", "…", "Hz"],
    }
    for name, parts in expected.items():
        DRAWN[name](tmp_path / name)
        text = _texts(figures[-1])
        assert not [part for part in parts if part not in text], (name, text)


def test_the_forest_marks_stand_at_their_values(tmp_path, figures):
    _forest(tmp_path / "forest")
    axes = figures[-1].axes[0]
    points = [line.get_xydata()[0] for line in axes.lines if len(line.get_xydata()) == 1]
    assert sorted(x for x, _ in points) == [0.7, 0.8, 0.95]
    assert sorted(round(y) for _, y in points) == [0, 0, 2]
    lines = [segment[0][0] for collection in axes.collections for segment in collection.get_segments()]
    assert sorted(lines) == [0.6, 0.82, 0.9]


def test_nothing_is_cut_off_and_no_legend_covers_data(tmp_path, figures):
    for draw in DRAWN.values():
        written = draw(tmp_path / "figure")
        figure = figures[-1]
        box = figure.get_tightbbox()
        image = matplotlib.image.imread(written.png)
        assert image.shape[1] >= 160 * box.width and image.shape[0] >= 160 * box.height
        for legend in figure.legends:
            frame = legend.get_window_extent()
            assert not any(frame.overlaps(axes.get_window_extent()) for axes in figure.axes)
            assert not any(axes.get_legend() for axes in figure.axes)


def test_a_column_is_as_wide_as_a_papers_and_in_8_points(tmp_path, figures):
    rows = [
        plots.ForestRow(
            "T1 exhalation", {"model 1": _interval(0.7), "model 2": _interval(0.8)}, shortcut=0.6, note="leaks"
        )
    ]
    curve = plots.RocCurve([0, 0.2, 1], [0, 0.7, 1], ".700 [.60, .80]")
    target = plots.column_figure(rows, {"model 1": curve}, tmp_path / "paper.svg", positive="COPD", roc_title="T1")
    assert list(tmp_path.iterdir()) == [target]
    assert 'width="241.2pt"' in target.read_text()  # 3.35 inches
    texts = figures[-1].findobj(matplotlib.text.Text)
    sizes = {text.get_fontsize() for text in texts if text.get_text()}
    assert sizes == {8.0}
    assert {"T1 exhalation", "sensitivity (positive = COPD)", "(b) T1", "model 2"} <= {
        text.get_text() for text in texts
    }
    first = plots.column_figure(rows, {}, tmp_path / "a.pdf").read_bytes()
    assert first == plots.column_figure(rows, {}, tmp_path / "b.pdf").read_bytes()
    with pytest.raises(ConfigurationError, match=r"as \.tif"):
        plots.column_figure(rows, {}, tmp_path / "a.tif")


def test_series_differ_without_colour():
    looks = [look(number) for number in range(len(COLOURS))]
    for part in ("colour", "line", "marker", "hatch"):
        assert len({str(getattr(one, part)) for one in looks}) == len(looks)
    luminance = [np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in COLOURS]
    assert max(luminance) < 0.75  # every colour stands out from white paper
    with pytest.raises(ConfigurationError, match="8 series in one figure; 7 can be told apart"):
        look(7)


def test_a_failed_figure_leaves_the_old_one(tmp_path, monkeypatch):
    written = _borda(tmp_path / "borda")
    before = written.png.read_bytes()
    monkeypatch.setattr(Figure, "savefig", lambda self, data, **_: data.write(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _borda(tmp_path / "borda")
    assert written.png.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["borda.png", "borda.svg"]


def test_bad_input_is_refused(tmp_path):
    path = tmp_path / "x"
    with pytest.raises(DataError, match="no curves"):
        plots.roc_plot({}, path)
    with pytest.raises(DataError, match="no curves"):
        plots.calibration_plot({}, path)
    with pytest.raises(DataError, match="no losses"):
        plots.loss_plot({}, path)
    with pytest.raises(DataError, match=r"evidence: shape \(3, 2\) for 4 bands"):
        plots.evidence_plot(np.eye(4), np.ones((3, 2)), path, seconds=1, band_centres=range(4))
    with pytest.raises(DataError, match="no tasks"):
        plots.forest_plot([], path)
    with pytest.raises(DataError, match="three classes"):
        plots.radar_plot(["a", "b"], {"m": [0, 1]}, path)
    with pytest.raises(DataError, match=r"m: needs 3 figures in \[0, 1\]"):
        plots.radar_plot(["a", "b", "c"], {"m": [0, 1, np.nan]}, path)
    with pytest.raises(DataError, match="same models"):
        plots.borda_plot({"p": {"g": {"a": 1.0}, "h": {"b": 1.0}}}, path)
    with pytest.raises(DataError, match=r"t: must be \(2, 2\)"):
        plots.confusion_plot({"t": [[1, 2, 3]]}, ["a", "b"], path)
    with pytest.raises(DataError, match="from 1 up"):
        plots.scaling_plot({"a": {0: _interval(0.5)}}, path)
    with pytest.raises(DataError, match="at least 4 finite rows"):
        plots.flat_map(np.full((5, 3), np.nan))
    with pytest.raises(ConfigurationError, match="unknown method"):
        plots.flat_map(np.eye(5), method="pca")
    with pytest.raises(DataError, match="labels"):
        plots.embedding_map(np.eye(5), ["a"], path)
    with pytest.raises(DataError, match="no reports"):
        plots.retrieval_plot(np.eye(3), [], path, seconds=1, band_centres=[1, 2, 3])
    with pytest.raises(DataError, match="spectrogram"):
        plots.retrieval_plot([np.nan], [plots.RetrievedReport("x", 1.0)], path, seconds=1, band_centres=[1, 2, 3])
    with pytest.raises(DataError, match="is a folder"):
        _borda(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_maps_are_the_same_each_time_and_umap_is_asked_for_by_name(monkeypatch):
    rows = RNG.standard_normal((30, 5))
    assert np.array_equal(plots.flat_map(rows), plots.flat_map(rows))
    assert not np.array_equal(plots.flat_map(rows), plots.flat_map(rows + RNG.standard_normal((30, 5))))
    monkeypatch.setattr("hf_auscult.plots.maps.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="umap-learn is not installed"):
        plots.flat_map(rows, method="umap")
