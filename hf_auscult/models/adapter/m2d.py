"""M2D (arXiv:2404.06095) behind this package's interface, from a user's own copy of its authors' portable class.

Its licence allows evaluation and forbids copies, so nothing of it is here: the code and the weights stay where the user
has put them, are read from there each time, and are never saved with a model.
"""

from __future__ import annotations

import hashlib
import importlib.util
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.dataclasses import strict
from transformers import Wav2Vec2FeatureExtractor

from ...errors import ConfigurationError, FeatureError
from ...features.native import NativeFeatureExtractor
from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput
from ..shared.configuration_auscult import AuscultConfig

PORTABLE_CLASS = "PortableM2D"


@strict
class PortableM2DConfig(AuscultConfig):
    """What is known of the network: which files it came from.

    Args:
        code, weights: names of the files.
        code_sha256: of the code: other code is another encoder.
        hidden_size: width of its frames, and of the embedding.
    """

    model_type = "m2d-portable"

    code: str = ""
    weights: str = ""
    code_sha256: str = ""
    hidden_size: int = 0

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


class PortableM2DModel(EncoderMixin, AuscultPreTrainedModel):
    """The authors' network: waveforms in, frames and their mean out. It cannot be saved."""

    config_class = PortableM2DConfig

    def __init__(self, config: PortableM2DConfig, network: torch.nn.Module):
        super().__init__(config)
        self.network = network

    @property
    def row_ndim(self) -> int:
        """Rows are waveforms."""
        return 2

    def encode(
        self, windows: torch.Tensor, output_hidden_states: bool = False, output_attentions: bool = False
    ) -> EncoderOutput:
        """Encode waveforms (windows, samples): frames (windows, T, D), and their mean over time."""
        frames = self.network(windows)
        if frames.ndim != 3:
            raise FeatureError(
                f"the portable class gave {tuple(frames.shape)}, not (windows, frames, width)",
                where=self.config.code,
                remedy="load weights without a classification head",
            )
        return EncoderOutput(last_hidden_state=frames, pooler_output=frames.mean(dim=1))

    def save_pretrained(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: the authors' licence forbids copies.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(
            "M2D's licence forbids copies of its code and weights",
            where=self.config.weights,
            remedy="keep embeddings instead: hf-auscult embed",
        )


def load_m2d(
    code: str | PathLike[str], weights: str | PathLike[str]
) -> tuple[PortableM2DModel, NativeFeatureExtractor]:
    """Return M2D and its extractor of waveforms, from your own copy of its authors' files.

    The code is imported and opens the weights in its own way: give files that you trust. `embed` and `bench` take
    `m2d:CODE,WEIGHTS` for the pair. Windows are ten seconds; under `protocol="published"` the network sees the whole
    clip, as in its authors' evaluations.

    Args:
        code: the one file that holds `PortableM2D` (`portable_m2d.py`).
        weights: a checkpoint that it reads.

    Raises:
        ConfigurationError: a file that is missing, holds no such class, needs a library that is not installed, or
            refuses the weights.

    Example:
        `hf_auscult.embed("m2d:portable_m2d.py,checkpoint-50.pth", ["heart.wav"])`
    """
    code, weights = Path(code), Path(weights)
    for path in (code, weights):
        if not path.is_file():
            raise ConfigurationError("no such file", where=path, remedy="get it from the authors, under their licence")
    spec = importlib.util.spec_from_file_location(f"m2d_{code.stem}", code)
    if spec is None or spec.loader is None:
        raise ConfigurationError("is no Python file", where=code, remedy="give portable_m2d.py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        network = getattr(module, PORTABLE_CLASS)(str(weights))
    except ImportError as error:
        raise ConfigurationError(f"needs {error.name}", where=code, remedy=f"pip install {error.name}") from error
    except Exception as error:  # somebody else's code: whatever it raises is about its two files
        raise ConfigurationError(
            f"no network comes of it ({type(error).__name__}: {error})",
            where=code,
            remedy=f"give a file with the class {PORTABLE_CLASS} and weights that it reads",
        ) from error
    rate = int(getattr(network.cfg, "sample_rate", 16_000))
    least = 2_960 * rate // 16_000  # 16 frames of 10 ms make the first patch
    extractor = NativeFeatureExtractor(
        Wav2Vec2FeatureExtractor(sampling_rate=rate, do_normalize=False),
        {"kind": "sliding", "seconds": 10.0, "padding": "shift", "minimum_samples": least},
        {"kind": "whole", "minimum_samples": least},
    )
    config = PortableM2DConfig(
        code=code.name,
        weights=weights.name,
        code_sha256=hashlib.sha256(code.read_bytes()).hexdigest(),
        hidden_size=int(network.cfg.feature_d),
    )
    return PortableM2DModel(config, network).eval(), extractor


__all__ = ["PortableM2DConfig", "PortableM2DModel", "load_m2d"]
