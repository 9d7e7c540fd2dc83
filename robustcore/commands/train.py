"""`robustcore train`: train a model with an intervention, with a progress bar, and say how to use it."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from robustcore.errors import InvalidArgumentError, TrainingError

if TYPE_CHECKING:
    from robustcore.progress import Bar
    from robustcore.training import Progress, Recipe

NAME = "train"
HELP = "Train a model with an intervention and write its checkpoint."
# Of the recipe's flags, those that a segmentation network takes, and what is no flag of a recipe.
_OF_SEGMENTATION = (
    "model",
    "dataset",
    "epochs",
    "seed",
    "batch",
    "learning_rate",
    "limit",
    "device",
    "output",
    "force",
)
_OF_NO_RECIPE = ("task", "cache", "plugin", "debug", "run", "usage")


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags. Those left out take the recipe's defaults."""
    add = parser.add_argument
    add(
        "--model",
        required=True,
        metavar="NAME",
        help="a name of 'robustcore list architectures', such as scenes/resnet or torchvision/resnet18, or timm/NAME",
    )
    add(
        "--task",
        choices=("classification", "segmentation"),
        default="classification",
        help="segmentation takes scenes/encoder-decoder or scenes/autoencoder and scenes/street (default: classification)",
    )
    add(
        "--intervention",
        default="standard",
        metavar="NAME",
        help="default: standard; several are joined in order: deepaugment+augmix, with settings such as augmix.width",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the intervention; may be repeated",
    )
    add(
        "--dataset", default="scenes", metavar="NAME|DIR", help="scenes, or a folder of class folders (default: scenes)"
    )
    add("--epochs", metavar="N", type=int, help="passes through the training images (default: 8)")
    add("--seed", metavar="N", type=int, help="of the weights, the order and all draws (default: 0)")
    add("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    add("--output", type=Path, metavar="FILE", help="checkpoint, .safetensors (default: in the cache, as own/NAME)")
    add("--resume", action="store_true", help="continue this training where it was interrupted")
    add("--detach", action="store_true", help="train in a worker process; 'robustcore jobs' shows how far it is")
    add(
        "--force",
        action="store_true",
        help="train again, and replace a checkpoint or an interrupted training that is there",
    )
    more = parser.add_argument_group("the recipe in detail").add_argument
    more("--batch", metavar="N", type=int, help="images in a step (default: 64)")
    more("--lr", metavar="RATE", type=float, dest="learning_rate", help="greatest learning rate (default: 0.1)")
    more("--optimizer", metavar="NAME", help="sgd or adam (default: sgd)")
    more("--schedule", metavar="NAME", help="one-cycle, steps or plateau (default: one-cycle)")
    more(
        "--milestones",
        metavar="SHARE",
        type=float,
        nargs="+",
        help="of steps: shares of the training after which the rate falls (default: 0.5 0.75)",
    )
    more("--factor", metavar="SHARE", type=float, help="by which steps and plateau multiply the rate (default: 0.1)")
    more(
        "--patience",
        metavar="N",
        type=int,
        help="of plateau: epochs without a better training accuracy before the rate falls (default: 2)",
    )
    more("--stop", metavar="N", type=int, help="end after N epochs without a better validation accuracy")
    more("--momentum", metavar="SHARE", type=float, help="of sgd (default: 0.9)")
    more("--plain-momentum", dest="nesterov", action="store_false", help="plain momentum, not Nesterov's")
    more("--weight-decay", metavar="RATE", type=float, help="on weights only (default: 0.0005)")
    more("--shift", type=int, metavar="PIXELS", help="images are moved by up to this, each way (default: 4)")
    more("--no-flip", dest="flip", action="store_false", help="do not mirror images at random")
    more("--side", type=int, metavar="PIXELS", help="side of the prepared images (default: the dataset's)")
    more("--limit", type=int, metavar="N", help="use only the first N training images")
    more("--start", metavar="NAME|FILE", help="begin with the weights of this model")
    more("--precision", metavar="NAME", default="auto", help="auto, float32 or bfloat16 (default: auto)")
    more("--half", action="store_true", help="write float16 weights, half as large")
    parser.set_defaults(usage=parser)


def run(args: argparse.Namespace) -> int:
    """Train, unless the very same training has been done."""
    if args.task == "segmentation":
        return _segmentation(args)
    from robustcore import models
    from robustcore.datasets import left_out
    from robustcore.progress import Bar, duration
    from robustcore.training import runs

    recipe = recipe_of(args)
    output = args.output or runs.default_output(recipe)
    if output.exists() and not args.force:
        runs.check_free(output, recipe, "choose another --output, or --force")
        print(f"Already trained: {output} (--force trains it again)")
        return 0
    for line in interrupted(recipe, resume=args.resume, force=args.force):
        print(line, file=sys.stderr)
    for note in left_out(runs.training_images(recipe)):
        print(note, file=sys.stderr)
    if args.detach:
        return _detached(args, recipe)
    began = time.monotonic()
    with Bar() as bar:
        fitted = runs.fit(
            recipe,
            output=output,
            half=args.half,
            device=args.device,
            precision=args.precision,
            resume=args.resume,
            progress=shown_on(bar),
            stage=stages_on(bar),
        )
    print(f"Trained {recipe.model} in {duration(time.monotonic() - began)}.")
    defence = recipe.make().defence
    behind = f" behind {defence}" if defence else ""
    for split, accuracy in fitted.accuracy.items():
        print(f"Accuracy on the {split} images{behind}: {accuracy:.1%}")
    if not fitted.accuracy:
        print("The dataset has no validation or test images, so that no accuracy was measured.")
    print(f"Checkpoint: {fitted.path}")
    used = f"{models.name_of(fitted.path)}?defence={defence}" if defence else models.name_of(fitted.path)
    name, data = shlex.quote(used), shlex.quote(recipe.dataset)
    split = " --split val" if fitted.accuracy and "test" not in fitted.accuracy else ""
    print(f"Next: robustcore evaluate --model {name} --dataset {data}{split} --suite imagenet-c")
    return 0


def _detached(args: argparse.Namespace, recipe: Recipe) -> int:
    """Queue the training as a job."""
    from robustcore.evaluation.jobs import jobs
    from robustcore.evaluation.jobs.training_request import TrainingRequest
    from robustcore.training import state as states

    if args.output or args.half or args.precision != "auto":
        raise InvalidArgumentError(
            "A training in a worker process writes its checkpoint to the cache, in the precision of the device: leave out --output, "
            "--half and --precision, or leave out --detach."
        )
    if args.force:
        states.path_of(recipe).unlink(missing_ok=True)  # a job goes on with an interrupted training that it finds
    job = jobs.submit(TrainingRequest(recipe, args.device, replaces=args.force))
    print(f"Job {job} is queued. 'robustcore jobs show {job}' shows how far it is.")
    return 0


def _segmentation(args: argparse.Namespace) -> int:
    """Train a segmentation network, or an autoencoder, and write its file."""
    from robustcore import paths
    from robustcore.progress import Bar, duration
    from robustcore.segmentation import checkpoints, training
    from robustcore.segmentation.data import STREET

    unused = [
        {"flip": "--no-flip", "nesterov": "--plain-momentum"}.get(name, f"--{name.replace('_', '-')}")
        for name, value in vars(args).items()
        if name not in (*_OF_SEGMENTATION, *_OF_NO_RECIPE) and value != args.usage.get_default(name)
    ]
    if unused:
        raise InvalidArgumentError(
            f"A segmentation network is trained without {', '.join(unused)}; leave {'it' if len(unused) == 1 else 'them'} out."
        )
    chosen = {name: getattr(args, name) for name in ("epochs", "seed", "batch", "learning_rate", "limit")}
    recipe = training.Recipe(
        args.model,
        STREET if args.dataset == "scenes" else args.dataset,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    output = (
        args.output or paths.writable_cache("models") / "segmentation" / f"{recipe.name.rpartition('/')[2]}.safetensors"
    )
    if output.exists() and not args.force:
        raise TrainingError(f"{output} is there already; choose another --output, or --force.")
    with Bar() as bar:
        trained = training.train(recipe, device=args.device, progress=stages_on(bar))
    checkpoints.save(trained.network, trained.card, output)
    record = trained.card.record
    print(f"Trained {recipe.model} in {duration(record['seconds'])}.")
    if "val_miou" in record:
        print(f"mIoU on the val images: {record['val_miou']:.1%}")
    else:
        print(f"Mean absolute error on the val images: {record['val_error']:.4f} (pixels in 0 to 1)")
    print(f"Checkpoint: {output}")
    return 0


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The recipe that the flags describe; what they leave out is the recipe's default."""
    from robustcore.training import Recipe, interventions
    from robustcore.training.recipe import FLAGS

    texts = {}
    for pair in args.set:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise InvalidArgumentError(f"--set takes NAME=VALUE, as alpha=0.4, not {pair!r}.")
        texts[key] = value
    settings = interventions.parse(args.intervention, texts)
    fields = {field: getattr(args, field) for field in (*FLAGS, "milestones") if getattr(args, field) is not None}
    flags = {field: getattr(args, field) for field in ("flip", "nesterov")}
    return Recipe(args.model, args.dataset, args.intervention, tuple(settings.items()), **flags, **fields)


def interrupted(recipe: Recipe, *, resume: bool, force: bool) -> list[str]:
    """What is to be said about an interrupted training of the recipe: it is continued or not, and never lost by oversight."""
    from robustcore.training import runs, state

    path = state.path_of(recipe)
    try:
        standing = state.peek(path)
    except TrainingError:
        if resume:
            raise
        standing = None  # a damaged file is no loss
    if standing is None:
        return ["There is no interrupted training of this recipe; one begins."] if resume else []
    done = f"{standing.epochs} of its {recipe.epochs} epochs done"
    if standing.data != runs.training_images(recipe).fingerprint:
        if resume:
            raise TrainingError(
                f"The interrupted training of this recipe, with {done}, cannot be continued: the training images have "
                "changed since. Start again without --resume."
            )
        return []
    if not resume and not force:
        raise TrainingError(
            f"An interrupted training of this recipe is there, with {done}: --resume continues it, --force starts again."
        )
    return []


def shown_on(bar: Bar) -> Callable[[Progress], None]:
    """What a training reports, as the bar's text; where there is no terminal, a line for each epoch."""
    from robustcore.progress import clock

    def show(now: Progress) -> None:
        text = (
            f"epoch {now.epoch}/{now.epochs}  loss {now.loss:.3f}  accuracy {now.accuracy:.1%}  "
            f"{now.images_per_second:,.0f} images/s  {clock(now.seconds_left)} left"
        )
        bar.update(now.step, now.steps, text)
        if now.ends_epoch and not bar.live:
            bar.line(text)

    return show


def stages_on(bar: Bar) -> Callable[[str, int, int], None]:
    """What happens before and after a training, on the bar alone."""
    return lambda what, done, total: bar.update(done, total, what)
