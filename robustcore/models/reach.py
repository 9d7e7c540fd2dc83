"""What a network's forward pass can reach, as a digest: what a state dict leaves out decides answers too.

`describe` walks a module: its parameters and buffers (those that a state dict leaves out too), plain attributes by value,
members in lists and dicts, hooks, the graph of scripted modules, and the source of classes and functions that come from
outside the libraries below, with the functions and constants that these refer to. Classes of the libraries count by name,
since a release of theirs does not change what a network computes; their private attributes do not count, since those change
from release to release. What cannot be read is named, and its network shares no results.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import hashlib
import pathlib
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# Their classes count by name alone, without the module's path: these move between releases.
LIBRARIES = (
    "robustcore",
    "torch",
    "torchvision",
    "timm",
    "transformers",
    "onnx2torch",
    "builtins",
    "numpy",
    "collections",
    "functools",
)
# Attributes that say where a network comes from, not what it computes.
_ORIGIN = frozenset({"pretrained_cfg", "default_cfg", "name_or_path", "transformers_version", "training"})
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
_OF_EVERY_MODULE = frozenset(nn.Module().__dict__)
_DEEPEST = 60


@dataclasses.dataclass(frozen=True)
class Reach:
    """What was found.

    Attributes:
        digest: SHA-256 over the description.
        unreadable: what could not be read, in words; () where everything was.
    """

    digest: str
    unreadable: tuple[str, ...]


# The architectures know how to build networks; they are set here, below classifiers, by `robustcore.models.architectures`.
builders: list[Callable[[str, int], Iterator[nn.Module]]] = []


def built_anew(architecture: str, classes: int) -> Iterator[nn.Module]:
    """Networks as the architecture of that name builds them today, to compare another one's parts with."""
    for build in builders:
        yield from build(architecture, classes)


def describe(
    network: nn.Module,
    *,
    state: Callable[[Tensor], object] | None = None,
    other: Callable[[Tensor], object] | None = None,
) -> Reach:
    """Everything that the network's forward pass can reach.

    Args:
        network: on any device; the digest is the same on all.
        state: what a tensor of the state dict counts as; default its dtype, shape and values. A cheaper stand-in tells
            whether a network has changed since, or whether two networks differ in anything but their weights.
        other: the same for all other tensors.
    """
    walk = _Walk(state or values, other or values)
    walk.module(network, "network")
    return Reach(walk.digest.hexdigest(), tuple(walk.unreadable))


def kind_only(value: Tensor) -> object:
    """A stand-in for a tensor's values: what kind of tensor it is."""
    return (str(value.dtype), tuple(value.shape))


def version(value: Tensor) -> object:
    """A stand-in that changes whenever the tensor is written to, and is much cheaper than its values.

    torch counts the writes to a tensor, but not those through `.data`; the sum sees these.
    """
    parts = dense(value.detach())
    total = [float(part.sum(dtype=torch.float64)) if not part.is_complex() else str(part.sum()) for part in parts]
    return (id(value), parts[0].data_ptr(), None if value.is_inference() else value._version, total)


