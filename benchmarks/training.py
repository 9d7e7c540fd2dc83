"""Training: what augmentation costs, as a share of the standard training's speed.

One thread, batches of 64 scenes, the scenes' ResNet in the precision that a training picks. The processor time of a step (forwards,
backwards, no update) is taken in turns with the standard one's, and medians are compared: 0.60 is the least that is
allowed where half of each batch is corrupted. Interventions that run the network more than once are slower by design.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import torch

from robustcore import corruptions, datasets
from robustcore.models import load_model
from robustcore.training import interventions
from robustcore.training.interventions import Intervention, Step
from robustcore.training.loop import pick_precision

BATCH, TURNS = 64, 5
ALLOWED = 0.6
ALBUM = ("album_iso_noise", "album_perspective", "album_random_fog")
MADE_ONCE = ("fooling",)  # their steps are the standard one's; the images are made before the training


def batch() -> Step:
    """One batch of scenes and an untrained network."""
    scenes = datasets.load_dataset("scenes", split="train", limit=BATCH)
    model = load_model(f"scenes/resnet?weights=none&classes={len(scenes.classes)}").train()
    model.to(memory_format=torch.channels_last)
    return Step(
        model,
        scenes.images(0, BATCH),
        torch.as_tensor(scenes.labels),
        torch.as_tensor(scenes.ids),
        epoch=1,
        index=0,
        seed=0,
    )


def seconds(intervention: Intervention, step: Step, precision: str) -> float:
    """Processor time of one step."""
    began = time.process_time()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        outcome = intervention.loss(
            Step(step.model, step.images, step.labels, step.ids, step.epoch, step.index, step.seed)
        )
    outcome.loss.backward()  # type: ignore[no-untyped-call]
    return time.process_time() - began


def ratio(intervention: Intervention, step: Step, precision: str) -> tuple[float, float]:
    """Images a second with it, and its share of the standard training's."""
    standard = interventions.create("standard")
    times: tuple[list[float], list[float]] = ([], [])
    seconds(intervention, step, precision)
    for _ in range(TURNS):
        times[0].append(seconds(standard, step, precision))
        times[1].append(seconds(intervention, step, precision))
    base_time, own_time = (statistics.median(samples) for samples in times)
    return BATCH / own_time, base_time / own_time


def table(title: str, rows: Sequence[tuple[str, Intervention]], step: Step, precision: str) -> None:
    print(f"{title:42} images/s  of standard")
    for label, intervention in rows:
        speed, share = ratio(intervention, step, precision)
        print(
            f"{label:42} {speed:8.0f}  {share:11.2f}"
            + ("  below" if share < ALLOWED and title == "augmentation" else ""),
            flush=True,
        )


def main() -> None:
    torch.set_num_threads(1)
    step, precision = batch(), pick_precision("auto", torch.device("cpu"))
    print(f"{precision}, one thread, batch {BATCH}, 64 pixels")
    suites = [corruptions.names(suite) for suite in ("imagenet-c", "imagenet-c-extra", "laugros")]
    names = [
        *dict.fromkeys(name for suite in suites for name in suite),
        *(n for n in ALBUM if n in corruptions.names()),
    ]
    table(
        "augmentation",
        [(name, interventions.create("augmentation", corruption=name)) for name in names],
        step,
        precision,
    )
    others = [name for name in interventions.names() if name not in ("standard", "augmentation", *MADE_ONCE)]
    table("interventions", [(name, interventions.create(name)) for name in others], step, precision)
