"""M-TLAT: mixup beside mixup attacked by TLAT."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.training.interventions._base import Intervention, Step, View, intervention, setting
from robustcore.training.interventions.adversarial import tlat
from robustcore.training.interventions.augmentation import mixup


@intervention(
    "mtlat",
    title="M-TLAT",
    family="adversarial",
    summary="Trains on two mixed batches at once, one of them attacked by TLAT after the mixing.",
    source="Laugros, thesis, section 3.3.2.3, algorithm 1 and equation 3.6",
    combines=("mixup", "tlat"),
)
class Mtlat(Intervention):
    """loss = L(x_mix1, y_mix1) + L(x_mtlat, y_mtlat), with the attack of TLAT on (x_mix2, y_mix2).

    The sum has twice the scale of a loss with halves, as IAT's: under SGD the step is twice as large, under Adam, which the
    thesis uses, hardly larger. A weight of 0.5 makes the scales equal.

    Both mixed batches are as large as the step's and made of its images, each image with a partner, a lambda, an eps and a
    target of its own; the two mixings share no draw.
    """

    alpha: float = setting(mixup.ALPHA, above=0, high=1000, help=mixup.ALPHA_HELP)
    eps_max: float = setting(tlat.EPS_MAX, above=0, high=1, help=tlat.EPS_HELP)
    weight: float = setting(1.0, above=0, high=1, help="of each of the two losses: 1 adds them, 0.5 takes their mean")

    def views(self, step: Step) -> Sequence[View]:
        first = mixup.mix(step, step.pixels, self.alpha)
        second = mixup.mix(step, step.pixels, self.alpha, view=1)
        attacked = tlat.perturb(step, *second, self.eps_max)
        return [View(*first, self.weight), View(*attacked, self.weight)]
