"""A folder of images without class folders: nothing tells what is on them."""

from __future__ import annotations

from robustcore.datasets import class_folders
from robustcore.datasets._base import UNLABELLED
from robustcore.datasets.folder import Folder, ImageFile, path_id
from robustcore.notes import Note


class FlatFolder(Folder):
    """Images in one folder, without labels; a `Dataset` without classes.

    Accuracy is undefined on it; how many answers stay what they are on the clean images can be measured (the metric
    "consistency"). The arguments are those of `Folder`; whatever split is asked for, it is one set.
    """

    def _read(self, split: str) -> tuple[list[ImageFile], tuple[Note, ...]]:
        self.classes, self.split = (), "all"
        images, notes = class_folders.unlabelled_images(self.root, self.name)
        return sorted((path_id(path), path, UNLABELLED) for path in images), tuple(notes)
