"""`robustcore demo`: build what ships in `assets/`; what is there and current is left alone."""

from __future__ import annotations

import argparse

NAME = "demo"
HELP = "Train and evaluate the demo models that are missing or out of date."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")


def run(args: argparse.Namespace) -> int:
    """Train one after the other; an interrupted training goes on after its last whole epoch."""
    from robustcore.commands.train import shown_on, stages_on
    from robustcore.progress import Bar
    from robustcore.training import runs, zoo

    todo = zoo.missing()
    print(f"{len(zoo.ZOO) - len(todo)} of {len(zoo.ZOO)} demo models are there and current.")
    for name in todo:
        print(f"Training {name}", flush=True)
        with Bar() as bar:
            fitted = runs.fit(
                zoo.ZOO[name],
                output=zoo.path_of(name),
                half=True,
                device=args.device,
                progress=shown_on(bar),
                stage=stages_on(bar),
                resume=True,
            )
        accuracy = ", ".join(f"{split} {value:.1%}" for split, value in fitted.accuracy.items())
        print(f"{fitted.path}: {accuracy}", flush=True)
    return _evaluate(args.device)


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
