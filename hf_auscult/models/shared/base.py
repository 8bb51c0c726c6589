"""The base of every model here: one row a recording in, one row a recording out."""

from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.modeling_utils import PreTrainedModel
from transformers.utils.generic import can_return_tuple

from ...errors import FeatureError
from ...features.saved_code import SavesCode, is_copy
from .rows import WindowGroups, cut_rows


class AuscultPreTrainedModel(SavesCode, PreTrainedModel):
    """What every class of every family shares."""

    base_model_prefix = "encoder"
    main_input_name = "input_features"
    input_modalities = ["audio"]
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False  # the loss is a mean over the batch: Trainer must not rescale it

    def save_pretrained(  # type: ignore[override]
        self,
        save_directory: str | PathLike[str],
        is_main_process: bool = True,
        state_dict: dict[str, Any] | None = None,
        push_to_hub: bool = False,
        **kwargs: Any,
    ) -> None:
        """Save the weights, the settings, the code and the feature extractor that belongs to them."""
        push = {
            key: kwargs.pop(key) for key in ("repo_id", "private", "commit_message") if push_to_hub and key in kwargs
        }
        super().save_pretrained(save_directory, is_main_process, state_dict, **kwargs)
        if is_main_process and not is_copy(type(self)):
            import_module("hf_auscult.models.companions").write_companions(self, save_directory)
        if push_to_hub:
            self.push_to_hub(push.pop("repo_id", Path(save_directory).name), token=kwargs.get("token"), **push)

    def push_to_hub(self, repo_id: str, **kwargs: Any) -> Any:  # type: ignore[override]
        """Upload all that `save_pretrained` writes; where the repository has no card yet, also a model card.

        Args:
            repo_id: `namespace/name`.
            kwargs: of transformers' `push_to_hub`.
        """
        if is_copy(type(self)):
            return super().push_to_hub(repo_id, **kwargs)  # type: ignore[arg-type]
        registry = import_module("hf_auscult.codegen.registry")
        return registry.load(registry.HOOKS["push"])(self, repo_id, **kwargs)


@dataclass
class EncoderOutput(BaseModelOutputWithPooling):
    """`BaseModelOutputWithPooling`, and which tokens are real.

    Args:
        token_mask: (recordings, tokens) bool, True where `last_hidden_state` holds a token and not padding; `None`
            where every recording is one window, and all are real.
    """

    token_mask: torch.Tensor | None = None


class EncoderMixin:
    """`…Model` of a family: says how windows of one length become tokens and an embedding, in `encode`.

    Mix in before the family's `PreTrainedModel`.
    """

    config: Any
    #: Settings of `encode` under a published protocol.
    published_settings: dict[str, Any] = {}

    @property
    def row_ndim(self) -> int:
        """Dimensions of a batch of rows: (recordings, frames, bands); 2 for waveforms."""
        return 3

    @property
    def window_frames(self) -> int | None:
        """Frames of the longest window the encoder reads; `None` where any length will do."""
        return None

    def encode(self, windows: torch.Tensor, *args: Any, **kwargs: Any) -> EncoderOutput:
        """Encode windows of one length.

        Args:
            windows: (windows, frames, ...).
            args, kwargs: `output_hidden_states` and `output_attentions`, what else to return, and the family's own.

        Returns:
            One row a window: `last_hidden_state` (windows, tokens, D), `pooler_output` (windows, pooled_size) and
            whatever else the family gives.
        """
        raise NotImplementedError

    def cut(
        self,
        input_features: torch.Tensor,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> WindowGroups:
        """Cut rows into windows, see `cut_rows`."""
        return cut_rows(input_features, window_seconds, window_frames, ndim=self.row_ndim, longest=self.window_frames)

    def wanted(self, **flags: bool | None) -> dict[str, bool]:
        """Return `output_hidden_states` and `output_attentions`, by default as the configuration says."""
        return {name: bool(getattr(self.config, name, False) if flag is None else flag) for name, flag in flags.items()}

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_features: torch.Tensor,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        **settings: Any,
    ) -> EncoderOutput:
        """Encode recordings.

        Args:
            input_features: (recordings, frames, bands) of the feature extractor: each recording's windows end to end.
            window_seconds, window_frames: (recordings, windows) of the feature extractor; without them every row is
                one window, and one that is longer than the model's own window is cut by it.
            output_hidden_states, output_attentions, return_dict: as everywhere in transformers.
            settings: the family's own, see `encode`.

        Returns:
            One row a recording. `pooler_output` (recordings, pooled_size): the mean over its windows, weighted by
            their seconds. `last_hidden_state` (recordings, tokens, D) and each of `hidden_states`: the tokens of its
            windows end to end, all windows given the room of the largest. Where there is more than one window a
            recording, `token_mask` (recordings, tokens) says which tokens of `last_hidden_state` are real, the others
            are zero. `attentions`: one row a window, recording after recording.

        Raises:
            FeatureError: features of another shape, or keys that do not say which window belongs to which recording.
        """
        flags = self.wanted(output_hidden_states=output_hidden_states, output_attentions=output_attentions)
        rows = self.cut(input_features, window_seconds, window_frames)
        output: Any = rows.apply(lambda windows: self.encode(windows, **flags, **settings))
        return output


class PlainEncoder(EncoderMixin):
    """An encoder of transformers' own, which knows no recordings, under the interface of `EncoderMixin`."""

    def __init__(self, model: Any):
        self.model, self.config = model, model.config

    def encode(self, windows: torch.Tensor, **settings: Any) -> Any:
        """Encode windows with the model's own forward pass."""
        return self.model(windows, return_dict=True, **settings)


def as_encoder(model: Any) -> Any:
    """Return a model that cuts rows and encodes windows: itself, or one of transformers' own in a `PlainEncoder`."""
    return model if isinstance(model, EncoderMixin) else PlainEncoder(model)


def drawn_noise(batch: int, size: int, device: torch.device, *, random: bool) -> torch.Tensor:
    """Return (batch, size) uniform values in [0, 1): random, as in training, or always the same, as in evaluation."""
    if random:
        return torch.rand(batch, size, device=device)
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, size, generator=generator).expand(batch, -1).to(device)


def check_windows(windows: torch.Tensor, bands: int, frames: range | int | None = None) -> None:
    """Raise `FeatureError` unless windows are (windows, frames, bands); without `frames` one or more will do.

    Example:
        >>> check_windows(torch.zeros(2, 251, 64), 64, range(4, 257))
    """
    shape = tuple(windows.shape)
    lengths = range(frames, frames + 1) if isinstance(frames, int) else frames
    if len(shape) == 3 and shape[2] == bands and (shape[1] > 0 if lengths is None else shape[1] in lengths):
        return
    wanted = "frames" if lengths is None else f"{lengths[0]}..{lengths[-1]} frames"
    if lengths is not None and lengths.step > 1:
        wanted = f"a multiple of {lengths.step} up to {lengths[-1]} frames"
    if isinstance(frames, int):
        wanted = f"{frames} frames"
    raise FeatureError(
        f"has shape {shape}; expected (windows, {wanted}, {bands} mel bands)",
        where="input_features",
        remedy="use the feature extractor that was saved with the model",
    )


__all__ = [
    "AuscultPreTrainedModel",
    "EncoderMixin",
    "EncoderOutput",
    "PlainEncoder",
    "as_encoder",
    "check_windows",
    "drawn_noise",
]
