"""What the adapter must know about each of transformers' own audio encoders, as data; their code stays theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import torch


@dataclass(frozen=True)
class Native:
    """One of transformers' audio encoders.

    Args:
        name: shown to people.
        home: `module:class` of the encoder below `transformers.models`.
        shape: configuration -> sizes of one window's features, time first; `None` where any size will do.
        window: native feature extractor -> settings of the default `WindowPolicy`. A recording shorter than the window
            goes to the extractor as it is, which pads it or not, as its authors do; of a longer one the last window
            starts earlier, so that it holds sound alone.
        inputs: features (windows, frames, values), configuration -> the encoder's keyword arguments, in its layout.
        longest: configuration -> frames beyond which the encoder refuses a window; `None` for the size in `shape`.
        tokens: one of the encoder's outputs, windows -> (windows, tokens, width).
        output_width, pooled_width: configuration -> width of the published tokens and of the published embedding.
        state_widths: configuration -> width of every hidden state.
        forward: encoder -> what is called, where its own `forward` does not take every window it could.
        pools: the encoder's own `pooler_output` is the published embedding; else it is the mean of the tokens.
        prefix_tokens: class tokens in front of the others.
        attentions: its attention weights can be read out.
        unused: names (beginnings) of parameters that windows never reach; frozen, as distributed training wants.
        optional: parameters that a checkpoint may lack because only pre-training uses them.
        published: settings of the `WindowPolicy` under which one native call sees a whole recording; `None` where
            that call draws random crops.
        real_frames: the encoder sees frames of sound only, never of padding.
        refuses: configuration -> why it is no audio encoder, or "".
        inside: model types of checkpoints that hold the encoder -> (path of its configuration, pattern of its weights'
            prefix).
    """

    name: str
    home: str
    shape: Callable[[Any], tuple[int | None, ...]]
    window: Callable[[Any], dict[str, Any]]
    inputs: Callable[[torch.Tensor, Any], dict[str, Any]]
    longest: Callable[[Any], int | None] = lambda config: None
    tokens: Callable[[torch.Tensor, int], torch.Tensor] = lambda state, windows: state
    output_width: Callable[[Any], int] = lambda config: config.hidden_size
    pooled_width: Callable[[Any], int] = lambda config: config.hidden_size
    state_widths: Callable[[Any], tuple[int, ...]] = lambda config: (
        (config.hidden_size,) * (config.num_hidden_layers + 1)
    )
    forward: Callable[[Any], Callable[..., Any]] = lambda encoder: encoder
    pools: bool = False
    prefix_tokens: int = 0
    attentions: bool = True
    unused: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    published: dict[str, Any] | None = None
    real_frames: bool = False
    refuses: Callable[[Any], str] = lambda config: ""
    inside: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def encoder_class(self) -> Any:
        """The class of the encoder."""
        module, name = self.home.split(":")
        return getattr(import_module(f"transformers.models.{module}"), name)


def _clap_width(config: Any) -> int:
    return config.patch_embeds_hidden_size * 2 ** (len(config.depths) - 1)


def _clap_widths(config: Any) -> tuple[int, ...]:
    stages = [config.patch_embeds_hidden_size * 2**stage for stage in range(len(config.depths))]
    return (*stages, stages[-1])


def _clap_inputs(features: torch.Tensor, config: Any) -> dict[str, Any]:
    """CLAP's images have channels: one, or the whole clip and three crops where it fuses."""
    images = features.unflatten(2, (-1, config.num_mel_bins)).transpose(1, 2)
    longer = torch.zeros(features.shape[0], 1, dtype=torch.bool, device=features.device)
    return {"input_features": images.contiguous(), "is_longer": longer}


def _packed(features: torch.Tensor, config: Any) -> dict[str, Any]:
    """Qwen's encoder takes all frames in one row, and their numbers."""
    lengths = torch.full((len(features),), features.shape[1], dtype=torch.long, device=features.device)
    return {
        "input_features": features.flatten(0, 1).T.contiguous(),
        "feature_lens": lengths,
        "aftercnn_lens": (lengths - 1) // 2 + 1,
    }


def _whisper(encoder: Any) -> Callable[..., Any]:
    from .whisper import encode_any_length

    return partial(encode_any_length, encoder)


def _waves(name: str, home: str) -> Native:
    """Return an encoder of waveforms; 400 samples (25 ms) make its first frame."""
    return Native(
        name,
        home,
        shape=lambda config: (None,),
        window=lambda extractor: {"kind": "sliding", "seconds": 10.0, "padding": "shift", "minimum_samples": 400},
        inputs=lambda features, config: {"input_values": features},
        output_width=lambda config: (
            config.output_hidden_size if getattr(config, "add_adapter", False) else config.hidden_size
        ),
        pooled_width=lambda config: (
            config.output_hidden_size if getattr(config, "add_adapter", False) else config.hidden_size
        ),
        optional=("masked_spec_embed",),
        published={"kind": "whole", "minimum_samples": 400},
    )