class _Walk:
    """One walk; every object is described once, and later by its number, so that circles end."""

    def __init__(self, state: Callable[[Tensor], object], other: Callable[[Tensor], object]) -> None:
        self.digest = hashlib.sha256()
        self.unreadable: list[str] = []
        self._state, self._other = state, other
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []  # an object that is gone would give its id to another one
        self._depth = 0

    def add(self, *parts: object) -> None:
        for part in parts:
            data = part if isinstance(part, bytes) else str(part).encode(errors="surrogatepass")
            self.digest.update(len(data).to_bytes(8, "little"))
            self.digest.update(data)

    def _seen(self, thing: object) -> bool:
        number = self._numbers.get(id(thing))
        if number is not None:
            self.add("again", number)
            return True
        self._numbers[id(thing)] = len(self._numbers)
        self._kept.append(thing)
        return False

    def module(self, module: nn.Module, path: str) -> None:
        if self._seen(module):
            return
        if isinstance(module, torch.jit.ScriptModule):
            self._script(module, path)
            return
        self.add("module")
        self.kind(type(module), path)
        for name in _HOOKS:
            for hook in getattr(module, name).values():
                self.add(name)
                self.value(hook, f"{path}, a hook")
        library = _library(type(module))
        for name, value in sorted(vars(module).items()):
            if name in _OF_EVERY_MODULE or (library and (name.startswith("_") or name in _ORIGIN)):
                continue
            self.add("attribute", name)
            self.value(value, f"{path}.{name}")
        passing = module._non_persistent_buffers_set
        for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
            if tensor is not None:
                self.add("tensor", name, (self._other if name in passing else self._state)(tensor))
        if type(module).get_extra_state is not nn.Module.get_extra_state:
            self.add("extra state")
            self.value(module.get_extra_state(), f"{path}, its extra state")
        for name, child in module._modules.items():  # in their order, which may be that of the forward pass
            self.add("member", name)
            if child is not None:
                self.module(child, f"{path}.{name}")

    def _script(self, module: torch.jit.ScriptModule, path: str) -> None:
        """A scripted or frozen module: its graph, whose constants hold the weights of a frozen one, and its state."""
        self.add("script")
        try:
            graph: Any = module.inlined_graph
        except (RuntimeError, AttributeError):
            self._cannot(path, "a scripted module without a graph")
            return
        # Without the places in source files, and the numbers that torch gives to classes of one name.
        self.add(re.sub(r" # [^\n]*|___torch_mangle_\d+\.?", "", str(graph)))
        for node in graph.findAllNodes("prim::Constant", recurse=True):
            if node.hasAttribute("value") and node.kindOf("value") == "t":
                self.value(node.t("value"), f"{path}, a constant of its graph")
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            self.add("tensor", name)
            self.value(tensor, f"{path}.{name}")

    def kind(self, cls: type, path: str) -> None:
        """A class: by name if a library's, else by its source and that of its bases."""
        library = _library(cls)
        if library:
            self.add(
                "class", library, cls.__qualname__, getattr(cls, "revision", "") if library == "robustcore" else ""
            )
            return
        if self._seen(cls):
            return
        self.add("class", cls.__qualname__)
        for base in cls.__mro__:
            if _library(base):
                self.add(base.__qualname__)
                continue
            for name, member in sorted(vars(base).items()):
                if name in (
                    "__doc__",
                    "__module__",
                    "__dict__",
                    "__weakref__",
                    "__annotations__",
                    "__firstlineno__",
                    "__static_attributes__",
                ):
                    continue
                self.add("member of the class", name)
                self.value(member, f"the class {cls.__qualname__}")

    def value(self, value: object, path: str) -> None:
        """Any value that a forward pass may read."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                self._cannot(path, "it is nested too deeply")
            else:
                self._value(value, path)
        finally:
            self._depth -= 1

    def _value(self, value: object, path: str) -> None:
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes, type(...), slice, range)):
            self.add(type(value).__name__, repr(value))
        elif isinstance(value, (torch.dtype, torch.Size, torch.memory_format, torch.layout, pathlib.PurePath)):
            self.add("value", value)
        elif isinstance(value, torch.device):
            self.add("device")  # a network is the same one wherever it is
        elif isinstance(value, enum.Enum):
            self.add("enum", type(value).__qualname__, value.name)
        elif isinstance(value, Tensor):
            self.add("tensor", self._other(value))
        elif isinstance(value, np.ndarray):
            self._array(value, path)
        elif isinstance(value, np.generic):
            self.add("number", value.dtype, value.tobytes())
        elif isinstance(value, nn.Module):
            self.module(value, path)
        elif isinstance(value, (list, tuple, collections.deque)):
            self._members(type(value), list(value), path)
        elif isinstance(value, Mapping):
            if not self._seen(value):
                self.add("mapping", len(value))
                for key, inner in value.items():
                    self.value(key, path)
                    self.value(inner, f"{path}[{key!r}]")
        elif isinstance(value, (set, frozenset)):
            self.add("set", sorted(map(repr, value)))
        elif isinstance(value, type):
            self.kind(value, path)
        elif isinstance(value, functools.partial):
            self.add("partial")
            for inner in (value.func, value.args, value.keywords):
                self.value(inner, path)
        elif isinstance(value, (types.FunctionType, types.MethodType, staticmethod, classmethod, property)):
            self._function(value, path)
        elif isinstance(value, types.ModuleType):
            self.add("a library", value.__name__)
        elif isinstance(
            value,
            (
                types.BuiltinFunctionType,
                types.MethodDescriptorType,
                types.WrapperDescriptorType,
                types.GetSetDescriptorType,
                types.MemberDescriptorType,
            ),
        ):
            self.add("built in", getattr(value, "__qualname__", repr(value)))
        elif isinstance(value, torch.Generator):
            self.add("generator")
            self.value(value.get_state(), path)
        else:
            self._object(value, path)

    def _array(self, value: np.ndarray[Any, Any], path: str) -> None:
        if value.dtype.hasobject:
            self._members(list, value.ravel().tolist(), path)
        else:
            self.add("array", value.dtype, value.shape, np.ascontiguousarray(value).tobytes())

    def _members(self, kind: type, members: list[object], path: str) -> None:
        if kind is not tuple and self._seen(members):
            return
        self.add("members", kind.__name__, len(members))
        for place, member in enumerate(members):
            self.value(member, f"{path}[{place}]")

    def _function(self, value: Any, path: str) -> None:
        if isinstance(value, types.MethodType):
            self.add("method")
            self._function(value.__func__, path)
            self.value(value.__self__, path)
            return
        if isinstance(value, (staticmethod, classmethod)):
            self.add(type(value).__name__)
            self.value(value.__func__, path)
            return
        if isinstance(value, property):
            for inner in (value.fget, value.fset):
                self.value(inner, path)
            return
        library = _library(value)
        if library:
            self.add("function", library, value.__qualname__)
        elif not self._seen(value):
            self.add("function", value.__name__)
            self._code(value.__code__)
            self.value(value.__defaults__, path)
            self.value(value.__kwdefaults__, path)
            for cell in value.__closure__ or ():
                try:
                    self.value(cell.cell_contents, f"{path}, what its function refers to")
                except ValueError:
                    self.add("empty")
            for name in sorted(_names(value.__code__)):
                if name in value.__globals__:
                    self.add("global", name)
                    self.value(value.__globals__[name], f"{path}, the global {name}")
        # The attributes that somebody hung on a function.
        if getattr(value, "__dict__", None) and not library:
            self.value({k: v for k, v in vars(value).items() if k != "__wrapped__"}, path)

    def _code(self, code: types.CodeType) -> None:
        """A function's instructions. They differ between releases of Python, which only costs a computation."""
        self.add("code", code.co_code, code.co_names, code.co_varnames, code.co_freevars)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant)
            else:
                self.add("constant", repr(constant))

    def _object(self, value: object, path: str) -> None:
        """An object of somebody's class: the class, and what the object holds."""
        if self._seen(value):
            return
        slots = [name for base in type(value).__mro__ for name in _slots(base)]
        if not hasattr(value, "__dict__") and not slots:
            self._cannot(path, f"an object of {type(value).__module__}.{type(value).__qualname__}")
            return
        self.add("object")
        self.kind(type(value), path)
        counts = getattr(type(value), "reaches", None)
        held = {
            **getattr(value, "__dict__", {}),
            **{name: getattr(value, name) for name in slots if hasattr(value, name)},
        }
        library = _library(type(value))
        for name, inner in sorted(held.items()):
            if library and (name.startswith("_") or name in _ORIGIN or (counts and name not in counts)):
                continue
            self.add("attribute", name)
            self.value(inner, f"{path}.{name}")

    def _cannot(self, path: str, why: str) -> None:
        self.add("unreadable")
        self.unreadable.append(f"{path} ({why})")


