"""What the documents say about training: adversarial training, augmentation on corruptions, mixup and M-TLAT, fooling images.

Every model that starts from the standard one is compared with `continued`, which trains for as long without an intervention,
so that the effect of longer training does not count for the intervention. Intervals are over the test images; every model was
trained once, so they do not cover repeated trainings.
"""

from __future__ import annotations

from collections.abc import Iterable

from robustcore import derived
from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store
from robustcore.reports.claims import printed, rules
from robustcore.reports.claims._base import Claim
from robustcore.reports.claims._tested import (
    ATTACKS,
    AUTOATTACK,
    CLEAN,
    CONTROL,
    EIGHT,
    ERRORS,
    FIVE,
    FIXED_EPS,
    FIXED_EPS_OF_VGG,
    NINETEEN,
    RENDITION,
    RESNET,
    TEN,
    TEN_CALIBRATED,
    VGG,
    against,
    corruption,
    names_of,
)
from robustcore.reports.claims.contrasts import Group
from robustcore.reports.claims.questions import Question, answered
from robustcore.reports.claims.sources import Part, Sources

TOPIC = "interventions"
DATASET = "scenes"

ADVERSARIAL = ("fgsm", "pgd", "fgsm_ll", "pgd_ll")
# With those that mix them with other targets, labels or images.
TRAINED_ON_ATTACKS = (*ADVERSARIAL, "label_smoothed", "tlat", "mtlat", "iat")
_OF_VGG = ("fgsm", "pgd", "mtlat")
_ERROR = (
    "mean gain in accuracy over the 15 corruptions of ImageNet-C, at five severities, lies above 0 with its interval"
)
_RANDOM = "Textures and colours of scenes are random, so {} has little to remove and this is a weak test."


_NO_CROPS = (
    "The document crops and flips in both trainings that it compares; the zoo's training has no random crops, and so has its control "
    "none."
)
# What was set after figures had been seen.
_EXCHANGED = "The attacks were exchanged for those of the thesis after figures under FGSM and PGD at 1, 2, 4 and 8/255 had been seen."
_CALIBRATED = (
    "The ranges were those that the thesis prints, and were exchanged for ranges calibrated for scenes after figures had been "
    "seen: the standard model keeps 0.996 of its accuracy under the printed blur and 0.989 under the printed colour distortion."
)
_OTHER_CONTROL = "The control was crop and flip, and was exchanged for continued training after figures had been seen."


def judge(store: Store, *, dataset: Dataset | None = None, limit: int | None = None) -> tuple[Claim, ...]:
    """The claims, judged by what is stored now; computes and writes nothing.

    Args:
        store: of the results.
        dataset: what the zoo was scored on; default the test images of scenes.
        limit: at most so many images of each condition; default all, 240 under attack.
    """
    from robustcore.datasets import load_dataset

    return answered(TOPIC, questions(), dataset or load_dataset(DATASET), store=store, limit=limit)


def key(sources: Sources) -> str:
    """A digest of the results that the claims are judged by."""
    from robustcore.datasets import load_dataset

    dataset = load_dataset(DATASET)
    fingerprints = {subject.name: subject.fingerprint for subject in sources.store.subjects(dataset.fingerprint)}
    contrasts = [contrast for question in questions() for contrast in question.contrasts]
    groups = dict.fromkeys(contrast.group for contrast in contrasts)
    conditions = [condition for group in groups for condition in group.resolved(fingerprints)]
    models = {name for contrast in contrasts for name in contrast.models}
    wording = [(question.text, question.rule) for question in questions()]
    return derived.digest(sources.results(dataset, conditions, models), wording)


PARTS = (Part("interventions", lambda sources: judge(sources.store), key),)


def questions() -> tuple[Question, ...]:
    """All questions, in the order of the documents."""
    return (*_adversarial(), *_syn_rob(), *_mtlat(), *_mixup_and_tlat(), *_diverse(), *_fooling())


_TRAINED = [(name, "standard") for name in ADVERSARIAL]  # as tables 3.1 and 3.2 name them
_OVER_IAT = [(f"{network} M-TLAT", f"{network} IAT") for network in ("ResNet-50", "ResNeXt-50")]
_BOTH = [(f"{network} M-TLAT", f"{network} standard") for network in ("ResNet-50", "ResNeXt-50")]


def _calibrated(names: Iterable[str]) -> list[Group]:
    """Corruptions of the thesis, by plain name, with ranges calibrated for scenes."""
    return [TEN_CALIBRATED[name] for name in names]


def _printed(names: Iterable[str]) -> list[str]:
    """The same as the thesis' tables name them."""
    return names_of([TEN[name] for name in names])


