"""Imports follow one direction (see the design in the README) and heavy optional packages stay in their modules."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A package may import those before it, never those after it.
ORDER = [
    "errors",
    "plugins",
    "arguments",
    "calls",
    "memory",
    "notes",
    "processes",
    "paths",
    "glossary",
    "derived",
    "registry",
    "pages",
    "spreadsheets",
    "progress",
    "devices",
    "randomness",
    "images",
    "outputs",
    "datasets",
    "corruptions",
    "sequences",
    "attacks",
    "display",
    "models",
    "training",
    "evaluation",
    "metrics",
    "detection",
    "segmentation",
    "multilabel",
    "membership",
    "inside",
    "overlap",
    "published",
    "atlas",
    "reports",
    "figures",
    "extending",
    "commands",
    "cli",
]
# The same for the parts of the dashboard; what is not in a folder is named with it.
LAYERS = [
    ("pages", "theme", "data_urls", "plain_text", "file_versions"),
    ("session",),
    ("workers",),
    ("cache",),
    ("widgets",),
    ("views",),
    ("app", "server", "warm_up"),
]
PLOTLY_TEXTS = ("dashboard/views/builder/scores.py",)  # hover texts, which Plotly reads
MOST_FLAT = 19  # modules in one folder
MODULES = sorted(p for top in ("robustcore", "dashboard") for p in (ROOT / top).rglob("*.py"))
# Optional or heavy: an evaluation needs torch, torchvision, numpy, OpenCV, pandas and scikit-learn alone.
HOMES = {
    "streamlit": ("dashboard/",),
    "plotly": ("robustcore/figures/", "dashboard/"),
    "captum": ("robustcore/inside/attribution.py",),
    "albumentations": ("robustcore/corruptions/albumentations_like/transforms.py",),
    "distributed": ("robustcore/evaluation/run/executors/cluster.py",),
    "dask": ("robustcore/evaluation/run/executors/cluster.py",),
    "timm": ("robustcore/models/",),
    "humanize": ("robustcore/progress.py", "dashboard/"),
    "jinja2": ("robustcore/reports/templates.py",),
    "onnx": ("robustcore/models/formats/onnx_",),
    "onnx2torch": ("robustcore/models/formats/onnx_conversion.py",),
    "onnxruntime": ("robustcore/models/formats/onnx_",),
    "pytorch_ood": ("robustcore/detection/scores/feature_scores.py",),
    "psutil": ("robustcore/processes.py", "robustcore/training/image_memory.py"),
    "safetensors": ("robustcore/models/checkpoints.py",),
    "tomli_w": ("robustcore/evaluation/suites.py",),
    "transformers": ("robustcore/models/formats/hugging_face.py",),
    "tqdm": ("robustcore/progress.py",),
}


def for_types(test: ast.expr) -> bool:
    """Whether that is the condition of a block for type checkers alone."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


@functools.cache
def import_statements(path: Path) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """(statement, whether it runs when the file is imported) for each import in a file but those for type checkers alone."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    statements: list[tuple[ast.Import | ast.ImportFrom, bool]] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            statements.append((node, id(node) in top))
        elif not (isinstance(node, ast.If) and for_types(node.test)):
            for block in ("body", "orelse", "finalbody", "handlers", "cases"):  # an expression holds no import
                waiting += getattr(node, block, ())
    return statements


@functools.cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, whether it runs when the file is imported) for each import in a file."""
    modules: list[tuple[str, bool]] = []
    for node, at_once in import_statements(path):
        if isinstance(node, ast.Import):
            modules += ((alias.name, at_once) for alias in node.names)
            continue
        assert node.level == 0, f"{path}: relative import"
        assert node.module
        modules.append((node.module, at_once))
        if node.module == "robustcore":
            modules += ((f"robustcore.{alias.name}", at_once) for alias in node.names)
    return modules


