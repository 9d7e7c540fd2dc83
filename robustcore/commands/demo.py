"""`robustcore demo`: build what ships in `assets/`; what is there and current is left alone."""

from __future__ import annotations

import argparse
import time

NAME = "demo"
HELP = "Train and evaluate the demo models that are missing or out of date."
_WORTH_TELLING = 5.0  # seconds; a part that only looks whether all is there takes less


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")


def run(args: argparse.Namespace) -> int:
    """Train what is missing, on a CPU one model in each core; an interrupted training goes on after its last whole epoch."""
    from robustcore.progress import Bar, duration
    from robustcore.training import zoo

    todo = zoo.missing()
    done = len(zoo.ZOO) - len(todo)
    print(f"{done} of {len(zoo.ZOO)} demo models are there and current.", flush=True)
    with Bar() as bar:

        def show(shares: dict[str, float]) -> None:
            text = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            bar.update(round(100 * (done + sum(shares.values()))), 100 * len(zoo.ZOO), text)

        def report(name: str, accuracy: dict[str, float], seconds: float) -> None:
            nonlocal done
            done += 1
            accuracies = ", ".join(f"{split} {value:.1%}" for split, value in accuracy.items())
            bar.line(f"{name}: {accuracies}; trained in {duration(seconds)}")

        zoo.train(todo, device=args.device, progress=show, finished=report)
    for part in PARTS:
        began = time.monotonic()
        if status := part(args.device):
            return status
        if (seconds := time.monotonic() - began) > _WORTH_TELLING:
            print(f"  in {duration(seconds)}", flush=True)
    return 0


def _evaluate(device: str) -> int:
    """Compute the results that ship; an interrupted evaluation goes on where it stopped."""
    from robustcore import memory
    from robustcore.commands.evaluate import shown_on
    from robustcore.evaluation import demo
    from robustcore.progress import Bar

    memory.keep()
    with Bar() as bar:
        summary = demo.build(device=device, progress=shown_on(bar))
    if summary is None:
        print("The demo results are there and current.")
        return 0
    for reason, count in summary.reasons.items():
        print(f"{count} units failed: {reason}", flush=True)
    if summary.failed:
        return 1
    print(f"{demo.path()}: {summary.total} units, {summary.computed} of them computed now.", flush=True)
    return 0


def _detect(device: str) -> int:
    """Compute how well some models tell known from unknown images; those whose package is missing stay as they ship."""
    from robustcore.models import imagenet
    from robustcore.reports.detection import shipped

    lacking = shipped.missing()
    if not lacking:
        print("The detection of unknown images is there and current.")
        return 0
    absent = set(imagenet.names()) - set(imagenet.available())
    if names := sorted(absent.intersection(lacking)):
        print(
            f"The detection of unknown images is out of date, and {names[0]} is not installed: pip install 'robustcore[imagenet]'"
        )
        return 1
    shipped.build(lambda name: print(f"{name}: detecting unknown images", flush=True))
    print(f"{shipped.path()}: written.", flush=True)
    return 0


def _bins(device: str) -> int:
    """Compute how sure some models were of their shipped answers under corruptions, in bins."""
    from robustcore.commands.evaluate import shown_on
    from robustcore.progress import Bar
    from robustcore.reports.calibration import shipped_bins

    with Bar() as bar:
        differing = shipped_bins.build(device=device, progress=shown_on(bar))
    if differing is None:
        print("The confidences under corruptions are there and current.")
    else:
        print(f"{shipped_bins.path()}: written; {differing} answers differ from the shipped ones.", flush=True)
    return 0


def _judge(device: str) -> int:
    """Judge the claims by what ships, where the shipped verdicts are others."""
    from robustcore.reports import claims
    from robustcore.reports.claims import verdicts

    outdated = verdicts.outdated(part for topic in claims.TOPICS for part in claims.parts(topic))
    for part in outdated:
        print(f"{verdicts.ship(part)}: judged now.", flush=True)
    if not outdated:
        print("The verdicts on claims are there and current.")
    return 0


def _photographs(device: str) -> int:
    """Compute what an ImageNet classifier answers to the photographs that pages show first; without its package nothing."""
    from robustcore.models import imagenet
    from robustcore.progress import Bar
    from robustcore.reports.preview import shipped, shipped_attack

    answers = shipped.is_current()
    if answers and shipped_attack.is_current():
        print("The answers to photographs are there and current.")
        return 0
    if missing := sorted(set(imagenet.names()) - set(imagenet.available())):
        print(
            f"The answers to photographs are out of date, and {missing[0]} is not installed: pip install 'robustcore[imagenet]'"
        )
        return 1
    if not answers:
        with Bar() as bar:
            shipped.build(lambda done, total: bar.update(done, total, f"{done}/{total} photographs"))
        print(f"{shipped.path()}: written.", flush=True)
    if not shipped_attack.is_current():
        shipped_attack.build()
        print(f"{shipped_attack.path()}: written.", flush=True)
    return 0


def _filtration(device: str) -> int:
    """Compute the answers that the page Filtration opens with."""
    from robustcore.evaluation.filtration import shipped
    from robustcore.progress import Bar

    if shipped.is_current():
        print("The answers to crops of scenes are there and current.")
        return 0
    with Bar() as bar:
        shipped.build(lambda done, total: bar.update(done, total, f"{done:,}/{total:,} scenes"))
    print(f"{shipped.path()}: written.", flush=True)
    return 0


def _segmentation(device: str) -> int:
    """Train the networks of street scenes, and measure them."""
    from robustcore.progress import Bar
    from robustcore.reports.segmentation import shipped

    if shipped.is_current():
        print("The segmentation networks and their measurements are there and current.")
        return 0
    with Bar() as bar:
        for name in shipped.missing():
            shipped.train(name, lambda what, done, total, name=name: bar.update(done, total, f"{name}: {what}"))  # type: ignore[misc]
        shipped.build(lambda what, done, total: bar.update(done, total, f"street scenes, {what}: {done}/{total}"))
    print(f"{shipped.path()}: written.", flush=True)
    return 0


def _labels(device: str) -> int:
    """Train and measure what the page Factors shows of several labels an image."""
    from robustcore.progress import Bar
    from robustcore.reports import multilabel

    if multilabel.is_current():
        print("The network of several labels and its measurements are there and current.")
        return 0
    with Bar() as bar:
        multilabel.build(lambda what, done, total: bar.update(done, total, what))
    print(f"{multilabel.path()}: written.", flush=True)
    return 0


def _membership(device: str) -> int:
    """Train and judge what the page Factors shows of set membership."""
    from robustcore.progress import Bar
    from robustcore.reports import membership

    if membership.is_current():
        print("The measurements of set membership are there and current.")
        return 0
    with Bar() as bar:
        membership.build(lambda what, done, total: bar.update(done, total, what))
    print(f"{membership.shipped_path()}: written.", flush=True)
    return 0


# In this order: a part reads what those before it wrote.
PARTS = (_evaluate, _detect, _bins, _photographs, _filtration, _segmentation, _labels, _membership, _judge)