def _adversarial() -> list[Question]:
    source = "Laugros, thesis, section 3.2.3, table 3.2"
    noise_and_blur, low_frequency = ("gaussian_noise", "blur"), ("contrast", "translation")
    lost = (*low_frequency, "color_distortion")
    return [
        Question(
            "Adversarial training makes models more robust to attacks, including attacks not used in training.",
            "Laugros, thesis, section 3.2.3, table 3.1",
            f"For each of the four models the mean gain under eight attacks lies above 0 with its interval: {EIGHT}.",
            against(ADVERSARIAL, ATTACKS),
            rules.each_model(rules.mean_above),
            printed=(printed.differences(["3.1"], _TRAINED),),
            set_afterwards=_EXCHANGED,
        ),
        Question(
            "Adversarial training holds against attacks that are stronger than those of training: AutoAttack.",
            "Laugros, thesis, section 3.2.3, by the attacks of Croce & Hein 2020",
            "The gain in accuracy under AutoAttack's standard version, L-inf at 2/255, lies above 0 with its interval: the mean over all "
            "adversarially trained models that were evaluated, of both architectures.",
            (*against(TRAINED_ON_ATTACKS, [AUTOATTACK]), *against(_OF_VGG, [AUTOATTACK], architecture=VGG)),
            rules.mean_above,
            "The thesis has no AutoAttack; its own attacks are judged above. In print are networks of other data sets at other radii.",
            printed=tuple(
                printed.under_autoattack(*board)
                for board in (("imagenet", "linf", "4/255"), ("cifar10", "linf", "8/255"))
            ),
            set_afterwards="The claim was added after figures under the attacks of the thesis had been seen, and was about training on PGD "
            "alone until those of PGD under AutoAttack had been seen.",
            where_stored=True,
        ),
        Question(
            "Adversarial training costs clean accuracy.",
            "Laugros, thesis, section 3.2.3, table 3.1 (83 % without; 75 to 82 % with it)",
            "The mean over the four models lies below 0 with its interval, and each of them is below 0.",
            against(ADVERSARIAL, [CLEAN]),
            rules.all_below,
            printed=(printed.differences(["3.1"], _TRAINED, kind="clean"),),
        ),
        Question(
            "Adversarial training raises the robustness to Gaussian noise and to blur.",
            source,
            "For both the mean over the four models lies above 0 with its interval.",
            against(ADVERSARIAL, _calibrated(noise_and_blur)),
            rules.each_of([[group] for group in _calibrated(noise_and_blur)], rules.mean_above),
            printed=(printed.differences(["3.2"], _TRAINED, conditions=_printed(noise_and_blur)),),
            set_afterwards=_CALIBRATED,
        ),
        Question(
            "The gains of adversarial training do not transfer to contrast loss and translation.",
            source,
            f"For both the interval of the mean over the four models ends below {rules.LITTLE:+.2f} APP.",
            against(ADVERSARIAL, _calibrated(low_frequency)),
            rules.each_of([[group] for group in _calibrated(low_frequency)], rules.no_gain),
            printed=(printed.differences(["3.2"], _TRAINED, conditions=_printed(low_frequency)),),
            set_afterwards=_CALIBRATED,
        ),
        Question(
            "Adversarial training makes models less robust to contrast loss, translation and colour distortion.",
            source,
            "For each of the three the mean over the four models lies below 0 with its interval.",
            against(ADVERSARIAL, _calibrated(lost)),
            rules.each_of([[group] for group in _calibrated(lost)], rules.mean_below),
            printed=(printed.differences(["3.2"], _TRAINED, conditions=_printed(lost)),),
            set_afterwards=_CALIBRATED,
        ),
        Question(
            "On average over ten synthetic corruptions, adversarial training does not make models more robust.",
            f"{source} (APP 0.85 without; 0.84 and 0.85 with it)",
            f"The interval of the mean over the four models and the ten corruptions ends below {rules.LITTLE:+.2f} APP.",
            against(ADVERSARIAL, _calibrated(TEN)),
            rules.no_gain,
            printed=(printed.differences(["3.2"], _TRAINED, kind="corruption", conditions=_printed(TEN)),),
            set_afterwards=_CALIBRATED,
        ),
    ]


