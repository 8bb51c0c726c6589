"""Original checkpoints to Hugging Face folders: the checks every family shares. Pickles are opened here only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from transformers import FeatureExtractionMixin, PreTrainedModel

from ..audio import PUBLISHED, WindowPolicy
from ..errors import ConversionError
from ..features import FRONT_ENDS, AuscultFeatureExtractor, PublishedVariant
from ..files import check_folder, new_folder

StateDict = dict[str, torch.Tensor]

# Family name on the command line -> module whose CONVERSIONS holds it.
FAMILIES = {
    "opera-ct": "hf_auscult.models.opera.convert_opera_ct",
    "opera-ce": "hf_auscult.models.opera.convert_opera_ce",
    "opera-gt": "hf_auscult.models.opera.convert_opera_gt",
    "audiomae": "hf_auscult.models.audiomae.convert_audiomae",
    "auscultabase": "hf_auscult.models.auscultabase.convert_auscultabase",
    "panns-cnn6": "hf_auscult.models.panns.convert_panns",
    "panns-cnn10": "hf_auscult.models.panns.convert_panns",
    "panns-cnn14": "hf_auscult.models.panns.convert_panns",
    "vggish": "hf_auscult.models.vggish.convert_vggish",
    "msclap-2022": "hf_auscult.models.msclap.convert_msclap",
    "msclap-2023": "hf_auscult.models.msclap.convert_msclap",
    "beats": "hf_auscult.models.beats.convert_beats",
    "whisper": "hf_auscult.models.adapter.convert_whisper",
    "acula": "hf_auscult.models.acula.convert_acula",
}


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """How one family's published checkpoint becomes a model and its feature extractor, as data.

    Args:
        model: class of the model, whose configuration's defaults are the published network; or settings -> model.
        settings: of the configuration, where they differ from its defaults.
        names: (pattern, replacement) for `re.sub`, applied in turn to every original name.
        prepare: container -> (state dict under original names, further settings): what must be checked and dropped, or
            told from the tensors.
        fixed: our names of tensors that the architecture computes; they may be absent, and must agree when present.
        front_end, published: names in `FRONT_ENDS` and `PUBLISHED`.
        windows: settings of the default `WindowPolicy`.
        variants: other published ways of feeding the encoder.
    """

    model: Callable[..., PreTrainedModel]
    front_end: str = ""
    published: str = ""
    windows: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    names: Sequence[tuple[str, str | Callable[[re.Match[str]], str]]] = ()
    prepare: Callable[[Mapping[str, Any], str], tuple[StateDict, dict[str, Any]]] | None = None
    fixed: frozenset[str] = frozenset()
    variants: Mapping[str, PublishedVariant] = field(default_factory=dict)

    def build(self, **settings: Any) -> PreTrainedModel:
        """Return the published network, untrained."""
        settings = {**self.settings, **settings}
        if isinstance(self.model, type):
            model: Any = self.model
            built: PreTrainedModel = model(model.config_class(**settings))
            return built
        return self.model(**settings)

    def read(self, checkpoint: Path) -> Mapping[str, Any]:
        """Open the file."""
        return read_container(checkpoint)

    def extractor_of(self, model: PreTrainedModel) -> FeatureExtractionMixin:
        """Return the feature extractor that a converted model is saved with."""
        return self.feature_extractor()

    def feature_extractor(self) -> AuscultFeatureExtractor:
        """Return the family's feature extractor."""
        return AuscultFeatureExtractor(
            FRONT_ENDS[self.front_end],
            WindowPolicy.from_dict(self.windows),
            PUBLISHED[self.published],
            self.variants,
        )

    def rename(self, key: str) -> str:
        """Return our name of an original tensor."""
        for pattern, replacement in self.names:
            key = re.sub(pattern, replacement, key)
        return key

    def state(self, container: Mapping[str, Any], where: str) -> tuple[StateDict, dict[str, Any]]:
        """Return the tensors of a checkpoint under our names, and the settings that were told from them."""
        prepare = self.prepare or (lambda found, file: (state_dict_of(found, file), {}))
        state, settings = prepare(container, where)
        return {self.rename(key): value for key, value in state.items()}, settings


def read_container(checkpoint: Path) -> Mapping[str, Any]:
    """Open a checkpoint file without running code from it.

    Raises:
        ConversionError: missing, truncated, not a checkpoint, or holding objects other than tensors and plain data.
    """
    if not checkpoint.is_file():
        raise ConversionError("no such file", where=checkpoint, remedy="give the checkpoint the authors published")
    try:
        container = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # torch reports damage through many types; the cause is kept
        reason = (str(error).splitlines() or ["no reason given"])[0][:200]
        raise ConversionError(
            f"cannot be read as a checkpoint ({type(error).__name__}: {reason})",
            where=checkpoint,
            remedy="download it again and compare its size or hash with the publisher's",
        ) from error
    if not isinstance(container, Mapping):
        raise ConversionError(f"holds a {type(container).__name__}, not a state dict", where=checkpoint)
    return container