def part(module: str) -> str | None:
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "robustcore" and len(pieces) > 1 else None


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_never_run_back(path: Path) -> None:
    relative = path.relative_to(ROOT)
    modules = imports(path)
    if relative.parts[0] == "robustcore":
        assert not [m for m, _ in modules if m.split(".")[0] == "dashboard" and relative.name != "dashboard.py"]
        own = part(".".join(relative.with_suffix("").parts))
        if own is None or own == "__init__":
            return
        assert own in ORDER, f"{own} has no place in the order yet"
        behind = [m for m, _ in modules if (p := part(m)) and p in ORDER and ORDER.index(p) > ORDER.index(own)]
        assert not behind, f"{relative} imports {behind}, which come after it"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_packages_stay_at_home(path: Path) -> None:
    relative = str(path.relative_to(ROOT))
    for module, _ in imports(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or relative.startswith(homes), f"{relative} imports {module}"


def name_of(path: Path) -> str:
    """The dotted name of a module; a package's is that of its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path): path for path in MODULES}


@functools.cache
def imported_modules(path: Path) -> set[str]:
    """The modules of ours that a file imports, inside functions too; of `from package import module` the module."""
    wanted = set[str]()
    for node, _ in import_statements(path):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif node.module:
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            wanted |= within & NAMES.keys()
            if within - NAMES.keys():
                wanted.add(node.module)
    return (wanted & NAMES.keys()) - {name_of(path)}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach each other (Tarjan's strongly connected components of two or more)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        open_.append(name)
        for other in sorted(graph[name]):
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in open_:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            place = open_.index(name)
            if len(open_) - place > 1:
                groups.append(sorted(open_[place:]))
            del open_[place:]

    for name in graph:
        if name not in number:
            visit(name)
    return groups


def test_no_module_imports_itself_through_others() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]
    assert circles({name: imported_modules(path) for name, path in NAMES.items()}) == []


def layer(module: str) -> int | None:
    pieces = module.split(".")
    if pieces[0] != "dashboard" or len(pieces) < 2:
        return None
    return next(i for i, parts in enumerate(LAYERS) if pieces[1] in parts)


@pytest.mark.parametrize("path", [p for p in MODULES if p.is_relative_to(ROOT / "dashboard")], ids=name_of)
def test_the_dashboard_imports_downwards_and_pages_leave_each_other_alone(path: Path) -> None:
    own = name_of(path)
    at = layer(own)
    if at is None:
        return
    wanted = set(imported_modules(path))
    if own == "dashboard.pages":
        wanted.discard("dashboard.views")  # the empty package, to list what is in it
    above = sorted(module for module in wanted if (other := layer(module)) is not None and other > at)
    assert not above, f"{own} imports {above}, which are above it"
    if own.startswith("dashboard.views."):
        page = own.split(".")[2]
        others = sorted(m for m in wanted if m.startswith("dashboard.views.") and m.split(".")[2] != page)
        assert not others, f"the page {page} imports {others} of another page; what two pages use is a widget"


def test_no_folder_has_too_many_modules() -> None:
    counts = Counter(path.parent.relative_to(ROOT).as_posix() for path in MODULES)
    assert not {folder: count for folder, count in counts.items() if count > MOST_FLAT}


def test_markup_reaches_a_page_in_one_place() -> None:
    """Everything else fills `Markup` templates, which escape what they are filled with."""
    tag = re.compile(r"</?[a-zA-Z]")
    constant = re.compile(r"(\w+\.)?_?[A-Z_]+")
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        relative = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            at = f"{relative}:{getattr(node, 'lineno', 0)}"
            if relative != "dashboard/widgets/markup.py":
                assert not (isinstance(node, ast.keyword) and node.arg == "unsafe_allow_html"), at
                assert not (isinstance(node, ast.Attribute) and ast.unparse(node) == "st.html"), at
                assert not (isinstance(node, ast.Attribute) and node.attr == "component"), at
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Markup") and node.args:
                (text,) = node.args
                assert isinstance(text, ast.Constant) or constant.fullmatch(ast.unparse(text)), at
            if isinstance(node, ast.JoinedStr) and relative not in PLOTLY_TEXTS:
                fixed = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
                assert not tag.search(fixed), f"{at}: a tag in an f-string; fill a Markup instead"