#: By the model type of the encoder's configuration.
NATIVES: dict[str, Native] = {
    # arXiv:2104.01778. Windows as long as its frames at 10 ms; a short clip's missing frames are the extractor's zeros.
    "audio-spectrogram-transformer": Native(
        "AST",
        "audio_spectrogram_transformer.modeling_audio_spectrogram_transformer:ASTModel",
        shape=lambda config: (config.max_length, config.num_mel_bins),
        window=lambda extractor: {
            "kind": "sliding",
            "seconds": extractor.max_length / 100,
            "padding": "shift",
            "minimum_samples": 400,
        },
        inputs=lambda features, config: {"input_values": features},
        pools=True,
        prefix_tokens=2,
        published={"kind": "whole", "minimum_samples": 400},
    ),
    # arXiv:2211.06687. No window is longer than the encoder's 10 s, so fusion of a longer clip's crops never runs;
    # transformers' extractor (and the original) mark one clip of a batch at random as longer, which is not repeated.
    "clap_audio_model": Native(
        "CLAP",
        "clap.modeling_clap:ClapAudioModel",
        shape=lambda config: (None, (4 if config.enable_fusion else 1) * config.num_mel_bins),
        window=lambda extractor: {"kind": "sliding", "seconds": float(extractor.max_length_s), "padding": "shift"},
        inputs=_clap_inputs,
        longest=lambda config: config.spec_size * (config.spec_size // config.num_mel_bins),
        tokens=lambda state, windows: state.flatten(2).transpose(1, 2),
        output_width=_clap_width,
        pooled_width=_clap_width,
        state_widths=_clap_widths,
        pools=True,
        unused=("audio_encoder.patch_embed.fusion_model.", "audio_encoder.patch_embed.mel_conv2d."),
        inside={"clap": ("audio_config", r"^audio_model\.")},
    ),
    # arXiv:2212.04356. Trained on 30 s only: tokens of padding are in the mean, as published, without `real_frames`.
    "whisper": Native(
        "Whisper",
        "whisper.modeling_whisper:WhisperEncoder",
        shape=lambda config: (None, config.num_mel_bins),
        window=lambda extractor: {"kind": "sliding", "seconds": float(extractor.chunk_length), "padding": "shift"},
        inputs=lambda features, config: {"input_features": features.transpose(1, 2).contiguous()},
        longest=lambda config: 2 * config.max_source_positions,
        forward=_whisper,
        published={"kind": "whole"},
        inside={"whisper": ("", r"^(model\.)?encoder\.")},
    ),
    "wav2vec2": _waves("Wav2Vec2", "wav2vec2.modeling_wav2vec2:Wav2Vec2Model"),
    "hubert": _waves("HuBERT", "hubert.modeling_hubert:HubertModel"),
    "wavlm": _waves("WavLM", "wavlm.modeling_wavlm:WavLMModel"),
    # arXiv:2503.20215. Attention stays within 2 s, so any length will do; three frames make the first token.
    "qwen2_5_omni_audio_encoder": Native(
        "Qwen2.5-Omni",
        "qwen2_5_omni.modeling_qwen2_5_omni:Qwen2_5OmniAudioEncoder",
        shape=lambda config: (None, config.num_mel_bins),
        window=lambda extractor: {
            "kind": "sliding",
            "seconds": float(extractor.chunk_length),
            "padding": "shift",
            "minimum_samples": 3 * extractor.hop_length,
        },
        inputs=_packed,
        tokens=lambda state, windows: state.unflatten(0, (windows, -1)),
        output_width=lambda config: config.output_dim,
        pooled_width=lambda config: config.output_dim,
        attentions=False,
        unused=("audio_bos_eos_token.",),
        real_frames=True,
        inside={
            "qwen2_5_omni": ("thinker_config.audio_config", r"^thinker\.audio_tower\."),
            "qwen2_5_omni_thinker": ("audio_config", r"^(thinker\.)?audio_tower\."),
        },
    ),
    # arXiv:2403.02522, google/hear-pytorch: a ViT-L over 2 s mel-PCEN images, read out by a linear layer.
    "vit": Native(
        "HeAR",
        "vit.modeling_vit:ViTModel",
        shape=lambda config: tuple(config.image_size),
        window=lambda extractor: {"kind": "sliding", "seconds": 2.0, "padding": "shift"},
        inputs=lambda features, config: {"pixel_values": features[:, None]},
        pooled_width=lambda config: config.pooler_output_size or config.hidden_size,
        pools=True,
        prefix_tokens=1,
        refuses=lambda config: (
            ""
            if config.num_channels == 1 and isinstance(config.image_size, (list, tuple))
            else f"a ViT over {config.num_channels}-channel images of size {config.image_size} is not HeAR"
        ),
    ),
}


def native_of(config: Any) -> Native:
    """Return the entry of an encoder's configuration.

    Raises:
        ValueError: no audio encoder that the adapter knows.
    """
    native = NATIVES.get(config.model_type)
    if native is None:
        raise ValueError(f"{config.model_type!r} is not one of the encoders {', '.join(sorted(NATIVES))}")
    if reason := native.refuses(config):
        raise ValueError(reason)
    return native


__all__ = ["NATIVES", "Native", "native_of"]
