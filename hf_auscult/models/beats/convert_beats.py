"""BEATs' published containers (`{"cfg", "model"}`: iter1 to iter3+, fine-tuned ones, tokenizers) to folders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ...errors import ConversionError
from ..convert_checkpoint import Conversion, StateDict, state_dict_of
from .configuration_beats import BeatsConfig
from .modeling_beats import BeatsForAudioClassification, BeatsModel, BeatsTokenizer

#: Field of the published `cfg` -> ours. The published code's own defaults do not build: nothing is assumed.
FIELDS = {
    "input_patch_size": "patch_size",
    "embed_dim": "patch_embedding_size",
    "conv_bias": "patch_bias",
    "encoder_layers": "num_hidden_layers",
    "encoder_embed_dim": "hidden_size",
    "encoder_ffn_embed_dim": "intermediate_size",
    "encoder_attention_heads": "num_attention_heads",
    "deep_norm": "deep_norm",
    "conv_pos": "num_conv_pos_embeddings",
    "conv_pos_groups": "num_conv_pos_embedding_groups",
    "num_buckets": "num_buckets",
    "max_distance": "max_bucket_distance",
}
#: Regularisation, which a tokenizer's container need not name.
OPTIONAL = {
    "layer_wise_gradient_decay_ratio": "layer_gradient_scale",
    "dropout": "hidden_dropout",
    "attention_dropout": "attention_dropout",
    "activation_dropout": "activation_dropout",
    "dropout_input": "input_dropout",
    "encoder_layerdrop": "layerdrop",
    "predictor_dropout": "classifier_dropout",
}
#: What no released network has otherwise.
SUPPORTED = {
    "layer_norm_first": False,
    "relative_position_embedding": True,
    "gru_rel_pos": True,
    "activation_fn": "gelu",
}
BIAS = "encoder.layers.{}.self_attn.relative_attention_bias.weight"
# Counts of the tokenizer's training; nothing that looks a code up needs them.
COUNTS = frozenset(
    {"quantize.cluster_size", "quantize.embedding.cluster_size", "quantize.embedding.embed_avg"}
    | {"quantize.embedding.initted"}
)
ENCODER = (
    (r"^post_extract_proj\.", "patch_projection."),
    (r"^encoder\.pos_conv\.0\.(?:weight_g|parametrizations\.weight\.original0)$", "transformer.positions.norm"),
    (r"^encoder\.pos_conv\.0\.(?:weight_v|parametrizations\.weight\.original1)$", "transformer.positions.direction"),
    (r"^encoder\.pos_conv\.0\.bias$", "transformer.positions.bias"),
    (r"^encoder\.layer_norm\.", "transformer.norm."),
    (r"^encoder\.layers\.0\.self_attn\.relative_attention_bias\.", "transformer.relative_bias."),
    (r"^encoder\.layers\.(\d+)\.self_attn\.", r"transformer.layers.\1.attention."),
    (r"^encoder\.layers\.(\d+)\.self_attn_layer_norm\.", r"transformer.layers.\1.attention_norm."),
    (r"^encoder\.layers\.(\d+)\.final_layer_norm\.", r"transformer.layers.\1.final_norm."),
    (r"^encoder\.layers\.", "transformer.layers."),
)
# Parts of the encoder; in a network around it, they stand below `encoder.`.
PARTS = ("patch_embedding", "layer_norm", "patch_projection", "transformer")
AROUND = (
    (r"^predictor\.", "classifier.output."),
    (r"^quantize_layer\.0\.", "quantiser.fc1."),
    (r"^quantize_layer\.2\.", "quantiser.fc2."),
    (r"^quantize\.embedding\.weight$", "quantiser.codebook"),
)


def settings_of(cfg: Any, where: str) -> dict[str, Any]:
    """Return our configuration's settings of a published `cfg`; fields it has beyond the known ones change no network.

    Raises:
        ConversionError: no `cfg`, one that lacks a field, or a network that no release has.
    """
    if not isinstance(cfg, Mapping):
        raise ConversionError(
            "no configuration ('cfg') inside", where=where, remedy="give the file as published: {'cfg': …, 'model': …}"
        )
    if missing := sorted(set(FIELDS) - set(cfg)):
        raise ConversionError(f"its cfg lacks {', '.join(missing)}", where=where)
    wrong = {name: cfg.get(name) for name, value in SUPPORTED.items() if cfg.get(name) != value}
    if wrong:
        raise ConversionError(
            f"its cfg has {wrong}; only { ({name: SUPPORTED[name] for name in wrong}) } is known", where=where
        )
    settings = {ours: cfg[theirs] for theirs, ours in FIELDS.items()}
    return settings | {ours: float(cfg[theirs]) for theirs, ours in OPTIONAL.items() if theirs in cfg}


def prepare(container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
    """Return the tensors under names of this package's parts, and which network with which settings they make.

    Raises:
        ConversionError: see `settings_of`; or tables of relative positions that differ, of which there is one.
    """
    settings = settings_of(container.get("cfg"), where)
    state = state_dict_of({"model": container.get("model")}, where)
    first = BIAS.format(0)
    for layer in range(1, settings["num_hidden_layers"]):
        copy = state.pop(BIAS.format(layer), None)
        if copy is not None and (first not in state or not torch.equal(copy, state[first])):
            raise ConversionError(
                f"{BIAS.format(layer)} is not the table of layer 0; the published network has one for all", where=where
            )
    if "predictor.weight" in state:
        classes = len(state["predictor.weight"])
        settings |= {"kind": "fine-tuned", "num_labels": classes}
        labels = container.get("label_dict")
        if labels is not None:
            if sorted(int(index) for index in labels) != list(range(classes)):
                raise ConversionError("its label_dict does not name every class once", where=where)
            settings["id2label"] = {int(index): str(label) for index, label in sorted(labels.items())}
    elif "quantize.embedding.weight" in state:
        size, width = state["quantize.embedding.weight"].shape
        settings |= {"kind": "tokenizer", "codebook_size": size, "codebook_dim": width}
        state = {key: value for key, value in state.items() if key not in COUNTS}
    else:
        settings["kind"] = "encoder"
    return state, settings


def build(kind: str, id2label: dict[int, str] | None = None, num_labels: int = 0, **settings: Any) -> Any:
    """Return one of the published networks, untrained."""
    config = BeatsConfig(**settings)
    if kind == "fine-tuned":
        config.num_labels, config.problem_type = num_labels, "multi_label_classification"
        if id2label is not None:
            config.id2label, config.label2id = id2label, {label: index for index, label in id2label.items()}
        return BeatsForAudioClassification(config)
    return BeatsTokenizer(config) if kind == "tokenizer" else BeatsModel(config)


class BeatsConversion(Conversion):
    """One set of names for the encoder alone and for the networks around it."""

    def state(self, container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
        """Return the tensors of a checkpoint under our names, and the settings that were told from them."""
        state, settings = super().state(container, where)
        if settings["kind"] != "encoder":
            state = {f"encoder.{key}" if key.split(".")[0] in PARTS else key: value for key, value in state.items()}
        return state, settings


CONVERSIONS = {
    "beats": BeatsConversion(
        model=build,
        prepare=prepare,
        names=(*ENCODER, *AROUND),
        front_end="beats",
        published="beats",
        # AudioSet's length, on which it was trained; the last window starts earlier and so is filled with sound.
        windows={"kind": "sliding", "seconds": 10.0, "padding": "shift", "minimum_samples": 2_800},
    )
}
