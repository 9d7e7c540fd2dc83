"""`robustcore models`: give files of weights short names, under which every command and page finds them."""

from __future__ import annotations

import argparse
import os

from robustcore.errors import InvalidArgumentError, UnknownNameError

NAME = "models"
HELP = "Add, list, rename or remove models of your own."
# Flags of `add` -> the option of a model's name that says the same.
_OPTIONS = {
    "architecture": ("NAME", "that the weights are of: torchvision/NAME, timm/NAME, scenes/NAME"),
    "classes": ("imagenet|FILE|N", "the classes' names: ImageNet's, or a file with one a line"),
    "weights-from": ("ENTRY", "the entry or prefix in the file that has the weights, where several fit"),
    "keys": ("order", "order: take tensors by order and shape, whatever they are called"),
    "mean": ("R,G,B", "of the normalisation, for pixels from 0 to 1"),
    "std": ("R,G,B", "of the normalisation"),
    "side": ("PIXELS", "of the input"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.set_defaults(action=_list)
    parts = parser.add_subparsers(title="actions", metavar="ACTION")
    add = parts.add_parser("add", help="give a file of weights a name; the file stays where it is")
    add.add_argument("path", metavar="PATH", help="a .safetensors, .pt, .pth or .ckpt file")
    add.add_argument("--name", required=True, help="lite0 makes own/lite0")
    for flag, (value, text) in _OPTIONS.items():
        add.add_argument(f"--{flag}", metavar=value, help=text)
    add.set_defaults(action=_add)
    parts.add_parser("list", help="one line for each (the default)").set_defaults(action=_list)
    rename = parts.add_parser("rename", help="give a model another name")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("other", metavar="OTHER")
    rename.set_defaults(action=_rename)
    remove = parts.add_parser("remove", help="forget a name; the file stays")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(action=_remove)


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    return int(args.action(args) or 0)


def _add(args: argparse.Namespace) -> None:
    from robustcore import models
    from robustcore.models import added

    name = _free(args.name)
    values = {flag: getattr(args, flag.replace("-", "_")) for flag in _OPTIONS}
    options = "&".join(f"{flag.replace('-', '_')}={value}" for flag, value in values.items() if value)
    model = models.relocated(args.path + ("&" if "?" in args.path else "?") * bool(options) + options, _absolute)
    card = models.load_model(model).card  # what does not fit is said now
    added.put(name, model)
    print(
        f"own/{name}: {card.architecture}, {len(card.classes):,} classes such as {card.classes[0]}, input {card.side} pixels"
    )
    print(f"Images: {card.preparation or f'resized to {card.side}, bilinear'}")
    for field, text in (("weights_from", "Weights from"), ("left_out", "Left out")):
        if field in card.recipe:
            print(f"{text}: {card.recipe[field]}")
    print(f"Next: robustcore evaluate --model own/{name} --dataset DIR --suite imagenet-c")


def _list(args: argparse.Namespace) -> None:
    from robustcore.models import added

    entries = added.models()
    for name, entry in entries.items():
        print(f"own/{name}  {entry.model}{'' if os.path.isfile(entry.path) else '  (the file is gone)'}")
    if not entries:
        print("No models were added. 'robustcore models add PATH --name NAME' adds one.")


def _rename(args: argparse.Namespace) -> None:
    from robustcore.models import added

    name, other = added.check_name(args.name), _free(args.other)
    if name not in added.models():
        raise UnknownNameError("added model", name, added.models())
    added.put(other, added.remove(name).model)
    print(f"own/{name} is now own/{other}. Its results stay, under its fingerprint.")


def _remove(args: argparse.Namespace) -> None:
    from robustcore.models import added

    name = added.check_name(args.name)
    print(f"own/{name} is forgotten; the file {added.remove(name).path} stays.")


def _free(name: str) -> str:
    """A name that no model of one's own has."""
    from robustcore.models import added, catalogue

    short = added.check_name(name)
    if catalogue.OWN + short in catalogue.files():
        raise InvalidArgumentError(
            f"The name own/{short} is taken. Choose another one, or free it with robustcore models remove {short}."
        )
    return short


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))