def _library(thing: Any) -> str:
    """The library that a class or function comes from, or "" where it is somebody's own."""
    top = str(getattr(thing, "__module__", None) or "").partition(".")[0]
    top = {"_collections": "collections", "_functools": "functools"}.get(top, top)
    return top if top in LIBRARIES else ""


def _slots(cls: type) -> Iterable[str]:
    slots = vars(cls).get("__slots__", ())
    return [slots] if isinstance(slots, str) else [s for s in slots if s not in ("__dict__", "__weakref__")]


def _names(code: types.CodeType) -> set[str]:
    """The names that a function and those inside it refer to."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def values(value: Tensor) -> object:
    """A tensor's kind and values, dense or not, on whatever device, as a digest."""
    digest = hashlib.sha256(f"{value.dtype}:{tuple(value.shape)}:{value.layout}".encode())
    if value.is_meta:
        return "meta"
    for part in dense(value.detach()):
        digest.update(part.to("cpu").contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.digest()


def dense(value: Tensor) -> list[Tensor]:
    """Dense tensors that hold what the tensor does."""
    if value.is_quantized:
        if value.qscheme() in (torch.per_channel_affine, torch.per_channel_affine_float_qparams):
            return [value.int_repr(), value.q_per_channel_scales(), value.q_per_channel_zero_points()]
        return [value.int_repr(), torch.tensor([value.q_scale(), float(value.q_zero_point())], dtype=torch.float64)]
    if value.layout is torch.sparse_coo:
        whole = value.coalesce()
        return [whole.indices(), whole.values()]
    if value.layout is not torch.strided:
        return [value.to_dense()]
    return [value]
