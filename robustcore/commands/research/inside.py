"""`robustcore inside`: where models look in an image, clean and corrupted, and how alike they are, as one HTML file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from robustcore.commands import _arguments

if TYPE_CHECKING:
    from robustcore.datasets import Item
    from robustcore.figures.inside.galleries import Galleries
    from robustcore.models import Classifier

NAME = "inside"
HELP = (
    "Show where one or two models look in an image, how alike they are, and images worth looking at, as one HTML file."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    _arguments.add_models(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--image", type=Path, metavar="FILE", help="an image file")
    which.add_argument(
        "--photograph", metavar="NAME", help="one that comes with scikit-image or scikit-learn, e.g. coffee"
    )
    which.add_argument(
        "--scene", type=int, metavar="N", help="a test image of scenes (default: 0 for models of scenes)"
    )
    add("--corruption", default="gaussian_noise", metavar="NAME", help="(default: gaussian_noise)")
    add("--severity", type=int, default=3, choices=range(1, 6), metavar="1..5", help="of the corruption (default: 3)")
    add("--seed", type=int, default=0, help="of its draws (default: 0)")
    add("--layer", metavar="NAME", help="whose maps Grad-CAM draws (default: the last that the answer depends on)")
    add("--own-answer", action="store_true", help="explain each image's own answer (default: that to the clean image)")
    add("--attack", type=float, default=0, metavar="EPS", help="show it attacked too: PGD, L-inf, EPS in 1/255")
    add(
        "--compare-on", type=int, default=256, metavar="N", help="images to compare layers on; 0: do not (default: 256)"
    )
    add(
        "--images-of",
        default="",
        metavar="NAME|DIR|none",
        help="add images worth looking at, from results on these (default: scenes or photographs, as the model knows them)",
    )
    add("--split", default="test", help="of these images (default: test)")
    add("--suite", default="imagenet-c", metavar="NAME|FILE", help="of these results (default: imagenet-c)")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    _arguments.add_output(parser, "inside.html")


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    from robustcore import models
    from robustcore.errors import InvalidArgumentError
    from robustcore.figures.inside import document
    from robustcore.progress import Bar
    from robustcore.reports.preview import gallery

    if args.compare_on < 0 or 0 < args.compare_on < 4:
        raise InvalidArgumentError(f"--compare-on is 0, or 4 images or more, not {args.compare_on}.")
    if not 0 <= args.attack <= 255:
        raise InvalidArgumentError(f"--attack is a radius in 1/255 from 0 to 255, not {args.attack:g}.")
    cells = gallery.cells(args.corruption, args.seed)
    networks = [models.load_model(name, args.device) for name in dict.fromkeys(args.model)]
    item = _item(args, networks[0])
    with Bar() as bar:
        content = document.write(
            networks,
            item,
            cells[min(args.severity, len(cells)) - 1],
            layer=args.layer,
            own_answer=args.own_answer,
            radius=args.attack,
            worth_seeing=_worth_seeing(args, networks),
            compared_on=args.compare_on,
            progress=lambda done, total, what: bar.update(done, total, f"{done}/{total} {what}"),
        )
    _arguments.write(args.output, content)
    print(f"{args.output}: written.")
    return 0


def _worth_seeing(args: argparse.Namespace, networks: Sequence[Classifier]) -> Galleries | None:
    """Images chosen from stored answers; None where they are not wanted."""
    from robustcore.datasets import load_dataset
    from robustcore.evaluation import Subject
    from robustcore.figures.inside.galleries import galleries

    if args.images_of == "none":
        return None
    usual = "scenes" if networks[0].card.dataset == "scenes" else "photographs"
    subjects = [
        Subject(each.card.name, each.fingerprint(), tuple(each.card.classes), each.card.own_preparation)
        for each in networks
    ]
    images = load_dataset(args.images_of or usual, split=args.split)
    by_name = {each.card.name: each for each in networks}
    return galleries(subjects, images, args.suite, seed=args.seed, networks=by_name)


def _item(args: argparse.Namespace, model: Classifier) -> Item:
    """The image that is looked at, prepared as the first model wants it."""
    from robustcore.datasets import Item, load_dataset, photographs
    from robustcore.errors import ImageError, InvalidArgumentError

    card = model.card
    if args.image is not None:
        try:
            data = args.image.expanduser().read_bytes()
        except OSError as error:
            raise ImageError(f"The image {args.image} cannot be read ({error.strerror or error}).") from error
        return photographs.upload(data, args.image.name, card.side, preparation=card.preparation)
    if args.photograph is not None or (args.scene is None and card.dataset != "scenes"):
        name = args.photograph or photographs.names()[0]
        return photographs.photograph(name, card.side, preparation=card.preparation)
    dataset, number = load_dataset("scenes", split="test"), args.scene or 0
    if not 0 <= number < len(dataset):
        raise InvalidArgumentError(f"--scene is 0 to {len(dataset) - 1}, not {number}.")
    image, label = dataset[number]
    return Item(f"test image {number} of scenes", image, int(dataset.ids[number]), label, dataset=dataset.name)
