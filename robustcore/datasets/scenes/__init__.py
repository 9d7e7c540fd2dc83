"""scenes: the dataset that ships as code.

random_stream     random numbers of one scene
outlines          the shapes of the classes
unknown_shapes    shapes that belong to no class
palette           colours by luminance, hue and chroma
textures          the bank of patterns
backgrounds       backgrounds, and how cloth is painted
scene             a scene as a value, and how one is drawn
renderer          a scene -> pixels at any side
render_cache      rendered images in the cache
_base             what all sets of rendered images share
dataset           `Scenes`
sketch_shift      scenes drawn with a pen
rendition_shift   scenes as posters, mosaics, textiles
filtered_shift    fresh images that a fixed model gets wrong
shifts            `ShiftedScenes`: the shifted sets
factors           controlled shifts: one factor of a scene is changed
factor_set        `FactorScenes`: the test images with factors changed
"""

from robustcore.datasets.scenes._base import SIDE
from robustcore.datasets.scenes.dataset import SIZES, Scenes
from robustcore.datasets.scenes.factor_set import FactorScenes
from robustcore.datasets.scenes.factors import FACTORS
from robustcore.datasets.scenes.factors import check as check_factors
from robustcore.datasets.scenes.renderer import REVISION
from robustcore.datasets.scenes.shifts import SHIFTS, ShiftedScenes

__all__ = ["FACTORS", "REVISION", "SHIFTS", "SIDE", "SIZES", "FactorScenes", "Scenes", "ShiftedScenes", "check_factors"]
