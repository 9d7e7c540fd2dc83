"""`robustcore corrupt`: write a dataset under corruptions, as image files in ImageNet-C's layout."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

NAME = "corrupt"
HELP = "Write a corrupted copy of a dataset, in the layout of ImageNet-C."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    add("--dataset", required=True, metavar="NAME|DIR", help="scenes, or a folder of class folders")
    add("--split", default="test", help="train, val or test (default: test)")
    add(
        "--suite",
        nargs="+",
        action="extend",
        metavar="NAME|FILE",
        help="suites, toml files or corruptions (default: imagenet-c)",
    )
    add(
        "--severity",
        nargs="+",
        action="extend",
        type=int,
        choices=range(1, 6),
        metavar="1..5",
        help="severities (default: all)",
    )
    add(
        "--output", type=Path, required=True, metavar="DIR", help="the set's folder; an interrupted one is gone on with"
    )
    add("--seed", type=int, default=0, help="of every random draw (default: 0)")
    add("--limit", type=int, metavar="N", help="the first N images only")
    add("--jpeg", type=int, metavar="QUALITY", help="write JPEG files of this quality instead of PNG, e.g. 85")
    add("--side", type=int, metavar="PIXELS", help="of the images (default: the dataset's own, 224 for folders)")
    add("--resize", type=int, metavar="PIXELS", help="shorter side before the centre is cut out (default: --side)")
    add("--interpolation", choices=("bilinear", "bicubic"), default="bilinear", help="of resizing (default: bilinear)")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")


def run(args: argparse.Namespace) -> int:
    """Write what is missing."""
    from robustcore import corruptions, memory
    from robustcore.datasets import Preparation, load_dataset
    from robustcore.evaluation import corrupted_set, suites
    from robustcore.progress import Bar, duration

    conditions = suites.resolve(args.suite or ["imagenet-c"], args.severity or corruptions.SEVERITIES)
    preparation = None
    if args.resize is not None or args.interpolation != "bilinear":
        side = args.side or 224
        preparation = Preparation(side, args.resize or side, args.interpolation)
    dataset = load_dataset(args.dataset, args.split, side=None if preparation else args.side, preparation=preparation)
    memory.keep()
    began = time.monotonic()
    with Bar() as bar:
        written = corrupted_set.write(
            dataset,
            conditions,
            args.output,
            seed=args.seed,
            limit=args.limit,
            jpeg=args.jpeg,
            device=args.device,
            progress=lambda done, total: bar.update(done, total, f"{done:,}/{total:,} images"),
        )
    print(
        f"{written.written:,} images written, {written.present:,} were there, in {duration(time.monotonic() - began)}."
    )
    print(f"robustcore evaluate --model NAME --dataset {args.dataset} --released {args.output} scores them.")
    return 0
