"""Plug-ins: files and modules from outside the package that register things of their own.

A plug-in is named by the person who starts the program (`robustcore --plugin`, the variable ROBUSTCORE_PLUGINS, an installed
package's entry point), never from a page, a suite file or an upload. Its code runs when it is loaded.

A registered thing from outside carries the SHA-256 of its plug-in's .py files, which is part of the fingerprints of results:
an edited plug-in never answers with old numbers.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from robustcore import errors
from robustcore.plugins import files

VARIABLE = "ROBUSTCORE_PLUGINS"
GROUP = "robustcore.plugins"  # of entry points
_OWN = ("robustcore", "dashboard")


@dataclasses.dataclass(frozen=True)
class Plugin:
    """A plug-in that was loaded.

    Attributes:
        name: what it is loaded by, in any process of this machine: an absolute path or a module's name.
        files: its .py files.
        digest: SHA-256 (hex) of these files as they were when it was loaded.
    """

    name: str
    files: tuple[Path, ...]
    digest: str


_lock = threading.RLock()
_loaded: dict[str, Plugin] = {}
_failures: dict[str, str] = {}
_loading: list[Plugin] = []
_names: dict[str, set[str]] = {}  # plug-in -> what it registered
_undo: dict[str, list[Callable[[], None]]] = {}  # plug-in -> what takes its things out of the registries again


def loaded() -> list[Plugin]:
    """The plug-ins that were loaded in this process, in that order."""
    return list(_loaded.values())


def names() -> tuple[str, ...]:
    """The names of the loaded plug-ins, for another process that is to load them too."""
    return tuple(_loaded)


def versions() -> dict[str, str]:
    """Name -> digest of the loaded plug-ins, for another process that is to run the very same code."""
    return {plugin.name: plugin.digest for plugin in loaded()}


def module_of(path: str) -> ModuleType | None:
    """The module that a loaded plug-in's file is, by its absolute path; None where it is not loaded."""
    return sys.modules.get(_module_name(Path(path))) if path in _loaded else None


def require(wanted: Mapping[str, str]) -> None:
    """Load plug-ins as another process has them.

    Raises:
        JobError: one that cannot be loaded here, or that is another version here.
    """
    with _lock:
        for name, digest in wanted.items():
            if name in _loaded and _loaded[name].digest != digest:
                unload(name)  # it may have been edited since
            problems = load(name)
            if problems:
                raise errors.JobError(f"The process that computes lacks a plug-in. {problems[0]}")
            if _loaded[name].digest != digest:
                raise errors.JobError(
                    f"The plug-in {name} is another version where it is to run than where it was asked for; start robustcore "
                    "again after an edit, and keep the same files on every machine."
                )


def refresh() -> None:
    """Load plug-ins anew whose files have changed since."""
    with _lock:
        for plugin in loaded():
            try:
                same = _prepared(plugin.name)[0].digest == plugin.digest
            except Exception:  # gone or broken: loading it says so
                same = False
            if not same:
                unload(plugin.name)
                load(plugin.name)


def failures() -> dict[str, str]:
    """The plug-ins that could not be loaded in this process: name -> the reason, in one sentence."""
    return dict(_failures)


def load_all(named: Iterable[str] = ()) -> None:
    """Load the plug-ins of installed packages, those of ROBUSTCORE_PLUGINS and those that are named."""
    installed = [point.module for point in metadata.entry_points(group=GROUP)]
    load(*installed, remember=False)
    load(*_remembered(), *named)


def load(*named: str | Path, remember: bool = True) -> list[str]:
    """Load plug-ins, each once; one that fails leaves nothing behind, and the others are loaded all the same.

    Args:
        named: paths of .py files or of packages (folders with an `__init__.py`), or names of modules that can be imported.
        remember: whether processes that this one starts load them too (ROBUSTCORE_PLUGINS).

    Returns:
        One sentence for each that could not be loaded; `failures` keeps them.
    """
    problems = []
    with _lock:
        for each in named:
            name = _resolved(str(each))
            if name not in _loaded:
                problem = _load(name)
                if problem:
                    problems.append(problem)
            if remember:
                _remember(name)
    return problems


def digest_of(definition: Any) -> str:
    """SHA-256 over the .py files that a function or class from outside comes from; "" for the package's own.

    Outside a plug-in, in a script or a notebook, the file of its module counts, or its own source where there is no file.
    """
    home = getattr(definition, "__module__", None) or ""
    loading = _registering()
    digests = {plugin.digest for plugin in loading}
    if home.partition(".")[0] not in _OWN:
        plugin = next((p for p in loading if _is_of(home, p)), None)
        digests.add(plugin.digest if plugin else _digest_of_module(home, definition))
    digests.discard("")
    if len(digests) < 2:
        return next(iter(digests), "")
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def place_of(definition: Any) -> str:
    """Where a function, a class or the thing that is registered now was written, for people."""
    code = getattr(inspect.unwrap(definition) if callable(definition) else definition, "__code__", None)
    home = getattr(definition, "__module__", None) or ""
    if code is not None and home.partition(".")[0] not in _OWN:
        return f"{code.co_filename}, line {code.co_firstlineno}"
    if loading := _registering():
        return loading[-1].name
    return home


def from_outside(definition: Any) -> bool:
    """Whether a thing that is registered now comes from outside the package."""
    home = getattr(definition, "__module__", None) or _OWN[0]
    return bool(_registering()) or home.partition(".")[0] not in _OWN


def registered(name: str) -> None:
    """Tell that something of that name is registered now."""
    if loading := _registering():
        _names.setdefault(loading[-1].name, set()).add(name)


