"""OPERA-CE: feature maps along the network, the head, long and short images, the published embedding from a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import AutoModel

from tests.models.parity import Array, Parity
from tests.models.parity._contrastive import contrastive, front_end, images
from tests.reference import Case


def arrays(case: Case, variant: str, folder: Path, work: Path) -> Iterator[Array]:
    model = AutoModel.from_pretrained(folder).eval()
    image = torch.from_numpy(case.arrays["features.repeat8"])[None]
    yield Array(f"{variant}.hidden.cnn1", model.to_channels(image)[0].flatten(1))
    # Recorded as (channels, cells); of the stem and the last convolution, what goes into the activation.
    before: dict[str, torch.Tensor] = {}
    norms = {"stem": model.network.embeddings.batchnorm, "head": model.network.encoder.top_bn}
    hooks = [
        norm.register_forward_hook(lambda module, args, out, name=name: before.update({name: out[0].flatten(1)}))
        for name, norm in norms.items()
    ]
    states = model(image, output_hidden_states=True).hidden_states
    for hook in hooks:
        hook.remove()
    for name in norms:
        yield Array(f"{variant}.hidden.{name}", before[name])
    for index in (0, 3, 8, 15):
        yield Array(f"{variant}.hidden.block{index}", states[index + 1][0].T)
    for name in ("long_spec", "long_spec2", "short_spec"):
        yield Array(f"{variant}.embedding.{name}", model(images(case, name)).pooler_output[0])
    yield from contrastive(case, variant, folder)
    yield from front_end(case, variant, model, folder, work)


PARITY = [Parity("opera_ce", "opera-ce", lambda state: {"epoch": 1, "state_dict": state}, arrays)]
