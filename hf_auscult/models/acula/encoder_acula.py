"""The encoder inside an AcuLa model, where transformers does not know its type: nothing here.

With the package, transformers' registry knows every type. A folder saved with its code has another file of this name,
which imports the classes of the encoder that this one model holds.
"""

from typing import Any

# Model type -> its configuration, model and pre-training class (or `None`).
ENCODERS: dict[str, tuple[Any, Any, Any]] = {}
