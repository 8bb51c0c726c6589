"""Configuration of BEATs; the defaults are the published network (iter1 to iter3+)."""

from huggingface_hub.dataclasses import strict

from ..shared.configuration_auscult import AuscultConfig


@strict
class BeatsConfig(AuscultConfig):
    """Configuration of the BEATs encoder, its tokenizer and its pre-training.

    The defaults give the released encoder (arXiv:2212.09058), with the values its checkpoints carry rather than those
    of the published code, which does not build with its own.

    Args:
        num_mel_bins: bands of the filter bank; a multiple of `patch_size`.
        patch_size: side of the square patches; tokens are time-major (`index = t * bands + f`).
        patch_embedding_size: width of the patches before they are projected to `hidden_size`.
        patch_bias: the patch convolution has a bias.
        hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, layer_norm_eps: as everywhere in
            transformers; the activation is the exact GELU.
        deep_norm: residual branches are weighted by DeepNorm's `(2 * num_hidden_layers) ** 0.25` (arXiv:2203.00555).
        num_conv_pos_embeddings, num_conv_pos_embedding_groups: kernel, in tokens, and groups of the convolution that
            adds positions.
        num_buckets, max_bucket_distance: of the relative position bias; distances in tokens.
        input_dropout, hidden_dropout, attention_dropout, activation_dropout: in training; none in the releases.
        layerdrop: share of layers whose output is replaced by their input, in training.
        layer_gradient_scale: factor on the gradient into every layer's input, in training.
        codebook_size, codebook_dim: of the tokenizer.
        mask_ratio: share of patches hidden from the encoder in pre-training.
        predictor_num_hidden_layers: layers that predict the labels of hidden patches. Its size was never published.
        initializer_range: of weights without a rule of their own.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Raises:
        ValueError: sizes that contradict each other.

    Example:
        >>> BeatsConfig(num_hidden_layers=4).bands
        8
    """

    model_type = "beats"

    num_mel_bins: int = 128
    patch_size: int = 16
    patch_embedding_size: int = 512
    patch_bias: bool = False
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    layer_norm_eps: float = 1e-5
    deep_norm: bool = True
    num_conv_pos_embeddings: int = 128
    num_conv_pos_embedding_groups: int = 16
    num_buckets: int = 320
    max_bucket_distance: int = 800
    input_dropout: float = 0.0
    hidden_dropout: float = 0.0
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0
    layerdrop: float = 0.05
    layer_gradient_scale: float = 0.6
    codebook_size: int = 1024
    codebook_dim: int = 256
    mask_ratio: float = 0.75
    predictor_num_hidden_layers: int = 2
    initializer_range: float = 0.02

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        super().__post_init__(**kwargs)
        for whole, part in (
            ("num_mel_bins", "patch_size"),
            ("hidden_size", "num_attention_heads"),
            ("hidden_size", "num_conv_pos_embedding_groups"),
        ):
            if getattr(self, whole) % getattr(self, part):
                raise ValueError(f"{whole} {getattr(self, whole)} must be a multiple of {part} {getattr(self, part)}")
        # Half of the buckets are for keys behind the query; half of those for exact distances.
        if self.num_buckets % 4 or not self.num_buckets // 4 < self.max_bucket_distance:
            raise ValueError(
                f"num_buckets {self.num_buckets} must be a multiple of 4, and max_bucket_distance "
                f"{self.max_bucket_distance} above its quarter"
            )

    @property
    def bands(self) -> int:
        """Patches in frequency."""
        return self.num_mel_bins // self.patch_size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


__all__ = ["BeatsConfig"]
