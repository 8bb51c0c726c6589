"""Publish on the Hub, as `hf-auscult publish` does: `python examples/publish.py model DIR --repo NAMESPACE/NAME`."""

from __future__ import annotations

import sys

from hf_auscult.cli import main

if __name__ == "__main__":
    sys.exit(main(["publish", *sys.argv[1:]]))
