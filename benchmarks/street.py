"""Street: painting street scenes with their masks at 96 pixels, on one core, by processor time.

    python -m benchmarks street [--scenes 300]

The textures of the towns are made before, as they are once in every process. Wanted: at least 200 scenes a second.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from robustcore.datasets.scenes.street import StreetScenes

WANTED = 200


def main(arguments: Sequence[str] = ()) -> int:
    """Print the rate of each split; 1 where one is below what is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks street", description=__doc__)
    parser.add_argument("--scenes", type=int, default=300, help="of each split (default: 300)")
    args = parser.parse_args(arguments)
    slow = False
    for split in ("train", "test"):
        scenes = StreetScenes(split, size=args.scenes)
        scenes.pairs(0, len(scenes))  # the same scenes once before: their textures are there
        began = time.process_time()
        scenes.pairs(0, len(scenes))
        rate = len(scenes) / (time.process_time() - began)
        slow |= rate < WANTED
        print(f"{split:6} {rate:7.0f} scenes/s of processor time (wanted: {WANTED})")
    return int(slow)


if __name__ == "__main__":
    raise SystemExit(main())
