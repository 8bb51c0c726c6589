"""Data flows one way: no package imports one to its right, and pickles are opened in one kind of place."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "hf_auscult"
ORDER = (
    "errors",
    "files",
    "plots",
    "metrics",
    "audio",
    "features",
    "codegen",
    "models",
    "embedding",
    "data",
    "reports",
    "alignment",
    "training",
    "evaluation",
    "hub",
    "recipes",
    "cli",
    "__main__",
)


def imports(path: Path) -> set[str]:
    """Top-level packages of hf_auscult that a file imports."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            if node.level == depth:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                found |= {name.split(".")[0] for name in names}
            elif node.level == 0 and (node.module or "").startswith("hf_auscult."):
                found.add(node.module.split(".")[1])
    return found


def test_no_package_imports_one_to_its_right():
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        home = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if home == "__init__":
            continue
        assert home in ORDER, f"{home} has no place in the order"
        wrong += [
            f"{path.relative_to(PACKAGE)} imports {name}"
            for name in imports(path) - {"__version__"}
            if name != home and (name not in ORDER or ORDER.index(name) > ORDER.index(home))
        ]
    assert not wrong, wrong


def test_pickles_are_opened_in_converters_only():
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if "strict=False" in text.replace("zip(", ""):
            wrong.append(f"{path.name}: strict=False")
        if not path.name.startswith("convert_") and ("torch.load(" in text or "pickle" in text.split('"""')[-1]):
            wrong.append(f"{path.name}: opens a pickle")
        if "torch.load(" in text and "weights_only=True" not in text:
            wrong.append(f"{path.name}: torch.load without weights_only=True")
    assert not wrong, wrong
