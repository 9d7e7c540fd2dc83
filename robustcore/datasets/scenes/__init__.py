"""scenes: the dataset that ships as code.

dice       numbers of one scene
outlines   the classes' shapes
palette    colours by luminance, hue and chroma
textures   the bank of patterns
backgrounds  what lies behind, and how cloth is painted
scene      a scene as a value, and how one is drawn
renderer   a scene at a side -> pixels
blocks     rendered images in the cache
dataset    `Scenes`
"""

from robustcore.datasets.scenes.dataset import SIDE, SIZES, Scenes
from robustcore.datasets.scenes.renderer import REVISION

__all__ = ["REVISION", "SIDE", "SIZES", "Scenes"]
