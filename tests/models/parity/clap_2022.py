"""MS-CLAP 2022: front end, base embedding, tags and projected embedding, from a file inwards."""

from __future__ import annotations

from tests.models.parity import Parity
from tests.models.parity._msclap import arrays, container

PARITY = [Parity("clap_2022", "msclap-2022", container, arrays)]
