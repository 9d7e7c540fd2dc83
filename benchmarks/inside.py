"""Looking inside networks: seconds to the first map, seconds of the rest, and memory above an idle process, which shall stay below 1 GiB.

Each network has a process of its own with one thread, as a worker of the dashboard has. "idle" is after the imports; memory is the
resident set, looked at every five milliseconds. The network's own weights count: the second column of memory is without them.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psutil

_NETWORKS = (
    "scenes/resnet-standard",
    "imagenet/efficientnet-lite0",
    "imagenet/efficientnet-lite2",
    "torchvision/resnet50?weights=none",
    "torchvision/vit_b_16?weights=none",
)
_MOST = 1024  # MiB above idle that are aimed at
_CKA_IMAGES = 64


class Memory:
    """The peak of this process's resident set, in MiB."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.peak = self.now
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def now(self) -> float:
        """The resident set at this moment."""
        return float(self._process.memory_info().rss) / (1 << 20)

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, self.now)
            time.sleep(0.005)


def measure(name: str) -> dict[str, object]:
    """All that the pages compute of one network, in this process."""
    import captum.attr  # noqa: F401
    import torch

    import robustcore as rc
    from robustcore import memory as settings
    from robustcore.datasets import load_dataset, photographs
    from robustcore.errors import ModelError
    from robustcore.inside import attacked, attribution, comparison_images, feature_maps, layers, similarity, weights
    from robustcore.reports.preview import gallery

    settings.give_back()
    torch.set_num_threads(1)
    load_dataset("scenes").images(0, 4)
    memory = Memory()
    idle = memory.now
    model = rc.load_model(name)
    loaded = memory.now
    side, card = model.card.side, model.card
    item = photographs.photograph("coffee", side, preparation=card.preparation)
    seconds: dict[str, float] = {}

    def timed(title: str, compute: Callable[[], object]) -> None:
        began = time.perf_counter()
        try:
            compute()
            seconds[title] = time.perf_counter() - began
        except ModelError:  # an untrained transformer's last layer is zero, so that no attack finds a gradient
            seconds[title] = math.nan

    cell = gallery.cells("gaussian_noise")[2]
    met = layers.layers(model)
    timed("first map", lambda: attribution.attribute(model, item.image[None]))
    timed("first map again", lambda: attribution.attribute(model, item.image[None]))
    timed("corrupted map", lambda: attribution.attribute(model, gallery.corrupted(item, [cell])))
    timed("attacked map", lambda: attribution.attribute(model, attacked.attacked(model, item.image, item.id, 4)))
    pair = torch.stack([item.image, gallery.corrupted(item, [cell])[0]])
    chosen = layers.first_and_deep(model, met)
    timed("feature maps", lambda: [feature_maps.feature_maps(model, pair, each) for each in chosen])
    timed("weights", lambda: (weights.histograms([model]), weights.kernels(model)))
    source = comparison_images.source_for(card, card)
    images = comparison_images.images(source, range(_CKA_IMAGES))
    timed(f"CKA, {_CKA_IMAGES} images", lambda: similarity.cka(model, model, images))
    return {"seconds": seconds, "above": memory.peak - idle, "without": memory.peak - loaded}


def main() -> int:
    """A row for each network; 1 where one needs more memory than is aimed at."""
    head, worst = "", 0.0
    for name in _NETWORKS:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "benchmarks.inside", name]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        if not head:
            head = f"{'network':36}" + "".join(f"{title:>17}" for title in found["seconds"])
            print(f"{head}{'MiB above idle':>17}{'without weights':>17}")
        times = "".join(f"{value:15.2f} s" for value in found["seconds"].values())
        print(f"{name:36}{times}{found['above']:17.0f}{found['without']:17.0f}", flush=True)
        worst = max(worst, found["above"])
    print(f"\nAimed at: at most {_MOST} MiB above idle; the most is {worst:.0f}.")
    return int(worst > _MOST)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
