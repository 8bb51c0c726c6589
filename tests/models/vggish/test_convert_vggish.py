"""torchvggish's files: with the PCA, without it, the PCA alone, and what does not fit."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel

from hf_auscult.errors import ConversionError
from hf_auscult.models.convert_checkpoint import convert

SHAPES = {
    "features.0": (64, 1, 3, 3),
    "features.3": (128, 64, 3, 3),
    "features.6": (256, 128, 3, 3),
    "features.8": (256, 256, 3, 3),
    "features.11": (512, 256, 3, 3),
    "features.13": (512, 512, 3, 3),
    "embeddings.0": (4096, 12288),
    "embeddings.2": (4096, 4096),
    "embeddings.4": (128, 4096),
}


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """The original's names and shapes; one value a matrix, so that files stay small."""
    found = {}
    for index, (name, shape) in enumerate(SHAPES.items()):
        found[f"{name}.weight"] = torch.tensor(0.001 * (index + 1)).expand(shape)
        found[f"{name}.bias"] = torch.arange(float(shape[0])) + index
    return found


PCA = {"pca_eigen_vectors": torch.eye(128) * 3, "pca_means": torch.arange(128.0)}


def attempt(tmp_path, container, family="vggish"):
    torch.save(container, tmp_path / "model.pth")
    return convert(family, tmp_path / "model.pth", tmp_path / "out")


def refuse(tmp_path, container, message, family="vggish"):
    with pytest.raises(ConversionError, match=message):
        attempt(tmp_path, container, family)
    assert {path.name for path in tmp_path.iterdir()} == {"model.pth"}, "something was written"


def test_without_the_pca(tmp_path, state):
    folder = attempt(tmp_path, state)
    model, fe = AutoModel.from_pretrained(folder), AutoFeatureExtractor.from_pretrained(folder)
    assert not model.config.postprocess
    assert torch.equal(model.stages[2].convs[1].bias, state["features.8.bias"])
    assert torch.equal(model.fc3.bias, state["embeddings.4.bias"])
    assert len(model.state_dict()) == 18
    assert (fe.sampling_rate, fe.windows.samples, fe.published_windows.kind) == (16_000, 15_600, "chunks")
    assert fe.published_variants["opera"].read_rate == 22_050


@pytest.mark.parametrize("prefix", ["pproc.", ""])
def test_with_the_pca(tmp_path, state, prefix):
    """As a saved full module names it, and as the separate file does (whose means are a row)."""
    pca = {prefix + key: value for key, value in PCA.items()}
    if prefix:
        pca["pproc.pca_means"] = PCA["pca_means"][:, None]
    model = AutoModel.from_pretrained(attempt(tmp_path, {**state, **pca}))
    assert model.config.postprocess
    assert torch.equal(model.postprocessor.pca_eigen_vectors, PCA["pca_eigen_vectors"])
    assert torch.equal(model.postprocessor.pca_means[:, 0], PCA["pca_means"])


def test_half_a_pca_and_the_pca_alone(tmp_path, state):
    half = {**state, "pproc.pca_eigen_vectors": PCA["pca_eigen_vectors"]}
    refuse(tmp_path, half, r"1 missing: postprocessor\.pca_means")
    refuse(tmp_path, PCA, r"VGGish's PCA alone.*the state dict of vggish-10086976\.pth")


def test_missing_unknown_and_misshapen_tensors(tmp_path, state):
    broken = {key: value for key, value in state.items() if key != "features.6.bias"}
    broken |= {"embeddings.6.weight": torch.zeros(2), "embeddings.4.bias": torch.zeros(64)}
    problems = (r"1 missing: stages\.2\.convs\.0\.bias", r"1 unknown: embeddings\.6\.weight", r"fc3\.bias: \(64,\)")
    refuse(tmp_path, broken, ".*".join(problems))


def test_wrong_family(tmp_path, state):
    refuse(tmp_path, {"model": state}, "tensors do not fit this family", "panns-cnn6")
    refuse(tmp_path, {"bn0.weight": torch.zeros(64)}, "18 missing.*1 unknown")
