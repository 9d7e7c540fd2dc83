"""`robustcore datasets`: keep folders of images in the lists of data that every page offers."""

from __future__ import annotations

import argparse

NAME = "datasets"
HELP = "Add, list or remove folders of your own images."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.set_defaults(action=_list)
    parts = parser.add_subparsers(title="actions", metavar="ACTION")
    add = parts.add_parser("add", help="offer a folder, or a file that lists images, on every page")
    add.add_argument("path", metavar="PATH", help="it stays where it is; see docs/your-own.md for the layouts")
    add.set_defaults(action=_add)
    parts.add_parser("list", help="one line for each (the default)").set_defaults(action=_list)
    remove = parts.add_parser("remove", help="take it off the lists; images and results stay")
    remove.add_argument("path", metavar="PATH")
    remove.set_defaults(action=_remove)


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    return int(args.action(args) or 0)


def _add(args: argparse.Namespace) -> None:
    import os
    import shlex
    from pathlib import Path

    from robustcore.datasets import added, class_folders, left_out, load_dataset
    from robustcore.paths import printable

    folder = Path(os.path.abspath(os.path.expanduser(args.path)))
    splits = class_folders.splits_of(folder)
    # Loaded before it is added: what cannot be understood is refused with the reason.
    split = next((name for name in ("test", "val", *splits) if name in splits), "")
    images = load_dataset(folder, split=split) if split else load_dataset(folder)
    path = printable(added.add(str(folder)))
    what = f"{len(images.classes):,} classes" if len(images.classes) else "no labels"
    print(f"{path}: {len(images):,} images, {what}{', split ' + split if split else ''}")
    for note in left_out(images):
        print(note)
    if len(splits) > 1:
        print(f"Splits: {', '.join(splits)}")
    chosen = f" --split {split}" if split not in ("", "test") else ""
    print(f"Next: robustcore evaluate --model MODEL --dataset {shlex.quote(path)}{chosen} --suite imagenet-c")


def _list(args: argparse.Namespace) -> None:
    import os

    from robustcore.datasets import added
    from robustcore.paths import printable

    folders = added.folders()
    for folder in folders:
        print(f"{printable(folder)}{'' if os.path.exists(folder) else '  (it is gone)'}")
    if not folders:
        print("No folders were added. 'robustcore datasets add PATH' adds one.")


def _remove(args: argparse.Namespace) -> None:
    from robustcore.datasets import added
    from robustcore.paths import printable

    print(f"{printable(added.remove(args.path))} is off the lists; its images and results stay.")
