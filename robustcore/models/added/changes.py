"""Adding, renaming and removing models of one's own: what `robustcore models` and the page Models and data do.

`robustcore.models.added` keeps the list; here a name is checked against the catalogue, and what is added is loaded once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.models import added, catalogue, factories
from robustcore.models.classifier import Card

# What can be said of a file of weights that does not say it itself; `robustcore.models.catalogue` tells what each means.
OPTIONS = ("architecture", "classes", "weights_from", "keys", "mean", "std", "side")


def full_name(model: str, said: Mapping[str, str | None], place: Callable[[str], str] | None = None) -> str:
    """The name by which a model is loaded: its path or name with what is said of it.

    Args:
        model: a path, or a name of the catalogue, perhaps with options already.
        said: option of `OPTIONS` -> value; empty ones are left out.
        place: how a path in it is written; absolute by default.

    Raises:
        InvalidArgumentError: an option or a value that is not allowed.
    """
    options = "&".join(f"{option}={value}" for option, value in said.items() if value)
    joint = "" if not options else "&" if "?" in model else "?"
    return catalogue.ModelName.parse(f"{model}{joint}{options}").relocated(place or _absolute)


def free(name: str) -> str:
    """The name without "own/", where no model of one's own has it.

    Raises:
        InvalidArgumentError: it is no name, or it is taken.
    """
    short = added.check_name(name)
    if catalogue.OWN + short in catalogue.files():
        raise InvalidArgumentError(
            f"The name own/{short} is taken. Choose another one, or free it with robustcore models remove {short}."
        )
    return short


def add(name: str, model: str, load: Callable[[str], Card] | None = None) -> Card:
    """Give a model a short name under which every command and page finds it; it is loaded once, so that what does not fit is said
    now.

    Args:
        name: "lite0" or "own/lite0".
        model: as `full_name` writes it.
        load: loads a model and answers its card; another process may do it.

    Returns:
        Its card, by its new name.

    Raises:
        InvalidArgumentError: the name is no name, or it is taken.
        ModelError, UnknownNameError: the model cannot be loaded.
    """
    short = free(name)
    if factories.parts(catalogue.ModelName.parse(model).base):
        raise InvalidArgumentError(
            "A function of a .py file is code, which is named on a command line each time: --model NAME=FILE.py:FUNCTION. "
            "What is added is read without running code."
        )
    card = (load or loaded)(f"{model}{'&' if '?' in model else '?'}name={catalogue.OWN}{short}")
    added.put(free(short), model)
    return card


def loaded(model: str) -> Card:
    """The card of a model whose weights were read, so that what does not fit has been said."""
    return catalogue.ModelName.parse(model).load().card


def rename(name: str, other: str) -> str:
    """Give a model that was added another name, and return it; its results stay, under its fingerprint.

    Raises:
        UnknownNameError: no model of that name was added.
        InvalidArgumentError: the other name is no name, or it is taken.
    """
    old, new = added.check_name(name), free(other)
    if old not in added.models():
        raise UnknownNameError("added model", old, added.models())
    model = added.models()[old].model
    added.put(new, model)
    added.remove(old)
    return new


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))