def _syn_rob() -> list[Question]:
    source = "Laugros, thesis, section 3.2.4"
    return [
        Question(
            "A model that is trained on ten corruptions is more robust to every one of them.",
            source,
            "The mean over the ten lies above 0 with its interval, and each of the ten is above 0.",
            against(["syn_rob"], _calibrated(TEN)),
            rules.all_above,
            "The model is trained on the ranges that the thesis prints, and tested on those calibrated for scenes.",
            set_afterwards=_CALIBRATED,
        ),
        Question(
            "Training on corruptions does not change robustness to attacks.",
            f"{source}, table 3.1 (differences of at most 0.02)",
            f"The mean gain under eight attacks lies within ±{rules.LITTLE_ATTACKED:.2f} APP with its interval; undecided where the "
            f"interval holds 0 and is wider than this. Attacks: {EIGHT}.",
            against(["syn_rob"], ATTACKS),
            rules.nothing_either_way,
            printed=(printed.differences(["3.1"], [("syn_rob", "standard")]),),
            set_afterwards=_EXCHANGED,
        ),
        Question(
            "Trained on all of ten corruptions but one, a model is slightly more robust to that one too.",
            f"{source}, table 3.3 (0.00 to 0.07 of APP)",
            "The mean over the ten, each left out once, lies above 0 with its interval.",
            tuple(c for name, group in TEN.items() for c in against([f"no_{name}"], [group])),
            rules.mean_above,
            printed=(printed.differences(["3.3"], [("no-phi", "standard")]),),
        ),
    ]


def _mtlat() -> list[Question]:
    return [
        Question(
            "Augmentation on Gaussian noise makes models less robust to fog.",
            "Laugros, thesis, section 3.3.1, after Yin et al. 2019",
            "The difference under fog lies below 0 with its interval.",
            against(["augmentation-gaussian_noise"], [corruption("fog")]),
            rules.mean_below,
        ),
        Question(
            "M-TLAT keeps clean accuracy.",
            "Laugros, thesis, section 3.3.4.1, table 3.4a (+0.6 and +0.1 points)",
            f"For both architectures the interval begins above −{100 * rules.KEPT:.0f} point.",
            (*against(["mtlat"], [CLEAN]), *against(["mtlat"], [CLEAN], architecture=VGG)),
            rules.kept,
            printed=(printed.differences(["3.4a"], _BOTH, kind="clean"),),
        ),
        Question(
            "M-TLAT makes models more robust to nearly everything: 19 corruptions and attacks.",
            "Laugros, thesis, section 3.3.4.1, table 3.4 (to all but one of 48)",
            f"Of all differences at least {100 * rules.NEARLY_ALL:.0f} % are above 0, and for both architectures their mean "
            f"lies above 0 with its interval. Attacks: {FIVE}.",
            (
                *against(["mtlat"], [*NINETEEN, *FIXED_EPS]),
                *against(["mtlat"], [*NINETEEN, *FIXED_EPS_OF_VGG], architecture=VGG),
            ),
            rules.nearly_all_above,
            printed=(printed.differences(["3.4a", "3.4b", "3.4c"], _BOTH),),
            set_afterwards=_EXCHANGED,
        ),
        Question(
            "M-TLAT is more robust to attacks than interpolated adversarial training (IAT), and more accurate on clean images.",
            "Laugros, thesis, section 3.3.4.1, table 3.4",
            "M-TLAT less IAT: the mean under five attacks, and the clean accuracy, lie above 0 with their intervals. Attacks: "
            f"{FIVE}.",
            against(["mtlat"], [*FIXED_EPS, CLEAN], control="iat"),
            rules.each_of([FIXED_EPS, [CLEAN]], rules.mean_above),
            printed=(
                printed.differences(["3.4c"], _OVER_IAT),
                printed.differences(["3.4a"], _OVER_IAT, kind="clean"),
            ),
            set_afterwards=_EXCHANGED,
        ),
    ]


