"""A metric as a Space: what `evaluate.load` reads and a page to try it on, without this package or torch."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from pprint import pformat
from typing import Any

import yaml

from ..codegen.flatten import PACKAGE, flat_name, flatten
from ..errors import ConfigurationError
from ..files import write_text
from ..metrics.modules import MetricModule, metric_names, module_of
from ..metrics.tables import Table

SDK_VERSION = "6.31.0"  # of gradio, on which the Spaces were seen to run
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}


def write_modules(folder: str | Path, only: Sequence[str] | None = None) -> list[Path]:
    """Write the Space of every metric; ``evaluate.load`` takes each folder.

    Args:
        folder: that gets a folder per metric.
        only: some names; default all.

    Returns:
        The folders.

    Raises:
        ConfigurationError: no such metric, or a registered function that no script could import.
    """
    written = []
    for name in only if only is not None else metric_names():
        for file, text in space_files(name).items():
            write_text(Path(folder) / name / file, text)
        written.append(Path(folder) / name)
    return written


def space_files(name: str) -> dict[str, str]:
    """Return the files of a metric's Space, name to text.

    Its script brings the functions along that it needs, as files beside it; a metric from outside the package imports
    the module that registers it.

    Raises:
        ConfigurationError: no such metric, or a function that no script could import.
    """
    module = module_of(name)
    home, function = module.compute.__module__, module.compute.__qualname__
    if getattr(importlib.import_module(home), function, None) is not module.compute:
        raise ConfigurationError(
            f"{home} has no {function} for a script to import",
            where=f"metric {name}",
            remedy="define the function at the top level of a module",
        )
    own = home.partition(".")[0] == PACKAGE
    code = flatten(home) if own else {}
    example = [json.dumps(list(values)) for values in module.example.values()]
    page = [
        '"""The Space\'s page; started by Hugging Face as ``python app.py`` inside the folder."""\n',
        "from pathlib import Path\n",
        "import evaluate\n",
        "from page import metric_page\n",
        "HERE = Path(__file__).parent",
        f"EXAMPLE = {example!r}\n",
        f'demo = metric_page(evaluate.load(str(HERE / "{name}.py")), EXAMPLE, HERE / "README.md")\n',
        'if __name__ == "__main__":\n    demo.launch()',
    ]
    needed = ["evaluate", *_libraries(code.values())] if own else ["hf-auscult", home.split(".")[0]]
    return {
        "README.md": _readme(module),
        f"{name}.py": _script(module, sorted(code)) if own else _import_script(module, home),
        "app.py": "\n".join(page) + "\n",
        "page.py": resources.files("hf_auscult.metrics").joinpath("page.py").read_text("utf-8"),
        "requirements.txt": "\n".join(needed) + "\n",
        **code,
    }


def _script(module: MetricModule, files: Sequence[str]) -> str:
    """Return the script of one of the package's own metrics: a class and what it needs, nothing else."""
    camel = "".join(part.capitalize() for part in module.name.split("_"))
    home = flat_name(module.compute.__module__)
    others = [name.removesuffix(".py") for name in files if name != f"{home}.py"]
    columns = ", ".join(f"{name!r}: {_feature(kind)}" for name, (kind, _) in module.inputs.items())
    lines = [
        f'"""{module.summary}"""\n',
        "import datasets",
        "import evaluate\n",
        # evaluate fetches what the script itself imports, and nothing that this imports in turn.
        *(f"from .{name} import __name__ as _" for name in others),
        f"from .{home} import {module.compute.__qualname__}\n\n",
        f"class {camel}(evaluate.Metric):",
        f'    """{module.summary}"""\n',
        "    def _info(self):",
        "        return evaluate.MetricInfo(",
        f"            description={f'{module.summary}{chr(10) * 2}{module.about}'!r},",
        f"            citation={module.citation!r},",
        f"            inputs_description={module.description()!r},",
        f"            features=datasets.Features({{{columns}}}),",
        "        )\n",
        "    def _compute(self, **inputs):",
        f"        return {module.compute.__qualname__}(**inputs)",
    ]
    return "\n".join(lines) + "\n"


def _import_script(module: MetricModule, home: str) -> str:
    return (
        f'"""{module.summary}"""\n\nimport {home}  # registers the metric\n\nfrom hf_auscult import metrics\n\n'
        f'Metric = metrics.metric_class("{module.name}")\n'
    )


def _feature(kind: str) -> str:
    inner = f"datasets.Value({kind.removeprefix('list of ')!r})"
    return f"datasets.Sequence({inner})" if kind.startswith("list of ") else inner


def _libraries(texts: Any) -> list[str]:
    """Return the distributions that code imports."""
    names = set()
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add((node.module or "").partition(".")[0])
    return sorted(_DISTRIBUTIONS.get(name, name) for name in names - set(sys.stdlib_module_names))


def _readme(module: MetricModule) -> str:
    header = {
        "title": module.name,
        "emoji": module.emoji,
        "colorFrom": "blue",
        "colorTo": "green",
        "sdk": "gradio",
        "sdk_version": SDK_VERSION,
        "app_file": "app.py",
        "pinned": False,
        "license": "apache-2.0",
        "tags": ["evaluate", "metric"],
        "description": module.summary,
    }
    result = pformat(_rounded(module.compute(**module.example)), width=116, compact=True, sort_dicts=False)
    code = [
        "import evaluate\n",
        f'metric = evaluate.load("auscult/{module.name}")  # or hf_auscult.metrics.load("{module.name}")',
        f"metric.compute(\n{module.call()},\n)",
        *(f"# {line}" for line in result.split("\n")),
    ]
    arguments = {**{name: meaning for name, (_, meaning) in module.inputs.items()}, **module.options}
    parts = [
        f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=1000)}---",
        f"# {module.name}",
        module.about or module.summary,
        "```python\n" + "\n".join(code) + "\n```",
        Table(("input", "meaning"), list(arguments.items())).markdown(),
        Table(("output", "meaning"), list(module.outputs.items())).markdown() if module.outputs else "",
        f"**Limits.** {module.limits}" if module.limits else "",
        f"```bibtex\n{module.citation.strip()}\n```" if module.citation else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return round(value, 3) if isinstance(value, float) else value
