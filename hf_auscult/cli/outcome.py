"""What a verb's handler gives back."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

EXIT, TEXT = "__exit__", "__text__"
"""Keys of what a handler may say of its exit status, and of text that is printed instead of name: value lines."""
Handler = Callable[[argparse.Namespace], dict[str, Any]]
Verb = Callable[[str, Handler, str], argparse.ArgumentParser]
"""Adds a verb: its name, its handler and an example of its use."""
