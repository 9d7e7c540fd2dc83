"""Notes: what has to be said with a number, as fields. The sentence is made from them when somebody reads it.

A kind of note is one function: its parameters are the fields, what it returns is the sentence.

>>> @note
... def too_few_images(model: str, images: int) -> str:
...     return f"{model} was scored on {images} images, too few to rank it."
>>> few = too_few_images("scenes/resnet", 12)
>>> few.kind, few.subject, few["images"]
('too_few_images', 'scenes/resnet', 12)
>>> few.text
'scenes/resnet was scored on 12 images, too few to rank it.'
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from robustcore import plugins
from robustcore.errors import InvalidArgumentError

P = ParamSpec("P")
_sentences: dict[str, Callable[..., str]] = {}


class RobustcoreWarning(UserWarning):
    """Something that a number cannot be read without: it is computed, and this is said with it."""


@dataclasses.dataclass(frozen=True)
class Note:
    """One thing to say.

    Attributes:
        kind: the name of the function that makes the sentence.
        fields: (name, value) pairs, in the order of that function's parameters; values that can be pickled.
        home: the module of that function, so that a note which comes from another process finds its sentence.
    """

    kind: str
    fields: tuple[tuple[str, Any], ...]
    home: str = dataclasses.field(repr=False, compare=False)

    def __getitem__(self, name: str) -> Any:
        """The value of a field."""
        return dict(self.fields)[name]

    @property
    def subject(self) -> Any:
        """What the note is about: the value of its first field, "" where it has none."""
        return self.fields[0][1] if self.fields else ""

    @property
    def text(self) -> str:
        """The sentence; of a kind that is unknown here, as in a file from another release, the fields."""
        if self.kind not in _sentences and self.home.startswith("robustcore."):  # a file may name any module
            with contextlib.suppress(ImportError):
                importlib.import_module(self.home)
        try:
            return _sentences[self.kind](**dict(self.fields))
        except (KeyError, TypeError, ValueError):
            return f"{self.kind.replace('_', ' ')}: {', '.join(f'{name} {value}' for name, value in self.fields)}"

    def text_with(self, names: Mapping[str, str]) -> str:
        """The sentence with names written as people read them, for example "gaussian_noise" as "Gaussian noise".

        Args:
            names: a field's value, or a value in a field that is a tuple -> how it is written.
        """
        fields = {field: _written(value, names) for field, value in self.fields}
        return dataclasses.replace(self, fields=tuple(fields.items())).text

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, where the fields are some."""
        return {"kind": self.kind, "home": self.home, "fields": dict(self.fields)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Note:
        """The inverse of `to_dict`."""
        return cls(table["kind"], tuple(table["fields"].items()), table["home"])


def _written(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_written(each, names) for each in value)
    return names.get(value, value) if isinstance(value, str) else value


def note(sentence: Callable[P, str]) -> Callable[P, Note]:
    """Make a kind of note of a function: called with the fields, it gives a `Note`, whose `text` is what it returns.

    Raises:
        InvalidArgumentError: a plug-in's kind whose name is taken; the message names both places. Inside the package a name that is
            taken is a mistake in the code, and fails as one.
    """
    kind, signature = sentence.__name__, inspect.signature(sentence)
    home = sentence.__module__
    if kind in _sentences and _place(_sentences[kind]) != _place(
        sentence
    ):  # a module that is imported again is the same place
        problem = f"The kind of note {kind!r} of {_place(sentence)} is registered already by {_place(_sentences[kind])}"
        if plugins.from_outside(sentence):
            raise InvalidArgumentError(f"{problem}; give it another name.")
        raise AssertionError(problem)
    if kind not in _sentences:
        plugins.undo_with(functools.partial(_sentences.__delitem__, kind))
    _sentences[kind] = sentence

    @functools.wraps(sentence)
    def make(*args: P.args, **kwargs: P.kwargs) -> Note:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return Note(kind, tuple(bound.arguments.items()), home)

    return make


def _place(sentence: Callable[..., str]) -> str:
    return f"{sentence.__module__}, line {sentence.__code__.co_firstlineno}"


def kinds(notes: list[Note] | tuple[Note, ...]) -> list[str]:
    """The kinds of some notes, each once, in their order: what a test asks for."""
    return list(dict.fromkeys(each.kind for each in notes))
