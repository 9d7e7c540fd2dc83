"""`robustcore models`: give files of weights short names, under which every command and page finds them."""

from __future__ import annotations

import argparse

NAME = "models"
HELP = "Add, list, rename or remove models of your own."
# Flags of `add`: each is an option of a model's name.
_FLAGS = {
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
    add = parts.add_parser("add", help="give a file of weights, or a published model, a name of your own")
    add.add_argument(
        "path",
        metavar="PATH|NAME",
        help="a file of weights, which stays where it is; or a name such as timm/resnet50.a1_in1k",
    )
    add.add_argument("--name", required=True, help="lite0 makes own/lite0")
    for flag, (value, text) in _FLAGS.items():
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
    from robustcore.models.added import changes

    name = changes.free(args.name)
    options = {option: getattr(args, option) for option in changes.OPTIONS}
    card = changes.add(name, changes.full_name(args.path, options))
    print(
        f"own/{name}: {card.architecture}, {len(card.classes):,} classes such as {card.classes[0]}, input {card.side} pixels"
    )
    print(f"Images: {card.own_preparation}")
    for field, text in (("weights_from", "Weights from"), ("left_out", "Left out")):
        if field in card.recipe:
            print(f"{text}: {card.recipe[field]}")
    print(f"Next: robustcore evaluate --model own/{name} --dataset DIR --suite imagenet-c")


def _list(args: argparse.Namespace) -> None:
    from robustcore.models import added

    entries = added.models()
    for name, entry in entries.items():
        print(f"own/{name}  {entry.model}{'' if entry.is_here else '  (the file is gone)'}")
    if not entries:
        print("No models were added. 'robustcore models add PATH --name NAME' adds one.")


def _rename(args: argparse.Namespace) -> None:
    from robustcore.models import added
    from robustcore.models.added import changes

    old = added.check_name(args.name)
    print(f"own/{old} is now own/{changes.rename(old, args.other)}. Its results stay, under its fingerprint.")


def _remove(args: argparse.Namespace) -> None:
    from robustcore.models import added

    name = added.check_name(args.name)
    print(f"own/{name} is forgotten; the file {added.remove(name).path} stays.")
