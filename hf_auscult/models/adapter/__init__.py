"""transformers' own audio encoders (AST, CLAP, Whisper, Wav2Vec2, HuBERT, WavLM, HeAR, Qwen2.5-Omni), one adapter."""

from .configuration_adapter import AudioAdapterConfig

__all__ = ["AudioAdapterConfig"]
