"""What is saved carries the code that loads it."""

from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any


class SavesCode:
    """Mixin of configurations, models, extractors and processors: `save_pretrained` and `push_to_hub` write code too.

    So every saved folder loads with `trust_remote_code=True` where this package is not installed. Where it is, its own
    classes are used, without asking. Mix in before transformers' class.
    """

    @classmethod
    def register_for_auto_class(cls, auto_class: Any = None) -> None:
        """Do nothing: the code is saved without it. In a saved copy of the code, do what transformers does."""
        if is_copy(cls):
            super().register_for_auto_class(*([] if auto_class is None else [auto_class]))  # type: ignore[misc]

    def to_json_file(self, json_file_path: str | PathLike[str], *args: Any, **kwargs: Any) -> None:
        """Write the settings, and beside them the code they name."""
        if not is_copy(type(self)):
            # Named by a string, so that a copy does not bring the generator along.
            writer = import_module("hf_auscult.codegen.write")
            if auto_map := writer.write_code(self, Path(json_file_path).parent):
                self.auto_map = auto_map
        super().to_json_file(json_file_path, *args, **kwargs)  # type: ignore[misc]


def is_copy(cls: type) -> bool:
    """Return whether a class is one that transformers loaded from a folder's code."""
    return cls.__module__.partition(".")[0] == "transformers_modules"


__all__ = ["SavesCode", "is_copy"]
