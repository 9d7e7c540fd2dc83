"""The demo zoo: the recipes of the shipped models, and training those that are missing or out of date."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import torch

from robustcore import devices, paths, processes
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
    """A training that continues from the standard model. All have the same budget beyond it, so that their clean accuracies
    are comparable; adversarial training from random weights would take far longer."""
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
        # Fooling images double the training set, so these train for half as many epochs.
        *(_further(resnet, "fooling", epochs=4, rates=rates) for rates in (*_RATES, ",".join(_RATES))),
        _further(resnet, "fooling", rates=",".join(_RATES), clean="without"),
    ]


# Catalogue name -> recipe; each recipe comes after the one that it starts from.
ZOO: dict[str, Recipe] = {recipe.name(): recipe for recipe in _recipes()}


def path_of(name: str) -> Path:
    """The file of a shipped model."""
    return paths.assets() / "models" / f"{name}{checkpoints.SUFFIX}"


def missing() -> list[str]:
    """The models that are missing or were not trained by the current recipe and data, and the models that start from one of
    these, because their starting weights will change."""
    names: list[str] = []
    for name, recipe in ZOO.items():
        if recipe.start in names or not runs.is_made_by(path_of(name), recipe):
            names.append(name)
    return names


def ready(waiting: Collection[str], running: Collection[str]) -> list[str]:
    """The waiting models whose starting model is neither waiting nor running."""
    return [name for name in waiting if ZOO[name].start not in waiting and ZOO[name].start not in running]


def train(
    names: list[str],
    *,
    device: torch.device | str | None = "auto",
    progress: Callable[[dict[str, float]], None] | None = None,
    finished: Callable[[str, dict[str, float], float], None] | None = None,
) -> None:
    """Train models of the zoo: on a CPU one per core with one thread each, on a GPU one after the other.

    An interrupted training continues after its last complete epoch. A model waits for its starting model.

    Args:
        names: keys of ZOO.
        progress: called about once a second with the running models' progress: name -> share.
        finished: called with each model's name, its accuracy by split, and the seconds of its training.

    Raises:
        TrainingError: the first model that could not be trained; running ones are finished first.
    """
    where = devices.pick(device)
    count = 1 if where.type == "cuda" else processes.cores()
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
                        f"{name}: its process was killed, perhaps because memory ran out. Start again; finished models are kept."
                    ) from error
                except TrainingError as error:
                    raise TrainingError(f"{name}: {error}") from error
                if finished is not None:
                    finished(name, accuracy, seconds)
            if progress is not None:
                progress({name: shares.get(name, 0.0) for name in running.values()})


_news: Queue[tuple[str, float]] | None = None


def _begin(news: Queue[tuple[str, float]]) -> None:
    """Set up a process of the pool: one thread, and termination at Ctrl-C, which the parent reports."""
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
