"""scenes: the dataset that ships as code.

rng       numbers of one scene
outlines   the classes' shapes
palette    colours by luminance, hue and chroma
textures   the bank of patterns
backgrounds  what lies behind, and how cloth is painted
scene      a scene as a value, and how one is drawn
renderer   a scene at a side -> pixels
blocks     rendered images in the cache
rendered   what all sets of painted images share
dataset    `Scenes`
unknown    outlines that are no class
sketch     scenes drawn with a pen
rendition  scenes as posters, mosaics, textiles
filtered   the fresh images that a fixed model gets wrong
shifts     `ShiftedScenes`: the sets made of these
"""

from robustcore.datasets.scenes._base import SIDE
from robustcore.datasets.scenes.dataset import SIZES, Scenes
from robustcore.datasets.scenes.renderer import REVISION
from robustcore.datasets.scenes.shifts import SHIFTS, ShiftedScenes

__all__ = ["REVISION", "SHIFTS", "SIDE", "SIZES", "Scenes", "ShiftedScenes"]
