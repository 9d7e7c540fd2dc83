"""The blocks of docs/extending.md as plug-in files; what a test loads is taken out again behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robustcore import plugins

DOCUMENT = Path(__file__).parents[2] / "docs" / "extending.md"
KINDS = ("corruption", "sequence", "attack", "intervention", "metric", "score", "dataset", "model", "suite", "page")


def blocks() -> dict[str, str]:
    """Kind -> the whole file that the document shows for it."""
    code = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.S)
    by_kind = {kind: block for block in code for kind in KINDS if f"extending.{kind}(" in block}
    assert len(code) == len(by_kind) == len(KINDS)
    return by_kind


@pytest.fixture(autouse=True)
def plugins_of_the_test_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees another's plug-ins."""
    monkeypatch.setenv(plugins.VARIABLE, "")
    before = {*plugins.names(), *plugins.failures()}
    yield
    plugins.unload(*(name for name in (*plugins.names(), *plugins.failures()) if name not in before))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """`write("my.py", code)`: a plug-in file."""

    def make(name: str, code: str) -> Path:
        path = tmp_path / "plugins" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
        return path

    return make


@pytest.fixture
def files(write: Callable[..., Path]) -> dict[str, Path]:
    """Kind -> a file with the document's block."""
    return {kind: write(f"my_{kind}.py", code) for kind, code in blocks().items()}


@pytest.fixture
def all_loaded(files: dict[str, Path]) -> dict[str, Path]:
    """All of the document's blocks, loaded."""
    assert plugins.load(*files.values()) == []
    return files
