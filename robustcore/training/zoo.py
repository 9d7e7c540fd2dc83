"""The demo zoo: the models that ship, each as the recipe that trains it, and the training of all that are missing."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import torch

from robustcore import devices, paths
from robustcore.errors import TrainingError
from robustcore.models import checkpoints
from robustcore.training import runs
from robustcore.training.interventions.augmentation.syn_rob import CORRUPTIONS
from robustcore.training.recipe import Recipe

_BOTH = ("mixup", "fgsm", "pgd", "mtlat", "augmix")
_RESNET_ALONE = (
    "fgsm_ll",
    "pgd_ll",
    "label_smoothed",
    "tlat",
    "iat",
    "syn_rob",
    "crop_flip",
    "cutout",
    "cutmix",
    "random_erasing",
    "speckle_noise",
    "stylised",
    "deepaugment",
)
_RATES = ("5", "20", "100")


def _further(architecture: str, intervention: str, epochs: int = 8, **settings: Any) -> Recipe:
    """A training that goes on from the standard model. All of the zoo have the same budget beyond it, so that their clean
    accuracies can be compared; from random weights an attacked batch would need far longer for that."""
    return Recipe(
        architecture,
        intervention=intervention,
        settings=tuple(settings.items()),
        epochs=epochs,
        learning_rate=0.05,
        start=f"{architecture}-standard",
    )


def _recipes() -> list[Recipe]:
    resnet, vgg = "scenes/resnet", "scenes/vgg"
    return [
        Recipe(resnet),
        Recipe(vgg),
        _further(resnet, "standard"),
        _further(vgg, "standard"),
        *(_further(architecture, name) for architecture in (resnet, vgg) for name in _BOTH),
        *(_further(resnet, name) for name in _RESNET_ALONE),
        *(_further(resnet, "syn_rob", without=name) for name in CORRUPTIONS),
        _further(resnet, "augmentation", corruption="gaussian_noise"),  # one of many: see the overlaps for all
        # Fooling images beside the clean ones are twice as many images, and so half as many epochs.
        *(_further(resnet, "fooling", epochs=4, rates=rates) for rates in (*_RATES, ",".join(_RATES))),
        _further(resnet, "fooling", rates=",".join(_RATES), clean="without"),
    ]


# Catalogue name -> recipe; a recipe stands behind the one that it starts from.
ZOO: dict[str, Recipe] = {recipe.name(): recipe for recipe in _recipes()}


def path_of(name: str) -> Path:
    """Where the zoo's model of that name ships."""
    return paths.assets() / "models" / f"{name}{checkpoints.SUFFIX}"


def missing() -> list[str]:
    """The names of those that are not there, or that today's recipe and data did not make; what starts from one of these
    is among them, since it will start from other weights."""
    found: list[str] = []
    for name, recipe in ZOO.items():
        if recipe.start in found or not runs.is_made_by(path_of(name), recipe):
            found.append(name)
    return found


def ready(waiting: Collection[str], running: Collection[str]) -> list[str]:
    """Those that wait for no other: what they start from is neither waiting nor in work."""
    return [name for name in waiting if ZOO[name].start not in waiting and ZOO[name].start not in running]


def train(
    names: list[str],
    *,
    device: torch.device | str | None = "auto",
    progress: Callable[[dict[str, float]], None] | None = None,
    finished: Callable[[str, dict[str, float], float], None] | None = None,
) -> None:
    """Train models of the zoo: on a CPU one in each core, with one thread each; on a GPU one after the other.

    What was interrupted goes on after its last whole epoch. A model waits for the one that it starts from.

    Args:
        names: keys of ZOO.
        progress: told about once a second how far the models in work are: name -> share.
        finished: told each model's name, its accuracy by split, and the seconds of its training.

    Raises:
        TrainingError: of the first model that could not be trained; those in work are finished first.
    """
    where = devices.pick(device)
    count = 1 if where.type == "cuda" else len(os.sched_getaffinity(0))
    context = multiprocessing.get_context("spawn")
    news: Queue[tuple[str, float]] = context.Queue()
    shares: dict[str, float] = {}
    waiting, running = list(names), dict[Future[tuple[dict[str, float], float]], str]()
    with ProcessPoolExecutor(count, context, _begin, (news,)) as pool:
        while waiting or running:
            for name in ready(waiting, running.values())[: count - len(running)]:
                waiting.remove(name)
                running[pool.submit(_fit, name, ZOO[name], path_of(name), str(where))] = name
            ended, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            while not news.empty():
                name, share = news.get()
                shares[name] = share
            for future in ended:
                name = running.pop(future)
                shares.pop(name, None)
                try:
                    accuracy, seconds = future.result()
                except BrokenProcessPool as error:
                    raise TrainingError(
                        f"{name}: its process was ended, perhaps for want of memory. Begin again: what was finished is kept."
                    ) from error
                except TrainingError as error:
                    raise TrainingError(f"{name}: {error}") from error
                if finished is not None:
                    finished(name, accuracy, seconds)
            if progress is not None:
                progress({name: shares.get(name, 0.0) for name in running.values()})


_news: Queue[tuple[str, float]] | None = None


def _begin(news: Queue[tuple[str, float]]) -> None:
    """A process of the pool: one thread, and an end to it at Ctrl-C, which the parent reports."""
    global _news
    _news = news
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _fit(name: str, recipe: Recipe, output: Path, device: str) -> tuple[dict[str, float], float]:
    last = 0.0

    def tell(now: Any) -> None:
        nonlocal last
        share = now.step / now.steps
        if _news is not None and share - last > 0.002:
            last = share
            _news.put((name, share))

    fitted = runs.fit(recipe, output=output, half=True, device=device, progress=tell, resume=True)
    return fitted.accuracy, float(fitted.model.card.recipe["seconds"])
