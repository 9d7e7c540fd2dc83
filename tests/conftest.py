"""What every test gets: a cache of its own, and one thread, so that results and times do not depend on the machine."""

from __future__ import annotations

import os
import tempfile

# Before anything reads it, for modules that look at import; each test gets a folder of its own below.
os.environ["ROBUSTCORE_CACHE"] = tempfile.mkdtemp(prefix="robustcore-tests-")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import gc
import itertools
import logging
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from robustcore.datasets.scenes import render_cache
from robustcore.images import UInt8Array
from robustcore.randomness import Draws

TESTS = Path(__file__).parent
BLOCK = 64  # images of scenes that are painted together here; most tests look at a few
_caches = itertools.count()
_painted: dict[tuple[str, int], UInt8Array] = {}


# Folders whose tests take longest, longest first: a worker that begins one of them last would keep the other waiting.
LONGEST = ("browser", "training", "evaluation", "models", "dashboard", "reports")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """What importing and collecting leaves behind stays until the end: garbage is not searched for in it, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_runtest_logstart() -> None:
    """Every logger hands its records on: pytest hangs two handlers on each that does not, six times a test.

    There are hundreds of those once torch and Streamlit are imported, and that took longer than most tests.
    """
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.propagate = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders of the longest tests first."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(TESTS).parts[0]
        return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file stays with one worker, and so do all browser tests, which share a server and a browser."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return "tests/browser" if file.startswith("tests/browser/") else file

    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own cache folder: no test sees what another computed, and none touches the real one.

    Made by whoever first writes to it: most of thousands of tests never do.
    """
    folder = tmp_path_factory.getbasetemp() / f"cache-{next(_caches)}"
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def scenes_painted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of scenes are painted once a process, not once for each test's cache; they are written and read as ever."""
    block = render_cache.block

    def painted(name: str, side: int, render: Callable[[], UInt8Array]) -> UInt8Array:
        def paint() -> UInt8Array:
            if (name, side) not in _painted:
                _painted[name, side] = render()
            return _painted[name, side]

        return block(name, side, paint)

    monkeypatch.setattr(render_cache, "BLOCK", BLOCK)
    monkeypatch.setattr(render_cache, "block", painted)


def _shuffle_patches(images: Tensor, ids: Tensor, grid: int = 4, seed: int = 0) -> Tensor:
    """Images with their `grid` x `grid` patches in an order of their own: colours and textures stay, the shape goes.

    A network that reads the shape falls to chance on them; one that reads a texture or a colour does not.

    Args:
        images: (N, 3, S, S), S a multiple of `grid`; any dtype.
        ids: (N,) int64 image ids, which the orders are keyed by.
    """
    n, channels, side, _ = images.shape
    patch = side // grid
    cut = images.reshape(n, channels, grid, patch, grid, patch)
    patches = cut.permute(0, 2, 4, 1, 3, 5).reshape(n, grid * grid, channels, patch, patch)
    order = Draws(seed, "shuffle_patches", ids).permutation(grid * grid)
    patches = patches[torch.arange(n)[:, None], order]
    whole = patches.reshape(n, grid, grid, channels, patch, patch).permute(0, 3, 1, 4, 2, 5)
    return whole.reshape(n, channels, side, side)


@pytest.fixture
def shuffle_patches() -> Callable[..., Tensor]:
    """`shuffle_patches(images, ids, grid=4, seed=0)`, for the leak checks."""
    return _shuffle_patches
