from __future__ import annotations

import numpy as np
import pytest
import soundfile

from hf_auscult.audio import WindowPolicy
from hf_auscult.features import AuscultFeatureExtractor
from tests import tiny

RATE = 4_000


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> str:
    """A saved model with its extractor."""
    path = tmp_path_factory.mktemp("model")
    tiny.model().eval().save_pretrained(path)
    AuscultFeatureExtractor("heart", WindowPolicy("sliding", samples=tiny.SAMPLES)).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="session")
def waves() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(rng.standard_normal(RATE * seconds) * 0.1).astype(np.float32) for seconds in (1, 3, 2)]


@pytest.fixture
def files(tmp_path, waves) -> list[str]:
    for index, wave in enumerate(waves):
        soundfile.write(tmp_path / f"{index}.wav", wave, RATE, subtype="FLOAT")
    return [str(tmp_path / f"{index}.wav") for index in range(len(waves))]
