"""Attacks beside torchattacks and foolbox: success, distance and time at equal budgets, on the same images.

The peers are no dependency of the project. They are installed beside it, in an environment of their own that sees ours:

    python3 -m venv peers
    .venv/bin/python -c "import sysconfig, os; print(sysconfig.get_path('purelib'), os.getcwd(), sep='\\n')" \\
        > "$(peers/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/robustcore.pth"
    peers/bin/pip install --no-deps torchattacks==3.5.1 foolbox==3.3.4 eagerpy==0.30.0 gitpython gitdb smmap
    peers/bin/python -m benchmarks attacks

Every row runs ours, torchattacks, foolbox, ours, ... in turn, and gives the median over the rounds of our time divided by
the faster peer's in the same round. All include the forward pass that tells the success. The weights collect no gradients
for any of them. "every step" is ours with early_stop=False: exactly the peers' number of passes. Times are those of the
processor on one thread, which a busy machine disturbs less than the clock on the wall.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.attacks import AttackResult

Outcome = tuple[Tensor, Tensor]  # adversarial images, success


@dataclasses.dataclass(frozen=True)
class Case:
    """One attack at one budget, in the three libraries; None where a library has no equal of it."""

    title: str
    ours: dict[str, Any]
    torchattacks: Callable[[Any, nn.Module], Any] | None
    foolbox: Callable[[Any], Any] | None
    eps: float | None = None
    rounds: int = 5
    largest: int = 224  # images' side, beyond which the case takes too long


EPS, STEP = 2 / 255, 0.5 / 255
EPS_L2, STEP_L2 = 0.25, 0.06

CASES = [
    Case(
        "FGSM",
        {"name": "fgsm", "eps": EPS},
        lambda ta, m: ta.FGSM(m, eps=EPS),
        lambda fa: fa.LinfFastGradientAttack(),
        EPS,
    ),
    *[
        Case(
            f"PGD, {steps} steps",
            {"name": "pgd", "eps": EPS, "steps": steps, "step_size": STEP, "random_start": False},
            lambda ta, m, steps=steps: ta.PGD(m, eps=EPS, alpha=STEP, steps=steps, random_start=False),
            lambda fa, steps=steps: fa.LinfPGD(abs_stepsize=STEP, steps=steps, random_start=False),
            EPS,
            rounds,
        )
        for steps, rounds in ((10, 7), (40, 3))
    ],
    Case(
        "PGD, 10 steps, random start",
        {"name": "pgd", "eps": EPS, "steps": 10, "step_size": STEP},
        lambda ta, m: ta.PGD(m, eps=EPS, alpha=STEP, steps=10),
        lambda fa: fa.LinfPGD(abs_stepsize=STEP, steps=10),
        EPS,
    ),
    Case(
        "PGD-L2, 10 steps",
        {"name": "pgd", "norm": "l2", "eps": EPS_L2, "steps": 10, "step_size": STEP_L2, "random_start": False},
        lambda ta, m: ta.PGDL2(m, eps=EPS_L2, alpha=STEP_L2, steps=10, random_start=False),
        lambda fa: fa.L2PGD(abs_stepsize=STEP_L2, steps=10, random_start=False),
        EPS_L2,
    ),
    Case(
        "MI-FGSM, 10 steps",
        {"name": "mi_fgsm", "eps": EPS, "steps": 10, "step_size": STEP},
        lambda ta, m: ta.MIFGSM(m, eps=EPS, alpha=STEP, steps=10, decay=1.0),
        lambda fa: fa.MIFGSM(momentum=1.0, abs_stepsize=STEP, steps=10, random_start=False),
        EPS,
    ),
    Case(
        "CW-L2, c = 1, 100 steps",
        {"name": "cw", "steps": 100, "binary_search_steps": 1, "initial_const": 1.0},
        lambda ta, m: ta.CW(m, c=1, kappa=0, steps=100, lr=0.01),
        lambda fa: fa.L2CarliniWagnerAttack(binary_search_steps=1, steps=100, initial_const=1.0),
        rounds=3,
        largest=64,
    ),
    Case(
        # The peers end a batch as soon as its loss rises, which it does while Adam still overshoots.
        "CW-L2, c = 1, 100 steps taken by all",
        {"name": "cw", "steps": 100, "binary_search_steps": 1, "initial_const": 1.0, "early_stop": False},
        None,
        lambda fa: fa.L2CarliniWagnerAttack(binary_search_steps=1, steps=100, initial_const=1.0, abort_early=False),
        rounds=3,
        largest=64,
    ),
    *[
        Case(
            f"CW-L2, search over c, 9 x {steps} steps",
            {"name": "cw", "steps": steps, "binary_search_steps": 9},
            None,
            lambda fa, steps=steps: fa.L2CarliniWagnerAttack(binary_search_steps=9, steps=steps),
            rounds=1,
            largest=64,
        )
        for steps in (40, 100)
    ],
    Case(
        "Square Attack, 200 queries",
        {"name": "square", "eps": 4 * EPS, "queries": 200},
        lambda ta, m: ta.Square(m, norm="Linf", eps=4 * EPS, n_queries=200),
        None,
        rounds=1,
        largest=64,
    ),
    Case(
        "HopSkipJump, 5 steps",
        {"name": "hopskipjump", "steps": 5},
        None,
        lambda fa: fa.HopSkipJumpAttack(steps=5),
        rounds=1,
        largest=64,
    ),
]


def models() -> list[tuple[str, nn.Module, Tensor, Tensor]]:
    """Name, model, float images and labels: two demo models, and an untrained ResNet-18 that is asked for its own answers.

    The labels of the demo models' images are the true ones.
    """
    import torchvision

    from robustcore.models.classifier import Card, Classifier

    dataset = rc.load_dataset("scenes")
    images, labels = dataset.images(0, 32).float() / 255, torch.as_tensor(dataset.labels[:32])
    demo_models: list[tuple[str, nn.Module, Tensor, Tensor]] = [
        (name, rc.load_model(name).eval(), images, labels) for name in ("scenes/resnet-standard", "scenes/vgg-standard")
    ]
    torch.manual_seed(0)
    card = Card("resnet18, untrained", tuple(str(i) for i in range(1000)), 224, "none")
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    untrained = Classifier(torchvision.models.resnet18(), card, mean=mean, std=std).eval()
    noise = torch.rand(8, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        answers = untrained(noise).argmax(dim=1)
    return [*demo_models, (card.name, untrained, noise, answers)]


def run(case: Case, model: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Time and judge one case on one model, and print its rows."""
    import foolbox
    import torchattacks

    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1))
    results: list[AttackResult] = []

    def ours(**extra: Any) -> Outcome:
        results.append(rc.attack(model, images, labels, **case.ours, **extra))
        return results[-1].images, results[-1].success

    def with_torchattacks() -> Outcome:
        assert case.torchattacks is not None
        adversarial = case.torchattacks(torchattacks, model)(images, labels)
        with torch.no_grad():
            return adversarial, model(adversarial).argmax(dim=1) != labels

    def with_foolbox() -> Outcome:
        assert case.foolbox is not None
        _, adversarial, success = case.foolbox(foolbox.attacks)(wrapped, images, labels, epsilons=case.eps)
        return adversarial, success

    contenders: dict[str, Callable[[], Outcome]] = {"ours": ours}
    if case.eps is not None:
        contenders["ours, every step"] = lambda: ours(early_stop=False)
    if case.torchattacks is not None:
        contenders["torchattacks"] = with_torchattacks
    if case.foolbox is not None:
        contenders["foolbox"] = with_foolbox
    times: dict[str, list[float]] = {name: [] for name in contenders}
    outcomes: dict[str, Outcome] = {}
    passes: dict[str, str] = {}
    for _ in range(case.rounds):
        for name, contender in contenders.items():
            began = time.process_time()
            outcomes[name] = contender()
            times[name].append(time.process_time() - began)
            if name.startswith("ours"):
                r = results[-1]
                passes[name] = f"{r.forwards.double().mean():6.1f} forward {r.backwards.double().mean():6.1f} backward"
    fastest = [min(times[p][i] for p in times if not p.startswith("ours")) for i in range(case.rounds)]
    print(f"  {case.title}")
    for name, (adversarial, success) in outcomes.items():
        length = torch.linalg.vector_norm(adversarial - images, dim=(1, 2, 3))[success]
        ratio = statistics.median(t / f for t, f in zip(times[name], fastest, strict=True))
        print(
            f"    {name:17s} success {success.double().mean():6.1%}  mean L2 {length.mean():7.4f}"
            f"  {statistics.median(times[name]) / len(images) * 1e3:8.2f} ms an image  x {ratio:5.2f}  {passes.get(name, '')}",
            flush=True,
        )


def main() -> None:
    """Print success, mean L2 norm of the successes, time an image and its ratio to the faster peer's."""
    missing = [name for name in ("torchattacks", "foolbox") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"Skipped: {' and '.join(missing)} not installed. The docstring of benchmarks/attacks.py says how.")
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, model, images, labels in models():
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        with torch.no_grad():
            right = (model(images).argmax(dim=1) == labels).double().mean()
        print(f"{name}, {len(images)} images of {images.shape[-1]} pixels, {right:.1%} right when clean")
        for case in CASES:
            if images.shape[-1] <= case.largest:
                run(case, model, images, labels)
    torch.set_num_threads(threads)
