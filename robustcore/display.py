"""The names that people read: of conditions, and of everything else that is registered in small letters."""

from __future__ import annotations

from robustcore import attacks, corruptions
from robustcore.datasets import unknown_images

# What is written in its own way, also at the beginning.
_SPELLED = {
    "jpeg": "JPEG",
    "iso": "ISO",
    "clahe": "CLAHE",
    "hsv": "HSV",
    "rgb": "RGB",
    "fgsm": "FGSM",
    "pgd": "PGD",
    "gaussian": "Gaussian",
    "imagenet": "ImageNet",
    "eps": "eps",
    "objectnet": "ObjectNet",
    "resnet": "ResNet",
    "se": "SE",
    "vgg": "VGG",
}
# Sets of images by the names that their authors gave them.
_SETS = {
    "imagenet-a": "ImageNet-A",
    "imagenet-o": "ImageNet-O",
    "imagenet-r": "ImageNet-R",
    "imagenet-v2": "ImageNet-V2",
    "imagenet-sketch": "ImageNet-Sketch",
}


# (kind, registered name) -> the title that somebody's own suite gives it.
_titles: dict[tuple[str, str], str] = {}


def give_title(kind: str, name: str, title: str) -> None:
    """Let a condition of one's own be called by its title from now on, in this process; "" takes it back."""
    if title:
        _titles[kind, name] = title
    else:
        _titles.pop((kind, name), None)


def display_name(name: str, kind: str = "", *, inside: bool = False, suite: bool = False) -> str:
    """A name as people read it: "gaussian_noise" -> "Gaussian noise".

    Args:
        name: a registered name, a label of a table, a class.
        kind: the kind of condition whose registered name it is; then prefixes that only tell registered names apart are left
            out. "" spells the name as it is. What is not registered here (its plug-in is not loaded, say) is spelled as it is.
        inside: for the middle of a sentence: without a capital, unless its first word always has one.
        suite: with the suite behind it, where the name alone stands for corruptions of several suites.
    """
    behind = ""
    if (kind, name) in _titles:
        return _titles[kind, name]
    if kind == "corruption" and name in corruptions.names():
        names = corruptions.get(name)
        if suite and names.name != names.plain_name and names.suites:
            behind = f" · {corruptions.suites.title(names.suites[0])}"
        name = names.plain_name
    elif kind == "attack":
        name = _attack(name)
    elif kind == "unknown" and name in unknown_images.KINDS:
        name = unknown_images.KINDS[name].title
    elif kind in ("shift", "unknown"):
        name = name.rpartition("/")[2]
        if name in _SETS:
            return _SETS[name]
    words = name.replace("-", " ").replace("_", " ").split(" ")
    text = " ".join(_SPELLED.get(word, word) for word in words)
    return (text if inside or words[0] in _SPELLED else text[:1].upper() + text[1:]) + behind


def _attack(name: str) -> str:
    """An attack's title; of a preset with the document that it is from."""
    if name in attacks.names():
        return attacks.get(name).title
    if name not in [*attacks.preset_names(), *(preset.rpartition("/")[2] for preset in attacks.preset_names())]:
        return name
    _, preset = attacks.resolve(name)
    return name if preset is None else f"{preset.plain_name.replace('_', ' ').upper()} of {preset.document}"
