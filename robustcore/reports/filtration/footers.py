"""The footers of the figures about a filtration: which images, which models, which rules."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.notes import note
from robustcore.reports.provenance import Footer


@note
def first_images(dataset: str, split: str, images: int) -> str:
    return f"Images: {dataset} ({split}), the first {images:,}."


@note
def choosing_models(models: tuple[str, ...], crops: int) -> str:
    """`crops` of every image; 1 is the image as it is prepared."""
    views = "the image as it is prepared" if crops == 1 else f"{crops} crops of every image"
    return f"Models: {' and '.join(models)}, {views}."


@note
def rules(most_confident: float, per_confusion: int) -> str:
    return (
        f"Rules (Basart, section 3.3.2): confidence at most {most_confident:.0%} (mean over the crops, both models), at most "
        f"{per_confusion} images per confusion (of the class with the first model's most probable wrong answer), those with the least "
        "confidence first."
    )


@note
def kept_and_random_images(dataset: str, split: str, kept: int, images: int, seed: int) -> str:
    return (
        f"{dataset} ({split}): {kept:,} kept images, and as many of each class at random among the {images:,} that were chosen from "
        f"(seed {seed}), prepared as for an evaluation."
    )


def of_funnel(
    dataset: str, split: str, images: int, models: Sequence[str], crops: int, most_confident: float, per_confusion: int
) -> Footer:
    """Of the number of images that each step leaves; `images` is the number that the models chose from."""
    return Footer(
        further=(
            first_images(dataset, split, images),
            choosing_models(tuple(models), crops),
            rules(most_confident, per_confusion),
        )
    )


def of_transfer(dataset: str, split: str, kept: int, images: int, seed: int) -> Footer:
    """Of the accuracies on the kept and on random images."""
    return Footer(
        before=(kept_and_random_images(dataset, split, kept, images, seed),), interval="Intervals: 95 % (Wilson)"
    )