def _mixup_and_tlat() -> list[Question]:
    mixup, tlat = f"{RESNET}-mixup", f"{RESNET}-tlat"
    rivals = ("fgsm", "fgsm_ll", "label_smoothed")
    return [
        Question(
            "Mixup raises clean accuracy and TLAT lowers it.",
            "Laugros, thesis, section 3.3.4.2, table 3.5a (+1.6 and −3.9 points)",
            "Mixup's difference lies above 0 with its interval, TLAT's below.",
            against(["mixup", "tlat"], [CLEAN]),
            rules.opposite(mixup, tlat),
            printed=tuple(
                printed.differences(["3.5a"], [(f"ResNet-50 {name}", "ResNet-50 standard")], kind="clean", of=name)
                for name in ("Mixup", "TLAT")
            ),
        ),
        Question(
            "Under corruptions mixup and TLAT complement each other: what one makes worse the other makes better.",
            "Laugros, thesis, section 3.3.4.2, table 3.5 (JPEG and pixelate; fog and contrast)",
            "Each of them lies below 0 under at least one of 19 corruptions, with its interval, and under more than half of all "
            "those the other one lies above 0 with its own.",
            against(["mixup", "tlat"], NINETEEN),
            rules.complementary(mixup, tlat),
        ),
        Question(
            "Of M-TLAT's two parts, TLAT makes models robust to attacks; mixup has little influence.",
            "Laugros, thesis, section 3.3.4.2, table 3.5c",
            "TLAT's mean gain under five attacks lies above 0 with its interval, and so does TLAT less mixup. Attacks: "
            f"{FIVE}.",
            (*against(["tlat", "mixup"], FIXED_EPS), *against(["tlat"], FIXED_EPS, control="mixup")),
            rules.owed_to(tlat, mixup, CONTROL),
            printed=tuple(
                printed.differences(["3.5c"], [(f"ResNet-50 {name}", "ResNet-50 standard")], of=name)
                for name in ("TLAT", "Mixup")
            ),
            set_afterwards=_EXCHANGED,
        ),
        Question(
            "Mixup and TLAT together (M-TLAT) make models more robust to corruptions than the better of the two alone.",
            "Laugros, thesis, section 3.3.4.2, tables 3.4 and 3.5",
            "M-TLAT less mixup, and M-TLAT less TLAT: the mean over 19 corruptions lies above 0 with its interval in both.",
            tuple(c for alone in ("mixup", "tlat") for c in against(["mtlat"], NINETEEN, control=alone)),
            rules.each_rival(rules.mean_above),
            printed=tuple(printed.together(alone) for alone in ("Mixup", "TLAT")),
            set_afterwards="The claim was added after figures of M-TLAT, mixup and TLAT had been seen.",
        ),
        Question(
            "Of several adversarial trainings TLAT costs the least clean accuracy.",
            "Laugros, thesis, section 3.3.4.3, table 3.6 (69.4 % against 65.8, 68.3 and 67.1 %)",
            "TLAT less each of FGSM, targeted FGSM and targeted FGSM with smoothed labels lies above 0 with its interval.",
            tuple(contrast for control in rivals for contrast in against(["tlat"], [CLEAN], control=control)),
            rules.each_rival(rules.mean_above),
            "The thesis aims targeted FGSM at random classes; the zoo's fgsm_ll aims at the least likely one.",
            printed=(
                printed.differences(
                    ["3.6"],
                    [("ResNet-50 TLAT", f"ResNet-50 {name}") for name in ("FGSM", "target-FGSM", "LS")],
                    kind="clean",
                ),
            ),
        ),
    ]


def _diverse() -> list[Question]:
    diverse = ("stylised", "augmix", "deepaugment")
    return [
        Question(
            "AugMix lowers the corruption error.",
            "RobustNet, section 3.1.2, figure 3 (mCE 1.05 to 0.98)",
            f"The {_ERROR}.",
            against(["augmix"], ERRORS),
            rules.mean_above,
            _NO_CROPS,
            printed=(printed.mce("AugMix", "CropAndFlip", "section 3.1"),),
            set_afterwards=_OTHER_CONTROL,
        ),
        Question(
            "Stylised images lower the corruption error.",
            "RobustNet, section 3.1.2, figure 3 (mCE 1.05 to 1.01)",
            f"The {_ERROR}.",
            against(["stylised"], ERRORS),
            rules.mean_above,
            f"{_NO_CROPS} {_RANDOM.format('stylised training')}",
            printed=(printed.mce("IN20-SIN20", "CropAndFlip", "section 3.1"),),
            set_afterwards=_OTHER_CONTROL,
        ),
        Question(
            "Diverse augmentation (stylised images, AugMix, DeepAugment) helps on renditions, and more than speckle noise.",
            "Basart, dissertation, section 5.5.2, table 5.1",
            "For each of the three the accuracy on scenes/rendition less that without intervention, and less that with speckle "
            "noise, lies above 0 with its interval.",
            (*against(diverse, [RENDITION]), *against(diverse, [RENDITION], control="speckle_noise")),
            rules.each_pair(rules.mean_above),
            _RANDOM.format("what works against a bias to texture"),
        ),
    ]


def _fooling() -> list[Question]:
    source = "RobustNet, section 3.2, figure 7"
    rates = ("5", "20", "100")
    return [
        Question(
            "Fooling images and clean ones together make models more robust than fooling images alone.",
            source,
            f"Together less alone: the {_ERROR}.",
            against(["fooling"], ERRORS, control="fooling-alone"),
            rules.mean_above,
        ),
        Question(
            "Training on fooling images together with clean ones lowers the corruption error.",
            source,
            f"Less that without intervention: the {_ERROR}.",
            against(["fooling"], ERRORS),
            rules.mean_above,
            printed=(printed.fooling(),),
        ),
        Question(
            "Fooling images of all three rates are better than those of any one.",
            "RobustNet, section 3.2, figures 7 and 8 (all together: mCE 0.76)",
            f"All three less each single one, with clean images each: the {_ERROR}.",
            tuple(c for rate in rates for c in against(["fooling"], ERRORS, control=f"fooling-{rate}")),
            rules.each_rival(rules.mean_above),
        ),
    ]
