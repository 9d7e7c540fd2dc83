"""What the models of the zoo are tested under, as the claims about training name it, and what each is compared with."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore import corruptions
from robustcore.display import display_name
from robustcore.evaluation import Condition
from robustcore.evaluation.operations.attack import AUTOATTACK_EPS
from robustcore.reports.claims.contrasts import ACCURACY, APP, Contrast, Group
from robustcore.training.interventions.augmentation.syn_rob import CORRUPTIONS, calibrated

RESNET, VGG = "scenes/resnet", "scenes/vgg"
CONTROL = f"{RESNET}-continued"
ATTACKED = 240  # images under attack, as many as ship
CALIBRATED = 1200  # under the calibrated corruptions, as many as ship
AUTOATTACKED = 48  # under AutoAttack, which takes minutes for a model


def names_of(groups: Sequence[Group]) -> list[str]:
    """The registered names of the groups' conditions."""
    return [condition.name for group in groups for condition in group.conditions]


def _label(name: str) -> str:
    return display_name(name, "corruption", inside=True)


def corruption(name: str, measure: str = APP) -> Group:
    """A corruption at its five severities."""
    return Group(_label(name), (Condition.corruption(name),), measure)


def _attack(preset: str, surrogate: str = "") -> Group:
    """An attack of the thesis at its settings, for the model itself or crafted on another one."""
    label = f"{preset.replace('_', ' ').upper()}, {'black-box' if surrogate else 'white-box'}"
    return Group(label, (Condition("attack", f"laugros/{preset}"),), limit=ATTACKED, surrogate=surrogate)


def _fixed_eps(surrogate: str) -> tuple[Group, ...]:
    """The five attacks of tables 3.4c and 3.5c; MI-FGSM is crafted on the surrogate."""
    white = (_attack(preset) for preset in ("pgd", "pgd_ll", "cw_l2"))
    return (*white, *(_attack(preset, surrogate) for preset in ("mi_fgsm", "mi_fgsm_08")))


CLEAN = Group("clean", (Condition.clean(),), ACCURACY)
RENDITION = Group("rendition", (Condition("shift", "scenes/rendition"),), ACCURACY)
# The eight of table 3.1: eps drawn for each image, black-box ones crafted on a VGG, as in the thesis.
_DRAWN = ("fgsm", "fgsm_ll", "pgd_range", "pgd_ll_range")
ATTACKS = tuple(_attack(preset, surrogate) for surrogate in ("", f"{VGG}-standard") for preset in _DRAWN)
EIGHT = "FGSM and PGD at eps drawn from 0.0025 to 0.025, untargeted and towards the least likely class, white-box and crafted on a VGG"
FIXED_EPS = _fixed_eps(f"{VGG}-standard")
FIXED_EPS_OF_VGG = _fixed_eps(f"{RESNET}-standard")
FIVE = "PGD and its least likely form at 0.04, CW-L2, and MI-FGSM at 0.04 and 0.08 crafted on the other architecture"
AUTOATTACK = Group(
    "AutoAttack, L-inf 2/255",
    (Condition("attack", "autoattack", params=(("eps", AUTOATTACK_EPS[0]),)),),
    ACCURACY,
    limit=AUTOATTACKED,
)
TEN = {corruptions.get(name).plain_name: corruption(name) for name in CORRUPTIONS}
# The same with ranges calibrated for scenes (3.2.2), where the printed ones change next to nothing.
TEN_CALIBRATED = {
    plain: Group(group.label, (Condition.corruption(calibrated(group.conditions[0].name)),), limit=CALIBRATED)
    for plain, group in TEN.items()
}
IMAGENET_C = tuple(corruption(name) for name in corruptions.names("imagenet-c"))
ERRORS = tuple(corruption(name, ACCURACY) for name in corruptions.names("imagenet-c"))
NINETEEN = (*IMAGENET_C, *(TEN[name] for name in ("obstruction", "color_distortion", "translation", "rotation")))


def against(
    interventions: Sequence[str], groups: Sequence[Group], *, control: str = "continued", architecture: str = RESNET
) -> tuple[Contrast, ...]:
    """Each of the models against the control, under each group; the standard model, which they start from, as the baseline."""
    return tuple(
        Contrast(f"{architecture}-{name}", f"{architecture}-{control}", group, f"{architecture}-standard")
        for name in interventions
        for group in groups
    )
