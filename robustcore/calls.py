"""Calls as values: one `Call` both runs a function and prints itself as the Python that runs it."""

from __future__ import annotations

import abc
import ast
import copy
import functools
import itertools
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pprint import pformat
from typing import Any, TypeVar

from robustcore import plugins

_WIDTH = 110
_N = TypeVar("_N", bound="Node")


class Node(abc.ABC):
    """Something that has a value, and an expression in Python for it.

    Attributes:
        name: of the variable that the printed Python keeps the value in; "" for an expression inside another.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._supplier: Callable[[], Any] | None = None

    def supplied_by(self: _N, supplier: Callable[[], Any]) -> _N:
        """The same, with a value that comes from a cache or was computed before."""
        node = copy.copy(self)
        node._supplier = supplier
        return node

    @functools.cached_property
    def value(self) -> Any:
        """The value; computed, or supplied, once."""
        return self.compute() if self._supplier is None else self._supplier()

    @abc.abstractmethod
    def compute(self) -> Any:
        """Compute the value, supplied or not."""

    @abc.abstractmethod
    def needs(self) -> Iterator[Node]:
        """What has to be computed first."""

    @abc.abstractmethod
    def text(self) -> str:
        """The expression."""

    def imports(self) -> list[str]:
        """The import statements that the printed Python needs, sorted."""
        modules = {_module(node.function) for node in _in_order(self) if isinstance(node, Call)} - {""}
        public = ["import robustcore as rc"] if "rc" in modules else []
        packages: dict[str, list[str]] = {}
        for module in sorted(modules - {"rc"}):
            package, _, name = module.rpartition(".")
            packages.setdefault(package, []).append(name)
        lines = (f"from {p} import {', '.join(n)}" if p else f"import {', '.join(n)}" for p, n in packages.items())
        return [*public, *lines]

    def assignments(self) -> list[str]:
        """The lines that compute all named values that are needed, and this one if it has a name."""
        lines: dict[str, str] = {}
        for node in _in_order(self):
            if node.name:
                line = f"{node.name} = {node.text()}"
                assert lines.setdefault(node.name, line) == line, f"two values are named {node.name}"
        return list(lines.values())

    def preamble(self, names: Iterable[str] = (), imports: Iterable[str] = ()) -> list[str]:
        """The lines before the assignments: the imports, and the loading of the plug-ins that the value needs.

        Args:
            names: of what the value needs and no argument names, such as the corruptions of a suite.
            imports: further import statements.
        """
        calls = [node for node in _in_order(self) if isinstance(node, Call)]
        texts = (_texts([*call.arguments, *call.keywords.values()]) for call in calls)
        needed = plugins.needed_by({*names, *itertools.chain.from_iterable(texts)})
        lines = {*imports, *self.imports()}
        if not needed:
            return [*sorted(lines, key=_standard_first), ""]
        lines.add("from robustcore import extending")
        return [*sorted(lines, key=_standard_first), "", f"extending.load({', '.join(map(repr, needed))})", ""]

    def python(self) -> str:
        """A script that computes the value from nothing."""
        end = [] if self.name else [self.text()]
        return "\n".join([*self.preamble(), *self.assignments(), *end]) + "\n"


class Variable(Node):
    """A value that the lines before the printed ones define; it is held here for running."""

    def __init__(self, variable: str, value: Any = None) -> None:
        super().__init__()
        self._variable, self._held = variable, value

    def compute(self) -> Any:
        return self._held

    def needs(self) -> Iterator[Node]:
        return iter(())

    def text(self) -> str:
        return self._variable


class Attribute(Node):
    """An attribute of a value, with dots for attributes of attributes."""

    def __init__(self, of: Node, path: str, *, name: str = "") -> None:
        super().__init__(name)
        self._of, self._path = of, path

    def compute(self) -> Any:
        return operator.attrgetter(self._path)(self._of.value)

    def needs(self) -> Iterator[Node]:
        yield self._of

    def text(self) -> str:
        return f"{_expression(self._of)}.{self._path}"


class Item(Node):
    """One item of a sequence."""

    def __init__(self, of: Node, index: int, *, name: str = "") -> None:
        super().__init__(name)
        self._of, self._index = of, index

    def compute(self) -> Any:
        return self._of.value[self._index]

    def needs(self) -> Iterator[Node]:
        yield self._of

    def text(self) -> str:
        return f"{_expression(self._of)}[{self._index}]"


class Call(Node):
    """A function with its arguments: literals, other nodes, or lists, tuples and dicts of those.

    >>> call = Call(len, [1, 2, 3], name="length")
    >>> call.value, call.assignments()
    (3, ['length = len([1, 2, 3])'])

    Args:
        function: a function or a class of a module, or an `Attribute` that is a method.
        arguments, keywords: of the function.
        name: see `Node`.
    """

    def __init__(
        self, function: Callable[..., Any] | Attribute, *arguments: Any, name: str = "", **keywords: Any
    ) -> None:
        super().__init__(name)
        self.function, self.arguments, self.keywords = function, arguments, keywords

    def compute(self) -> Any:
        function = self.function.value if isinstance(self.function, Attribute) else self.function
        return function(*map(_value, self.arguments), **{key: _value(each) for key, each in self.keywords.items()})

    def needs(self) -> Iterator[Node]:
        yield from _nodes((self.function, *self.arguments, *self.keywords.values()))

    def text(self) -> str:
        function = _expression(self.function) if isinstance(self.function, Attribute) else _name(self.function)
        arguments = [*map(_expression, self.arguments), *(f"{k}={_expression(v)}" for k, v in self.keywords.items())]
        line = f"{function}({', '.join(arguments)})"
        if len(line) + len(self.name) <= _WIDTH and "\n" not in line:
            return line
        return f"{function}(\n" + "".join("    " + a.replace("\n", "\n    ") + ",\n" for a in arguments) + ")"


def _in_order(node: Node) -> list[Node]:
    """A node after all that it needs, each once."""
    seen: dict[int, Node] = {}

    def visit(each: Node) -> None:
        if id(each) not in seen:
            for needed in each.needs():
                visit(needed)
            seen[id(each)] = each

    visit(node)
    return list(seen.values())


def _standard_first(statement: str) -> tuple[bool, bool, str]:
    """The order of import statements: those of the standard library, then "import robustcore as rc", then the others."""
    return "robustcore" in statement, not statement.startswith("import "), statement


def _texts(argument: Any) -> Iterator[str]:
    """All texts in an argument; nodes in it have arguments of their own."""
    if isinstance(argument, str):
        yield argument
    elif isinstance(argument, Mapping):
        yield from _texts([*argument, *argument.values()])
    elif isinstance(argument, (list, tuple)):
        for each in argument:
            yield from _texts(each)


def _nodes(argument: Any) -> Iterator[Node]:
    """The nodes that an argument is, or has in it."""
    if isinstance(argument, Node):
        yield argument
    elif isinstance(argument, Mapping):
        yield from _nodes(list(argument.values()))
    elif isinstance(argument, (list, tuple)):
        for each in argument:
            yield from _nodes(each)


def _value(argument: Any) -> Any:
    if isinstance(argument, Node):
        return argument.value
    if isinstance(argument, Mapping):
        return {key: _value(each) for key, each in argument.items()}
    if isinstance(argument, (list, tuple)):
        return type(argument)(map(_value, argument))
    return argument


def _expression(argument: Any) -> str:
    """An argument as Python, named nodes as their variables."""
    if isinstance(argument, Node):
        return argument.name or argument.text()
    if next(_nodes(argument), None) is None:
        return _literal(argument)
    if isinstance(argument, Mapping):
        return "{" + ", ".join(f"{_literal(key)}: {_expression(each)}" for key, each in argument.items()) + "}"
    inside = ", ".join(map(_expression, argument))
    if isinstance(argument, list):
        return f"[{inside}]"
    return f"({inside},)" if len(argument) == 1 else f"({inside})"


def _literal(value: Any) -> str:
    if hasattr(value, "item"):  # a number of numpy's
        value = value.item()
    text = pformat(value, width=_WIDTH - 10, compact=True, sort_dicts=False)
    ast.literal_eval(text)  # of anything else the printed text would not be Python
    return text


def _module(function: Any) -> str:
    """What a function is imported from: "rc" for robustcore's public names, "" for built-in ones and methods, else its module,
    or the package that shows it if that is private."""
    if isinstance(function, Attribute) or function.__module__ == "builtins":
        return ""
    public = sys.modules.get("robustcore")
    if function.__name__ in getattr(public, "__all__", ()) and getattr(public, function.__name__) is function:
        return "rc"
    module = str(function.__module__)
    while module.rpartition(".")[2].startswith("_"):
        module = module.rpartition(".")[0]
    return module


def _name(function: Callable[..., Any]) -> str:
    module = _module(function).rpartition(".")[2]
    return f"{module}.{function.__name__}" if module else function.__name__
