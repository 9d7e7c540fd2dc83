"""The peer's side of the speed benchmark: runs in an environment with imagecorruptions and without robustcore.

    python -m venv peer && peer/bin/pip install "numpy<2" "setuptools<81" imagecorruptions scikit-image opencv-python-headless

Reads "NAME SEVERITY COUNT" lines, corrupts the image in a .npy file that many times, and prints the processor time of every
call in seconds.
"""

from __future__ import annotations

import sys
import time
import types
from typing import Any

import numpy as np


def load() -> Any:
    """imagecorruptions 1.1.2, adapted to renamed functions in newer versions of its dependencies."""
    import scipy.ndimage
    import skimage.filters

    interpolation = types.ModuleType("scipy.ndimage.interpolation")
    interpolation.map_coordinates = scipy.ndimage.map_coordinates  # type: ignore[attr-defined]
    sys.modules.setdefault("scipy.ndimage.interpolation", interpolation)
    smooth = skimage.filters.gaussian

    def gaussian(image: Any, sigma: float = 1, multichannel: bool = False, **options: Any) -> Any:
        return smooth(image, sigma, channel_axis=-1 if multichannel else None, **options)

    skimage.filters.gaussian = gaussian
    import imagecorruptions

    return imagecorruptions


def main() -> None:
    import cv2

    peer = load()
    cv2.setNumThreads(1)
    image = np.load(sys.argv[1])
    print("ready", flush=True)
    for line in sys.stdin:
        name, severity, count = line.split()
        seconds = []
        for _ in range(int(count)):
            began = time.process_time()
            peer.corrupt(image, severity=int(severity), corruption_name=name)
            seconds.append(time.process_time() - began)
        print(*seconds, flush=True)


if __name__ == "__main__":
    main()
