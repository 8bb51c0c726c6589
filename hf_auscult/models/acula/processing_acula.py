"""Recordings and reports in, what an AcuLa model reads out."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

from transformers.feature_extraction_utils import BatchFeature
from transformers.processing_utils import ProcessorMixin

from ...features.saved_code import SavesCode


class AcuLaProcessor(SavesCode, ProcessorMixin):
    """The feature extractor of an AcuLa model and its teacher's tokenizer in one.

    Args:
        feature_extractor: of the audio encoder.
        tokenizer: of the teacher.

    Example:
        `processor(audio=["heart.wav"], text=["a systolic murmur"], return_tensors="pt")`, with
        `processor = AutoProcessor.from_pretrained("auscult/acula-opera")`
    """

    def __init__(self, feature_extractor: Any, tokenizer: Any):
        super().__init__(feature_extractor, tokenizer)

    def __call__(
        self,
        text: str | Sequence[str] | None = None,
        audio: Any = None,
        sampling_rate: int | None = None,
        return_tensors: str | None = None,
        protocol: str = "default",
        **kwargs: Any,
    ) -> BatchFeature:
        """Prepare recordings, texts or both for `AcuLaModel`.

        Args:
            text: one report or several.
            audio: one recording or several, as the feature extractor takes them.
            sampling_rate: of bare arrays, in Hz.
            return_tensors: `pt`, `np` or `None`.
            protocol: of the feature extractor.
            kwargs: of the tokenizer; texts are padded to the longest and cut to the teacher's limit unless told.

        Returns:
            The features of the recordings (one row each), and the tokens of the texts (one row each).

        Raises:
            ValueError: neither recordings nor texts.
        """
        if text is None and audio is None:
            raise ValueError("pass audio=, text= or both")
        values: dict[str, Any] = {}
        if text is not None:
            settings = {"padding": True, "truncation": True, **kwargs}
            values |= self.tokenizer(text, return_tensors=return_tensors, **settings)
        if audio is not None:
            values |= self.feature_extractor(
                audio, sampling_rate=sampling_rate, return_tensors=return_tensors, protocol=protocol
            )
        return BatchFeature(values)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings; the extractor's are its own file's, so that they stand in one place."""
        return {key: value for key, value in super().to_dict().items() if key != "feature_extractor"}

    def save_pretrained(self, save_directory: str | PathLike[str], *args: Any, **kwargs: Any) -> Any:
        """Save the extractor, the tokenizer, which is which, and the code."""
        self.feature_extractor.save_pretrained(save_directory)
        without_local_settings(self.tokenizer)
        return super().save_pretrained(save_directory, *args, **kwargs)


def without_local_settings(tokenizer: Any) -> Any:
    """Drop what transformers notes of where a tokenizer was loaded from: it would go into the saved settings."""
    for setting in ("is_local", "local_files_only"):
        tokenizer.init_kwargs.pop(setting, None)
    return tokenizer


__all__ = ["AcuLaProcessor", "without_local_settings"]