def needed_by(names: Iterable[str]) -> list[str]:
    """The loaded plug-ins that registered one of some names, in the order in which they were loaded."""
    wanted = set(names)
    return [name for name in _loaded if _names.get(name, set()) & wanted]


def undo_with(action: Callable[[], None]) -> None:
    """Call this if the plug-in that is being loaded fails later on, or is unloaded."""
    if loading := _registering():
        _undo[loading[-1].name].append(action)


def unload(*named: str | Path) -> None:
    """Take what plug-ins registered out again, so that an edited one can be loaded anew in the same process."""
    with _lock:
        for name in map(_resolved, map(str, named)):
            for action in reversed(_undo.pop(name, [])):
                action()
            _names.pop(name, None)
            for plugins in (_loaded, _failures, errors.missing_plugins):
                plugins.pop(name, None)
            _forget_modules(_module_name(Path(name)) if _is_path(name) else name)
            os.environ[VARIABLE] = os.pathsep.join(part for part in _remembered() if part != name)


def _registering() -> list[Plugin]:
    """The plug-ins that register something now.

    None where a module of the package itself is imported for the first time because a plug-in asked for it: what such a module
    registers is the package's own, whoever imports it.
    """
    if not _loading:
        return []
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    home = "" if frame is None else str(frame.f_globals.get("__name__", ""))
    return [] if home.partition(".")[0] in _OWN else _loading


def _load(name: str) -> str:
    """Load one plug-in; "" or the reason why it could not be loaded."""
    try:
        plugin, run = _prepared(name)
    except Exception as error:
        return _failed(name, error)
    _loading.append(plugin)
    _undo[name] = []
    try:
        run()
    except BaseException as error:  # also `sys.exit()` in a file
        for action in reversed(_undo.pop(name)):
            action()
        _names.pop(name, None)
        if isinstance(error, KeyboardInterrupt):
            raise
        return _failed(name, error)
    finally:
        _loading.pop()
    _loaded[name] = plugin
    _failures.pop(name, None)
    errors.missing_plugins.pop(name, None)
    return ""


def _failed(name: str, error: BaseException) -> str:
    text = " ".join(str(error).split())
    what = text if isinstance(error, errors.RobustcoreError) else f"{type(error).__name__}: {text}".rstrip(": ")
    line = next(
        (frame.lineno for frame in reversed(_frames(error)) if frame.filename.startswith(name)),
        None,
    )
    where = f", line {line}" if line and not isinstance(error, SyntaxError) else ""
    _failures[name] = f"The plug-in {name} could not be loaded{where}: {what.rstrip('.')}."
    errors.missing_plugins[name] = _failures[name]
    return _failures[name]


def _frames(error: BaseException) -> list[inspect.FrameInfo]:
    return inspect.getinnerframes(error.__traceback__, context=0) if error.__traceback__ else []


def _prepared(name: str) -> tuple[Plugin, Callable[[], object]]:
    """A plug-in, and what runs its code."""
    if not _is_path(name):
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}")
        its_files = files.of_module(name)
        return Plugin(name, tuple(its_files), files.digest(its_files)), functools.partial(importlib.import_module, name)
    if os.pathsep in name:
        raise errors.InvalidArgumentError(
            f"its path has {os.pathsep!r} in it, which separates the plug-ins of {VARIABLE}"
        )
    path = Path(name)
    start = path / "__init__.py" if path.is_dir() else path
    if not start.is_file():
        missing = "it is a folder without an __init__.py" if path.is_dir() else "there is no such file"
        raise errors.InvalidArgumentError(missing)
    its_files = files.of_package(path) if path.is_dir() else files.of_file(path)
    plugin = Plugin(name, tuple(its_files), files.digest(its_files))
    return plugin, functools.partial(_run_file, _module_name(path), start, path.is_dir())


def _run_file(module: str, start: Path, package: bool) -> ModuleType:
    """Run a file as a module of a name of its own, under which other processes find its classes again."""
    spec = importlib.util.spec_from_file_location(
        module, start, submodule_search_locations=[str(start.parent)] if package else None
    )
    assert spec is not None
    assert spec.loader is not None
    loaded_module = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded_module
    try:
        spec.loader.exec_module(loaded_module)
    except BaseException:
        _forget_modules(module)
        raise
    return loaded_module


def _forget_modules(module: str) -> None:
    for key in [k for k in sys.modules if k == module or k.startswith(f"{module}.")]:
        del sys.modules[key]


def _module_name(path: Path) -> str:
    return f"robustcore_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}"


def _is_path(name: str) -> bool:
    return name.endswith(".py") or os.sep in name


def _resolved(name: str) -> str:
    """A path in absolute form; a module's name as it is."""
    if _is_path(name) or (Path(name) / "__init__.py").is_file():
        return os.path.abspath(os.path.expanduser(name))
    return name


def _remember(name: str) -> None:
    if os.pathsep not in name:
        os.environ[VARIABLE] = os.pathsep.join(dict.fromkeys([*_remembered(), name]))


def _remembered() -> list[str]:
    """What ROBUSTCORE_PLUGINS names, paths in absolute form."""
    return [_resolved(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]


def _is_of(module: str, plugin: Plugin) -> bool:
    """Whether a module's file is one of a plug-in's."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and Path(file) in plugin.files


def _digest_of_module(module: str, definition: Any) -> str:
    if not module:
        return ""
    for plugin in _loaded.values():
        if _is_of(module, plugin):
            return plugin.digest
    its_files = files.of_module(module)
    if its_files:
        return files.digest(its_files)
    try:  # a notebook
        return hashlib.sha256(inspect.getsource(definition).encode()).hexdigest()
    except (OSError, TypeError):
        return ""
