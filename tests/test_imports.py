"""Imports follow one direction (see the design in the README) and heavy optional packages stay in their modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A package may import those that stand before it, never those behind it.
ORDER = [
    "errors",
    "memory",
    "notes",
    "processes",
    "paths",
    "registry",
    "pages",
    "progress",
    "devices",
    "randomness",
    "image_bounds",
    "images",
    "datasets",
    "corruptions",
    "sequences",
    "attacks",
    "models",
    "training",
    "evaluation",
    "metrics",
    "overlap",
    "atlas",
    "published",
    "reports",
    "figures",
    "commands",
    "cli",
]
MODULES = sorted(p for top in ("robustcore", "dashboard") for p in (ROOT / top).rglob("*.py"))
# Optional or heavy: an evaluation needs torch, numpy, OpenCV, pandas and scikit-learn alone.
HOMES = {
    "streamlit": ("dashboard/",),
    "plotly": ("robustcore/figures/", "dashboard/"),
    "albumentations": ("robustcore/corruptions/albumentations_like/transforms.py",),
    "distributed": ("robustcore/evaluation/run/executors/cluster.py",),
    "dask": ("robustcore/evaluation/run/executors/cluster.py",),
    "timm": ("robustcore/models/",),
}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, whether it runs when the file is imported) for each import in a file."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            yield node.module, id(node) in top
            if node.module == "robustcore":
                yield from ((f"robustcore.{alias.name}", id(node) in top) for alias in node.names)


def part(module: str) -> str | None:
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "robustcore" and len(pieces) > 1 else None


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_never_run_back(path: Path) -> None:
    relative = path.relative_to(ROOT)
    found = list(imports(path))
    if relative.parts[0] == "robustcore":
        assert not [m for m, _ in found if m.split(".")[0] == "dashboard" and relative.name != "dashboard.py"]
        own = part(".".join(relative.with_suffix("").parts))
        if own is None or own == "__init__":
            return
        assert own in ORDER, f"{own} has no place in the order yet"
        behind = [m for m, _ in found if (p := part(m)) and p in ORDER and ORDER.index(p) > ORDER.index(own)]
        assert not behind, f"{relative} imports {behind}, which stand behind it"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_packages_stay_at_home(path: Path) -> None:
    relative = str(path.relative_to(ROOT))
    for module, _ in imports(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or relative.startswith(homes), f"{relative} imports {module}"
