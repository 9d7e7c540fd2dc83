"""AutoAttack beside pyautoattack and torchattacks: robust accuracy and time, the same models and images in one run.

The peers are no dependency of the project; they are installed into a folder of their own, which this run sees:

    pip install --no-deps --target peers pyautoattack==0.2.0 torchattacks==3.5.1
    PYTHONPATH=peers .venv/bin/python -m benchmarks autoattack --images 24

All run the version "standard": APGD-CE, APGD-T and FAB-T with 9 classes and 100 steps, Square Attack with 5,000 queries. Where all images fall,
or none, every library agrees with every other; so each model is compared at radii at which a share of its images holds, which
FMN's smallest changes on the same images tell, half of them by default (`--hold 0.25 0.5 0.75`); `--eps` names radii instead, in L-inf in
grey levels of 255. Any demo model is compared on scenes, any other one on the photographs of the package, away from its own answers:

    PYTHONPATH=peers .venv/bin/python -m benchmarks autoattack --models scenes/vgg-mtlat imagenet/efficientnet-lite0 --eps 0.5 1 --images 8
    PYTHONPATH=peers .venv/bin/python -m benchmarks autoattack --norm l2 --images 16

torchattacks takes 10 steps by itself, a weaker and shorter attack; it runs like that too, and with 100. Robust accuracy is
the share of images that the model still classifies correctly, judged anew by the model on what each library gives back; image by
image it says how many one of two breaks and the other does not. Times are those of the processor on one thread, which a busy machine
disturbs less than the clock on the wall.
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
MODELS = ("scenes/resnet-standard", "scenes/vgg-standard", "scenes/resnet-pgd", "scenes/resnet-mtlat")
PHOTOGRAPH_SIDE = 224
POINTS, RATIO = 0.005, 0.8  # what is aimed at: the difference of robust accuracies, and our time over the faster peer's
NAMES = {"linf": "Linf", "l2": "L2"}  # of the norms, as both peers call them


def ours(model: nn.Module, images: Tensor, labels: Tensor, norm: str, eps: float, seed: int) -> Tensor:
    """robustcore's adversarial images."""
    return rc.attack(model, images, labels, "autoattack", norm=norm, eps=eps, seed=seed).images


def pyautoattack(model: nn.Module, images: Tensor, labels: Tensor, norm: str, eps: float, seed: int) -> Tensor:
    """pyautoattack's."""
    from pyautoattack import AutoAttack

    with contextlib.redirect_stdout(io.StringIO()):
        attack = AutoAttack(model, norm=NAMES[norm], eps=eps, version="standard", device="cpu", seed=seed)
        answer = attack.run_standard_evaluation(images, labels, batch_size=len(images))
    return answer[0] if isinstance(answer, tuple) else answer


def torchattacks(
    model: nn.Module, images: Tensor, labels: Tensor, norm: str, eps: float, seed: int, steps: int = 0
) -> Tensor:
    """torchattacks', with so many steps instead of its own."""
    import torchattacks as peer

    classes = model(images[:1]).shape[1]
    attack = peer.AutoAttack(model, norm=NAMES[norm], eps=eps, version="standard", n_classes=classes, seed=seed)
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


def radii(model: nn.Module, images: Tensor, labels: Tensor, norm: str, shares: Sequence[float]) -> list[float]:
    """The radii at which these shares of the images hold against FMN, an upper bound of what holds against AutoAttack."""
    result = rc.attack(model, images, labels, "fmn", norm=norm)
    changes = (result.linf if norm == "linf" else result.l2).where(result.success, torch.inf)
    ordered = torch.cat([torch.zeros(1), changes.sort().values])
    places = [min(len(images) - 1, round((1 - share) * len(images))) for share in shares]
    # Between the smallest change of the last image that falls and that of the first that holds.
    return [float(ordered[place : place + 2].mean()) for place in places]


def run(name: str, eps: Sequence[float], shares: Sequence[float], count: int, seed: int, norm: str) -> None:
    """Print the rows of one model, at given radii or at those where these shares of the images hold."""
    model = rc.load_model(name).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    images, labels = _data(name, model, count)
    for radius in eps or radii(model, images, labels, norm, shares):
        _compare(name, model, images, labels, norm, radius, seed)


def _compare(name: str, model: nn.Module, images: Tensor, labels: Tensor, norm: str, eps: float, seed: int) -> None:
    clean = float(_right(model, images, labels).double().mean())
    print(f"{name}, {len(images)} images, {_written(eps, norm)}, {clean:.1%} right when clean", flush=True)
    holds: dict[str, Tensor] = {}
    spent: dict[str, float] = {}
    for contender, attack in CONTENDERS.items():
        began = time.process_time()
        adversarial = attack(model, images.clone(), labels.clone(), norm, eps, seed)
        spent[contender] = time.process_time() - began
        holds[contender] = _right(model, adversarial, labels)
        change = (adversarial - images).flatten(1)
        furthest = float((change.abs().amax(dim=1) if norm == "linf" else change.norm(dim=1)).max())
        alone = int((holds[contender] & ~holds["ours"]).sum()), int((holds["ours"] & ~holds[contender]).sum())
        paired = "" if contender == "ours" else f"  broken by ours alone {alone[0]}, by it alone {alone[1]}"
        print(
            f"  {contender:23s} robust {float(holds[contender].double().mean()):6.1%}  {spent[contender]:8.1f} s  "
            f"furthest {_written(furthest, norm)}{paired}",
            flush=True,
        )
    robust = {contender: float(each.double().mean()) for contender, each in holds.items()}
    strongest = min(robust[peer] for peer in CONTENDERS if peer != "ours")
    faster = min(spent[peer] for peer in PUBLISHED)
    print(
        f"  ours against the stronger peer {100 * (robust['ours'] - strongest):+.1f} points (aim: at most {100 * POINTS:+.1f}), "
        f"against the faster one with the published settings x {spent['ours'] / faster:.2f} of the time (aim: {RATIO})\n",
        flush=True,
    )


def _right(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """(n,) which images the model classifies correctly."""
    with torch.no_grad():
        return model(images).argmax(dim=1) == labels


def _written(radius: float, norm: str) -> str:
    return f"{255 * radius:.3f}/255" if norm == "linf" else f"{radius:.3f} in L2"


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
    """Print robust accuracy, time and the greatest change of each, model by model and radius by radius."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks autoattack", description=__doc__)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--models", nargs="+", default=list(MODELS), metavar="NAME")
    parser.add_argument("--norm", choices=tuple(NAMES), default="linf")
    parser.add_argument(
        "--hold",
        nargs="+",
        type=float,
        default=[0.5],
        metavar="SHARE",
        help="of the images at the radii (default: 0.5)",
    )
    parser.add_argument(
        "--eps", nargs="+", type=float, default=[], metavar="N", help="radii instead: N/255 in L-inf, N in L2"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(list(arguments))
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing:
        print(f"Skipped: {' and '.join(missing)} not installed. The docstring of benchmarks/autoattack.py says how.")
        return
    eps = [radius / 255 if options.norm == "linf" else radius for radius in options.eps]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name in options.models:
        run(name, eps, options.hold, options.images, options.seed, options.norm)
    torch.set_num_threads(threads)
