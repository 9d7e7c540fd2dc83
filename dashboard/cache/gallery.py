"""One image under many corruptions, and a model's answers to them."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

from dashboard.cache import models
from dashboard.cache.shared import shared
from dashboard.file_versions import FileVersion

if TYPE_CHECKING:
    from torch import Tensor

    from robustcore.datasets import Item
    from robustcore.reports.preview.gallery import Answers, GalleryImage

_CHUNK = 16  # images that a large model scores between two redraws of the page


@dataclasses.dataclass(frozen=True)
class Grid:
    """The clean image and its corrupted forms: uint8 tensors, and the same as data addresses for the browser."""

    item: Item
    clean: Tensor  # (1, 3, H, W)
    cells: tuple[GalleryImage, ...]
    images: Tensor  # (n, 3, H, W)
    thumbnails: tuple[str, ...]  # of the clean image, then of the cells

    def between(self, start: int, stop: int) -> Tensor:
        """(stop - start, 3, H, W) some of the images, the clean one first."""
        import torch

        if start:
            return self.images[start - 1 : stop - 1]
        return torch.cat([self.clean, self.images[: stop - 1]])

    def __getitem__(self, key: str) -> int:
        """The place of the cell of that key."""
        return next(i for i, cell in enumerate(self.cells) if cell.key == key)


def grid(item: Item, cells: tuple[GalleryImage, ...], storage: str) -> Grid:
    """An image in the form that each cell describes."""
    return _grid(item.fingerprint, repr(cells), storage, _item=item, _cells=cells)


@shared()
def _grid(image: str, cells: str, storage: str, *, _item: Item, _cells: tuple[GalleryImage, ...]) -> Grid:
    import torch

    from dashboard import data_urls
    from robustcore.reports.preview import gallery

    clean = _item.image[None]
    images = gallery.corrupted(_item, _cells, storage)
    return Grid(_item, clean, _cells, images, tuple(data_urls.thumbnails(torch.cat([clean, images]))))


class Scoring:
    """A model's answers to the images of a grid, as they come.

    It does not keep the images, of which a visitor may leave many behind before they are answered.
    """

    def __init__(self, name: str, count: int, shipped: Answers | None) -> None:
        self.name, self.count = name, count
        self.card = models.card(name)
        self._parts: list[Answers] = [] if shipped is None else [shipped]
        self._lock = threading.Lock()

    @property
    def quick(self) -> bool:
        """Whether the model is loaded and small, so that all answers come at once."""
        return models.is_quick(self.name)

    @property
    def done(self) -> int:
        """How many images are answered."""
        return sum(len(part) for part in self._parts)

    @property
    def finished(self) -> bool:
        return self.done == self.count

    def advance(self, grid: Grid) -> None:
        """Answer the next images of its grid: all of them for a small model, a few for a large one. Loads the model where it has to."""
        if self.finished:
            return
        with self._lock:
            if self.finished:  # another visitor had the last ones answered meanwhile
                return
            start = self.done
            stop = self.count if self.quick else min(start + _CHUNK, self.count)
            self._parts.append(models.answers(self.name, grid.between(start, stop)))

    def answers(self) -> Answers:
        """What there is so far."""
        from robustcore.reports.preview.gallery import Answers

        return Answers.joined(self._parts)


def scoring(model_name: str, grid: Grid, storage: str) -> Scoring:
    """The answers of a model to a grid, the clean image first; shared by all sessions that ask for the same.

    Kept by the version of the model's file, so that a large model need not be loaded before the page is drawn.
    """
    image, cells = grid.item.fingerprint, repr(grid.cells)
    return _scoring(model_name, models.version(model_name), image, cells, storage, _grid=grid)


@shared(weigh=lambda scoring: 300 * scoring.count)  # it grows as answers come
def _scoring(
    model_name: str, version: FileVersion | None, image: str, cells: str, storage: str, *, _grid: Grid
) -> Scoring:
    return Scoring(model_name, 1 + len(_grid.images), shipped_answers(model_name, _grid, storage))


def answers(model_name: str, grid: Grid, storage: str) -> Answers:
    """A model's answers to a small grid, the clean image first: those that ship, else computed."""
    shipped = shipped_answers(model_name, grid, storage)
    return models.answers(model_name, grid.between(0, 1 + len(grid.cells))) if shipped is None else shipped


def shipped_answers(model_name: str, grid: Grid, storage: str) -> Answers | None:
    """The answers that ship; None where they do not."""
    from robustcore.reports.preview import shipped

    return shipped.of_grid(models.card(model_name), grid.item, grid.cells, storage)
