"""hf_auscult: body-sound AI (lung, heart, cough, bowel) for the Hugging Face ecosystem.

Importing it registers every class with transformers' Auto classes; everything else loads on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import AuscultError
from .hub.registration import load as _load
from .hub.registration import register, register_encoder

if TYPE_CHECKING:
    from .alignment import objectives
    from .embedding.embedder import embed
    from .evaluation.load import load_task
    from .evaluation.runner import evaluate
    from .models.adapter.convert_adapter import adapt

__version__ = "0.1.0"
__all__ = [
    "AuscultError",
    "__version__",
    "adapt",
    "embed",
    "evaluate",
    "load_task",
    "objectives",
    "register_encoder",
]

_LAZY = {
    "adapt": "models.adapter.convert_adapter:adapt",
    "embed": "embedding:embed",
    "evaluate": "evaluation.runner:evaluate",
    "load_task": "evaluation.load:load_task",
    "objectives": "alignment.objectives",
}

register()


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    target = _LAZY.get(name)
    if target is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _load(f"{__name__}.{target}") if ":" in target else import_module(f"{__name__}.{target}")


def __dir__() -> list[str]:
    return sorted(__all__)