def state_dict_of(container: Mapping[str, Any], where: str) -> StateDict:
    """Return the tensors of a Lightning checkpoint, a `{"model": …}` container or a bare state dict."""
    for key in ("state_dict", "model"):
        if isinstance(container.get(key), Mapping):
            container = container[key]
            break
    tensors = {key: value for key, value in container.items() if isinstance(value, torch.Tensor)}
    if not tensors or len(tensors) != len(container):
        other = sorted(str(key) for key in container if key not in tensors)
        raise ConversionError(f"no bare state dict inside; other entries: {other[:10]}", where=where)
    return tensors


def check_keys(state: StateDict, model: PreTrainedModel, fixed: frozenset[str], where: str) -> StateDict:
    """Return the complete state dict, or refuse it with the list of what does not fit."""
    target: StateDict = model.state_dict()
    missing = sorted(set(target) - set(state) - fixed)
    unknown = sorted(set(state) - set(target))
    shapes = [
        f"{key}: {tuple(state[key].shape)} instead of {tuple(target[key].shape)}"
        for key in sorted(set(state) & set(target))
        if state[key].shape != target[key].shape
    ]
    problems = [
        f"{len(found)} {name}: {', '.join(found[:12])}{' …' if len(found) > 12 else ''}"
        for name, found in (("missing", missing), ("unknown", unknown), ("of another shape", shapes))
        if found
    ]
    if problems:
        raise ConversionError(
            "tensors do not fit this family: " + "; ".join(problems), where=where, remedy="check the family's name"
        )
    check_fixed({key: state[key] for key in fixed & set(state)}, target, where)
    bad = [key for key, value in state.items() if value.is_floating_point() and not bool(value.isfinite().all())]
    if bad:
        raise ConversionError(f"NaN or infinite values in {', '.join(sorted(bad)[:5])}", where=where)
    return {**{key: target[key] for key in fixed & set(target)}, **state}


def check_fixed(found: StateDict, computed: StateDict, where: str) -> None:
    """Refuse tensors of a checkpoint that differ by more than 1e-4 from those the architecture computes.

    Args:
        found: tensors of the checkpoint, by any names.
        computed: at least the same names.
        where: the checkpoint's file.

    Raises:
        ConversionError: another shape, or another value.
    """
    for key in sorted(found):
        theirs, ours = found[key], computed[key]
        if theirs.shape != ours.shape:
            raise ConversionError(f"{key} is {tuple(theirs.shape)}, computed {tuple(ours.shape)}", where=where)
        distance = (theirs.double() - ours.double()).abs().max().item()
        if not distance <= 1e-4:
            raise ConversionError(
                f"{key} differs by {distance:.3g} from the table the architecture computes",
                where=where,
                remedy="this checkpoint was made by another variant of the code",
            )


def convert(family: str, checkpoint: str | Path, output: str | Path) -> Path:
    """Convert a published checkpoint to a folder that `from_pretrained` loads.

    Args:
        family: a key of `FAMILIES`.
        checkpoint: the file its authors published.
        output: folder to make: config.json, model.safetensors, preprocessor_config.json and the code that loads them
            (`trust_remote_code=True`). Must not hold anything yet.

    Returns:
        The folder.

    Raises:
        ConversionError: wrong family, damaged file, missing or unknown tensors. Nothing is written then.
        ConfigurationError: the folder holds something.

    Example:
        `convert("opera-gt", "encoder-operaGT.ckpt", "auscult/opera-gt")`
    """
    if family not in FAMILIES:
        raise ConversionError(f"unknown family {family!r}", remedy=f"use one of {', '.join(sorted(FAMILIES))}")
    checkpoint, output = Path(checkpoint), Path(output)
    check_folder(output)
    conversion: Conversion = import_module(FAMILIES[family]).CONVERSIONS[family]
    where = str(checkpoint)
    state, settings = conversion.state(conversion.read(checkpoint), where)
    model = conversion.build(**settings)
    model.load_state_dict(check_keys(state, model, conversion.fixed, where))
    # Whatever the folder will be called: benchmarks read from here whose training people these weights know.
    model.config.weights_origin = [family]
    with new_folder(output) as folder:
        model.eval().save_pretrained(folder)
        conversion.extractor_of(model).save_pretrained(folder)
    return output
