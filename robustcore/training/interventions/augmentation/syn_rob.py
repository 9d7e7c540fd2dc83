"""Augmentation on all ten corruptions of the thesis' figure 3.2, or on all but one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robustcore import corruptions
from robustcore.corruptions.laugros_scenes import PREFIX
from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting

# Figure 3.2 of Laugros' thesis, in the order of its table 3.3.
CORRUPTIONS = (
    "laugros_gaussian_noise",
    "laugros_artifacts",
    "laugros_obstruction",
    "laugros_blur",
    "laugros_contrast",
    "laugros_brightness",
    "laugros_color_distortion",
    "laugros_translation",
    "laugros_rotation",
    "laugros_flip",
)


def calibrated(name: str) -> str:
    """The same corruption with a range calibrated for scenes; itself where it has no range."""
    return f"{PREFIX}{corruptions.get(name).plain_name}" if corruptions.get(name).ranged else name


@intervention(
    "syn_rob",
    family="corruptions",
    summary="Corrupts half of each batch, each image with one of the ten corruptions of the thesis' figure 3.2.",
    source="Laugros, thesis, sections 3.2.4 and 4.2.3",
    changes_images=True,
)
class SynRob(Intervention):
    """Each corrupted image draws its corruption, a strength in that corruption's range and its pattern, anew in each epoch.

    The document does not say how the ten share a batch; a uniform draw for each image is ours. A model that does without
    one of the ten is the document's no-phi, and is called no_ and the corruption's plain name.
    """

    without: str = setting(
        "none", among=lambda: ("none", *CORRUPTIONS), help="the corruption that is left out, as laugros_blur, or none"
    )
    ranges: str = setting(
        "printed",
        among=lambda: ("printed", "scenes"),
        help="of the strengths: printed in the thesis, or scenes, calibrated for scenes by its section 3.2.2",
    )

    @property
    def label(self) -> str:
        label = self.name if self.without == "none" else f"no_{corruptions.get(self.without).plain_name}"
        return label if self.ranges == "printed" else f"{label}-{self.ranges}"

    @property
    def title(self) -> str:
        title = "All ten corruptions"
        if self.without != "none":
            title = f"All corruptions except {corruptions.get(self.without).plain_name.replace('_', ' ')}"
        return title if self.ranges == "printed" else f"{title}, calibrated for scenes"

    @property
    def corruptions(self) -> tuple[str, ...]:
        names = tuple(name for name in CORRUPTIONS if name != self.without)
        return names if self.ranges == "printed" else tuple(calibrated(name) for name in names)

    def views(self, step: Step) -> Sequence[View]:
        half = len(step.ids) // 2
        chosen = self.corruptions
        drawn = step.draws("syn_rob:corruption").integers(0, len(chosen))[:half]
        images = step.images.clone()
        for index, name in enumerate(chosen):
            rows = (drawn == index).nonzero().flatten()
            if len(rows):
                corruption = corruptions.get(name)
                strength: Any = "uniform" if corruption.ranged else None
                ids = step.ids[rows.cpu()]
                with step.exact():
                    images[rows] = corruption(
                        step.images[rows], strength=strength, seed=step.seed, ids=ids, epoch=step.epoch
                    )
        return [View(images, step.labels)]
