"""AutoAttack beside pyautoattack and torchattacks: robust accuracy and time, the same models and images in one run.

The peers are no dependency of the project; they are installed into a folder of their own, which this run sees:

    pip install --no-deps --target peers pyautoattack==0.2.0 torchattacks==3.5.1
    PYTHONPATH=peers .venv/bin/python -m benchmarks autoattack --images 24

All run the version "standard" in L-inf: APGD-CE, APGD-T and FAB-T with 9 classes and 100 steps, Square Attack with 5,000 queries.
Any demo model is compared on scenes, any other one on the photographs of the package, away from its own answers:

    PYTHONPATH=peers .venv/bin/python -m benchmarks autoattack --models scenes/vgg-mtlat imagenet/efficientnet-lite0 --eps 1 --images 8

torchattacks takes 10 steps by itself, a weaker and shorter attack; it runs like that too, and with 100. Robust accuracy is
the share of images that the model still classifies correctly, judged anew by the model on what each library gives back. Times are
those of the processor on one thread, which a busy machine disturbs less than the clock on the wall.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.util
import io
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

import robustcore as rc

PEERS = ("pyautoattack", "torchattacks")
MODELS = ("scenes/resnet-standard", "scenes/resnet-pgd")
EPS = {
    "standard": 2.0,
    "pgd": 4.0,
    "mtlat": 4.0,
}  # of 255, by a demo model's training: where some images hold and some fall
OTHER_EPS = 1.0
PHOTOGRAPH_SIDE = 224
POINTS, RATIO = 0.005, 0.8  # what is aimed at: the difference of robust accuracies, and our time over the faster peer's


def ours(model: nn.Module, images: Tensor, labels: Tensor, eps: float, seed: int) -> Tensor:
    """robustcore's adversarial images."""
    return rc.attack(model, images, labels, "autoattack", eps=eps, seed=seed).images


def pyautoattack(model: nn.Module, images: Tensor, labels: Tensor, eps: float, seed: int) -> Tensor:
    """pyautoattack's."""
    from pyautoattack import AutoAttack

    with contextlib.redirect_stdout(io.StringIO()):
        attack = AutoAttack(model, norm="Linf", eps=eps, version="standard", device="cpu", seed=seed)
        answer = attack.run_standard_evaluation(images, labels, batch_size=len(images))
    return answer[0] if isinstance(answer, tuple) else answer


def torchattacks(model: nn.Module, images: Tensor, labels: Tensor, eps: float, seed: int, steps: int = 0) -> Tensor:
    """torchattacks', with so many steps instead of its own."""
    import torchattacks as peer

    classes = model(images[:1]).shape[1]
    attack = peer.AutoAttack(model, norm="Linf", eps=eps, version="standard", n_classes=classes, seed=seed)
    for part in attack._autoattack.attacks:
        if steps and hasattr(part, "steps"):
            part.steps = steps
    adversarial: Tensor = attack(images, labels)
    return adversarial.detach()


CONTENDERS: dict[str, Callable[..., Tensor]] = {
    "ours": ours,
    "pyautoattack": pyautoattack,
    "torchattacks, 100 steps": functools.partial(torchattacks, steps=100),
    "torchattacks": torchattacks,
}
PUBLISHED = ("pyautoattack", "torchattacks, 100 steps")  # those with the published settings


def run(name: str, eps: float, count: int, seed: int) -> None:
    """Print the rows of one model."""
    model = rc.load_model(name).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    images, labels = _data(name, model, count)
    count = len(images)
    with torch.no_grad():
        clean = float((model(images).argmax(dim=1) == labels).double().mean())
    print(f"{name}, {count} images, eps {255 * eps:g}/255, {clean:.1%} right when clean", flush=True)
    rows: dict[str, tuple[float, float]] = {}
    for contender, attack in CONTENDERS.items():
        began = time.process_time()
        adversarial = attack(model, images.clone(), labels.clone(), eps, seed)
        seconds = time.process_time() - began
        with torch.no_grad():
            robust = float((model(adversarial).argmax(dim=1) == labels).double().mean())
        furthest = float((adversarial - images).abs().max())
        rows[contender] = robust, seconds
        print(f"  {contender:23s} robust {robust:6.1%}  {seconds:8.1f} s  L-inf {255 * furthest:.3f}/255", flush=True)
    faster = min(rows[peer][1] for peer in PUBLISHED)
    lowest = min(rows[peer][0] for peer in CONTENDERS if peer != "ours")
    robust, seconds = rows["ours"]
    print(
        f"  ours against the stronger peer {100 * (robust - lowest):+.1f} points (aim: at most {100 * POINTS:+.1f}), "
        f"against the faster one with the published settings x {seconds / faster:.2f} of the time (aim: {RATIO})\n",
        flush=True,
    )


def _data(name: str, model: nn.Module, count: int) -> tuple[Tensor, Tensor]:
    """(n, 3, H, W) in [0, 1] and (n,) labels: test scenes for a model of them, else photographs with the model's own answers."""
    if name.startswith("scenes/"):
        dataset = rc.load_dataset("scenes")
        return dataset.images(0, count).float() / 255, torch.as_tensor(dataset.labels[:count])
    photographs = rc.load_dataset("photographs", side=PHOTOGRAPH_SIDE)
    images = photographs.images(0, min(count, len(photographs))).float() / 255
    with torch.no_grad():
        return images, model(images).argmax(dim=1)


def main(arguments: Sequence[str] = ()) -> None:
    """Print robust accuracy, time and the greatest change of each, model by model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks autoattack", description=__doc__)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--models", nargs="+", default=list(MODELS), metavar="NAME")
    parser.add_argument("--eps", type=float, metavar="N", help="N/255 in L-inf; by default by the model's training")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(list(arguments))
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing:
        print(f"Skipped: {' and '.join(missing)} not installed. The docstring of benchmarks/autoattack.py says how.")
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name in options.models:
        eps = EPS.get(name.rpartition("-")[2], OTHER_EPS) if options.eps is None else options.eps
        run(name, eps / 255, options.images, options.seed)
    torch.set_num_threads(threads)
