"""hf_auscult: body-sound AI (lung, heart, cough, bowel) for the Hugging Face ecosystem.

Importing it registers every class with transformers' Auto classes; everything else loads on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import AuscultError

if TYPE_CHECKING:
    from .alignment import objectives
    from .data.audit import audit
    from .data.catalogue import register_dataset
    from .data.corpora import build_corpus
    from .data.from_folder import from_folder
    from .data.preparation import prepare
    from .embedding.embedder import embed
    from .evaluation.load import load_task
    from .evaluation.runner import evaluate
    from .hub.registration import register_encoder
    from .models.adapter.convert_adapter import adapt
    from .recipes.align.run import align
    from .recipes.finetune import finetune
    from .recipes.pretrain import pretrain

__version__ = "0.1.0"
__all__ = [
    "AuscultError",
    "__version__",
    "adapt",
    "align",
    "audit",
    "build_corpus",
    "embed",
    "evaluate",
    "finetune",
    "from_folder",
    "load_task",
    "objectives",
    "prepare",
    "pretrain",
    "register_dataset",
    "register_encoder",
]

_LAZY = {
    "adapt": "models.adapter.convert_adapter:adapt",
    "align": "recipes.align.run:align",
    "audit": "data.audit:audit",
    "build_corpus": "data.corpora:build_corpus",
    "embed": "embedding:embed",
    "evaluate": "evaluation.runner:evaluate",
    "finetune": "recipes.finetune:finetune",
    "from_folder": "data.from_folder:from_folder",
    "load_task": "evaluation.load:load_task",
    "objectives": "alignment.objectives",
    "prepare": "data.preparation:prepare",
    "pretrain": "recipes.pretrain:pretrain",
    "register_dataset": "data.catalogue:register_dataset",
    "register_encoder": "hub.registration:register_encoder",
}


def _is_command() -> bool:
    """Whether `hf-auscult` or `python -m hf_auscult` is starting: it registers when a verb runs, `--help` need not."""
    program = sys.orig_argv[-len(sys.argv)] if sys.argv[:1] == ["-m"] else sys.argv[0] if sys.argv else ""
    return program.replace("\\", "/").rpartition("/")[2].removesuffix(".exe") in ("hf-auscult", __name__)


if not _is_command():
    from .hub.registration import register

    register()


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    target = _LAZY.get(name)
    if target is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = target.partition(":")
    home = import_module(f"{__name__}.{module}")
    return getattr(home, attribute) if attribute else home


def __dir__() -> list[str]:
    return sorted(__all__)
