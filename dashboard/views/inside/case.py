"""What the page's controls say: the models, the image, and its corrupted form."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dashboard import cache, data_urls
from dashboard.widgets.choice import Choice
from robustcore.display import display_name
from robustcore.reports.inside import inside_footer
from robustcore.reports.preview import gallery
from robustcore.reports.preview.gallery import GalleryImage

if TYPE_CHECKING:
    from torch import Tensor

KEY = "inside"
NONE = "no model"
STORAGE = "memory"


@dataclasses.dataclass(frozen=True)
class Case:
    """One image, clean and corrupted, and one or two models.

    Attributes:
        models: one or two names.
        choice: the image.
        cell: its corrupted form.
        radius: of an attack on it, in 1/255; 0 for none.
    """

    models: tuple[str, ...]
    choice: Choice
    cell: GalleryImage
    radius: int = 0

    @property
    def grid(self) -> cache.gallery.Grid:
        """The clean and the corrupted image."""
        return cache.gallery.grid(self.choice.item, (self.cell,), STORAGE)

    @property
    def images(self) -> tuple[Tensor, Tensor]:
        """The same two, uint8 (3, H, W)."""
        return self.grid.clean[0], self.grid.images[0]

    @property
    def corruption(self) -> str:
        """The corruption, for people."""
        return f"{display_name(self.cell.name, 'corruption', suite=True)}, {self.cell.caption}"

    @property
    def crisp(self) -> bool:
        """Whether the image is so small that its pixels are drawn as squares."""
        return max(self.choice.item.image.shape[-2:]) <= data_urls.EXACT_SIDE

    @property
    def footer(self) -> str:
        """Below the pictures."""
        return inside_footer(self.models, self.choice.title, self.corruption, self.cell.seed).text

    def answers_mean_something(self, model: str) -> bool:
        """Whether a model knows this kind of image."""
        return gallery.is_in_domain(cache.models.card(model), self.choice.item)
