"""Data flows one way, everything is written once, and pickles are opened in one kind of place."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "hf_auscult"
ORDER = (
    "errors",
    "files",
    "texts",
    "cluster",
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


def modules(package: Path) -> dict[str, Path]:
    """Dotted name -> file, the packages themselves included."""
    files = package.rglob("*.py")
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in files
    }


def file_imports(package: Path) -> dict[str, set[str]]:
    """Module -> modules of the package that it imports anywhere but under TYPE_CHECKING.

    Imports of a package's own names lead to its `__init__.py`, which only collects them and is not a step of its own.
    """
    known = modules(package)
    graph: dict[str, set[str]] = defaultdict(set)
    for name, path in known.items():
        tree = ast.parse(path.read_text())
        for_types = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        parents = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or node in for_types:
                continue
            above = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                target = f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base
                if target in known and target != name and known[target].name != "__init__.py":
                    graph[name].add(target)
    return graph


def assert_no_circle(package: Path) -> None:
    TopologicalSorter(file_imports(package)).prepare()


def copies(package: Path, length: int = 20) -> list[tuple[str, ...]]:
    """Groups of places where as many lines are the same, but for indentation, comments, imports and blank lines."""
    places: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for path in package.rglob("*.py"):
        lines = [
            (number, line.strip())
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if line.strip() and not line.strip().startswith(("#", "from ", "import "))
        ]
        for start in range(len(lines) - length + 1):
            block = tuple(line for _, line in lines[start : start + length])
            places[block].add(f"{path.relative_to(package)}:{lines[start][0]}")
    return [tuple(sorted(where)) for where in places.values() if len(where) > 1]


def test_no_two_files_import_each_other():
    assert file_imports(PACKAGE), "no import was read"
    assert_no_circle(PACKAGE)


def test_no_two_places_share_twenty_lines():
    assert not copies(PACKAGE)


def test_circles_and_copies_are_seen(tmp_path):
    package = tmp_path / "toy"
    package.mkdir()
    text = "\n".join(f"value_{number} = {number}" for number in range(20))
    (package / "__init__.py").touch()
    (package / "one.py").write_text(f"from .two import value_1\n{text}\n")
    (package / "two.py").write_text(f"# The same.\n\n{text}\n")
    assert copies(package) == [("one.py:2", "two.py:3")]
    assert_no_circle(package)
    (package / "two.py").write_text("def later():\n    from . import one\n\n    return one\n")
    assert not copies(package)
    with pytest.raises(CycleError):
        assert_no_circle(package)


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
