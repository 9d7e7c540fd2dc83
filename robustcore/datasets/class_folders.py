"""What a folder of images holds: its splits, their class folders, and what is left out of them."""

from __future__ import annotations

import dataclasses
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from robustcore.errors import DatasetError
from robustcore.images import READABLE, SUFFIXES
from robustcore.notes import Note, note
from robustcore.paths import printable

SPLITS = ("train", "val", "test")
WHOLE = ""  # the split of a folder without splits
# Folders are called so where the split's images are sorted by nothing.
_UNSORTED = {"images", "image", "imgs", "img", "jpegimages", "pictures", "unknown", "unlabeled", "unlabelled", "all"}
_SPELLINGS = {
    **dict.fromkeys(("train", "training", "trainset", "train_set", "training_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval", "evaluation"), "val"),
    **dict.fromkeys(("valset", "val_set", "validset", "valid_set", "validation_set"), "val"),
    **dict.fromkeys(("test", "testing", "tests", "testset", "test_set", "testing_set"), "test"),
}
# What operating systems, network drives and archives put among a person's files.
_SYSTEM_FOLDERS = {
    *("@eadir", "@recycle", "@recently-snapshot", "@tmp", "@sharebin", "#recycle", "#snapshot", "lost+found"),
    *("__macosx", "$recycle.bin", "system volume information", "recycler", "__pycache__"),
}
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "folder.jpg.db"}
_SEVERITIES = {"1", "2", "3", "4", "5"}
_DEEPEST = 3  # folders in one another before the splits come, as in data/images/train


@dataclasses.dataclass
class Split:
    """One split, or a folder that has none.

    Attributes:
        folder: its folder, relative to the root; "" for the root itself.
        classes: class name -> paths of its images, relative to the root, with / between the parts.
        unlabelled: images whose class nothing tells.
        told: whether a file tells the classes, and the images need no class folders.
    """

    folder: str
    classes: dict[str, list[str]]
    unlabelled: int = 0
    told: bool = False


@dataclasses.dataclass
class Contents:
    """What a folder holds.

    Attributes:
        splits: by name; `WHOLE` alone where the folder has none.
        notes: what is left out.
    """

    splits: dict[str, Split]
    notes: list[Note]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of all splits' classes, sorted."""
        return tuple(sorted({name for split in self.splits.values() for name in split.classes}))


def read(root: Path, name: str) -> Contents:
    """What the folder `root`, which people know by `name`, holds.

    Raises:
        DatasetError: a folder that cannot be read or understood, or without images in class folders.
    """
    return _Reader(root, name).contents()


def splits_of(root: Path) -> list[str]:
    """The splits that a folder has folders of, in the order of `SPLITS`; none for one set, or what is no folder. Only the
    uppermost folders are looked at."""
    _, folders = _Reader(root, root.name)._base() if root.is_dir() else (root, {})
    return [split for split in SPLITS if split in folders]


def is_flat(root: Path) -> bool:
    """Whether a folder has images, no folders with images in them, and no file of labels: nothing tells what is on them."""
    try:
        reader = _Reader(root, root.name)
        entries = reader._entries(root)
        names = {entry.name for entry in entries if is_image(entry)}
        inside = any(reader._has_images(Path(entry.path)) for entry in entries if entry.is_dir())
        return bool(names) and not inside and not _annotations(root, names)
    except DatasetError:  # reading it says why
        return False


def unlabelled_images(root: Path, name: str) -> tuple[list[str], list[Note]]:
    """The images of a flat folder, relative to it, and what is left out."""
    return _Reader(root, name).flat()


def is_image(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file that is read as an image."""
    return os.path.splitext(entry.name)[1].lower() in SUFFIXES and entry.is_file()


def _leads_somewhere(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is anything but a link to itself, which the system follows in a circle."""
    try:
        entry.is_dir()
    except OSError:
        return False
    return True


class _Reader:
    """Walks through a folder once and counts what it leaves out."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        self.system: Counter[str] = Counter()
        self.endings: Counter[str] = Counter()

    def contents(self) -> Contents:
        base, folders = self._base()
        if folders:
            splits = {split: self._split(base / folder) for split, folder in folders.items()}
            self._drop_unsorted(base, splits)
        else:
            self._refuse_severities(self.root)
            splits = {WHOLE: self._split(self.root)}
        _join_spellings(splits.values())
        contents = Contents(splits, [])
        if not contents.classes:
            raise DatasetError(self._nothing())
        contents.notes = self._notes(base, splits)
        return contents

    def flat(self) -> tuple[list[str], list[Note]]:
        images = self._images(self.root)
        notes = [other_files(self.name, tuple(self.endings.most_common()))] if self.endings else []
        return images, notes

    # Splits

    def _base(self) -> tuple[Path, dict[str, str]]:
        """The folder that the splits are in, and split -> its folder's name; the root and none where there are none."""
        base = self.root
        for _ in range(_DEEPEST):
            if folders := self._split_folders(base):
                return base, folders
            if any(is_image(entry) for entry in self._entries(base)):
                break
            inside = (entry.name for entry in self._folders(base) if self._has_images(base / entry.name))
            only, another = next(inside, None), next(inside, None)
            if only is None or another is not None:
                break
            base = base / only
        return self.root, {}

    def _split_folders(self, folder: Path) -> dict[str, str]:
        """Split -> name of its folder. A folder "train" full of images is a class, of railways perhaps, and no split."""
        by_split: dict[str, list[str]] = {}
        flat: dict[str, list[str]] = {}
        others = []
        for entry in self._folders(folder):
            split = _SPELLINGS.get(entry.name.casefold())
            if split is None:
                others.append(entry.name)
            elif self._has_class_folders(folder / entry.name):
                by_split.setdefault(split, []).append(entry.name)
            else:
                flat.setdefault(split, []).append(entry.name)
        if not by_split and not any(self._has_images(folder / name) for name in others):
            by_split = {split: told for split, names in flat.items() if (told := self._told(folder, names))}
        if not by_split:
            return {}
        exact = {split for split, names in by_split.items() if split in names}
        if not exact and len(by_split) + len(flat) < 2 and any(self._has_images(folder / name) for name in others):
            return {}  # one class among others happens to be named like a split
        folders = {}
        for split, names in by_split.items():
            if split not in names and len(names) > 1:
                raise DatasetError(
                    f"The folder {printable(str(folder))} has several folders for the split {split!r}: "
                    f"{', '.join(names)}. Keep one of them, or name the right one {split!r}."
                )
            folders[split] = split if split in names else names[0]
        # And those without class folders, of which a file may tell the labels.
        return {**{split: names[0] for split, names in flat.items()}, **folders}

    def _told(self, folder: Path, names: list[str]) -> list[str]:
        """Those of the folders with images whose classes a file tells."""
        read = {name: {entry.name for entry in self._entries(folder / name) if is_image(entry)} for name in names}
        return [name for name, images in read.items() if images and _annotations(folder / name, images)]

    def _split(self, folder: Path) -> Split:
        """A split's images by class."""
        where = folder.relative_to(self.root).as_posix()
        split = Split("" if where == "." else where, {})
        self._count_system(folder)
        for entry in self._folders(folder):
            if files := self._images(folder / entry.name):
                split.classes[entry.name] = files
        if len(split.classes) <= 1 and (labels := _annotations(folder, self._names(folder, split))):
            self._sort(folder, split, labels)
        return split

    def _names(self, folder: Path, split: Split) -> set[str]:
        """The names of a split's image files."""
        inside = {file.rsplit("/", 1)[-1] for files in split.classes.values() for file in files}
        return inside | {entry.name for entry in self._entries(folder) if is_image(entry)}

    def _sort(self, folder: Path, split: Split, labels: dict[str, str]) -> None:
        """Sort the images of a split by the file that tells their classes."""
        files = [f for listed in split.classes.values() for f in listed]
        files += [(folder / e.name).relative_to(self.root).as_posix() for e in self._entries(folder) if is_image(e)]
        split.classes, split.told = {}, True
        for file in files:
            label = labels.get(file.rsplit("/", 1)[-1])
            if label is None:
                split.unlabelled += 1
            else:
                split.classes.setdefault(label, []).append(file)

    def _drop_unsorted(self, base: Path, splits: dict[str, Split]) -> None:
        """A split's only folder that is named as none of the other splits' classes, but "images", is no class."""
        for name, split in splits.items():
            elsewhere = {c for other, s in splits.items() if other != name for c in s.classes}
            if len(split.classes) == 1 and elsewhere:
                (only, files), *_ = split.classes.items()
                if only not in elsewhere and only.casefold() in _UNSORTED:
                    split.classes, split.unlabelled = {}, split.unlabelled + len(files)
            if not split.classes and not split.unlabelled:
                split.unlabelled = sum(is_image(entry) for entry in self._entries(self.root / split.folder))

    # What is in a folder

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What a person put there: hidden and system files are left out."""
        try:
            with os.scandir(folder) as entries:
                kept = [e for e in entries if not e.name.startswith(".") and e.name.casefold() not in _SYSTEM_FILES]
                kept = [e for e in kept if _leads_somewhere(e)]
        except OSError as error:
            raise DatasetError(
                f"The folder {printable(str(folder))} cannot be read ({error.strerror or error})."
            ) from error
        return sorted((e for e in kept if e.name.casefold() not in _SYSTEM_FOLDERS), key=lambda e: e.name)

    def _folders(self, folder: Path) -> list[os.DirEntry[str]]:
        return [entry for entry in self._entries(folder) if entry.is_dir()]

    def _has_images(self, folder: Path) -> bool:
        return next(self._walk(folder, frozenset()), None) is not None

    def _has_class_folders(self, folder: Path) -> bool:
        inside = self._entries(folder)
        return any(e.is_dir() for e in inside) and not any(is_image(e) for e in inside)

    def _images(self, folder: Path) -> list[str]:
        """The images in and below a class folder, relative to the root; other files are counted."""
        return [Path(path).relative_to(self.root).as_posix() for path in self._walk(folder, frozenset(), count=True)]

    def _walk(self, folder: Path, above: frozenset[str], *, count: bool = False) -> Iterator[str]:
        """Paths of the images in and below a folder. Links are followed, but not in circles."""
        here = os.path.realpath(folder)
        if here in above:
            return
        if count:
            self._count_system(folder)
        for entry in self._entries(folder):
            if entry.is_dir():
                yield from self._walk(Path(entry.path), above | {here}, count=count)
            elif is_image(entry):
                yield entry.path
            elif count and entry.is_file():
                self.endings[os.path.splitext(entry.name)[1].lower()] += 1

    def _count_system(self, folder: Path) -> None:
        """Remember the system folders in a folder, each once."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.casefold() in _SYSTEM_FOLDERS and entry.is_dir():
                    self.system[os.path.relpath(entry.path, self.root)] = 1

    # Sentences

    def _refuse_severities(self, root: Path) -> None:
        """A released ImageNet-C has folders 1 to 5 above its class folders: severities, and no classes."""
        folder: Path | None = root
        for _ in range(3):
            if folder is None:
                return
            names = [entry.name for entry in self._folders(folder)]
            if len(names) > 1 and set(names) <= _SEVERITIES:
                classes = [{entry.name for entry in self._folders(folder / name)} for name in names]
                if set.intersection(*classes) and all(self._has_class_folders(folder / name) for name in names):
                    raise DatasetError(
                        f"The folder {printable(str(root))} is a released set of corrupted images: the folders "
                        f"{', '.join(sorted(names))} in {printable(folder.name)} are severities, with the class folders in them. "
                        f"Name one severity's folder, such as {printable(str(folder / sorted(names)[0]))}, or the folder of the "
                        "clean images, and let the corruption be computed."
                    )
            folder = folder / names[0] if names else None

    def _nothing(self) -> str:
        wanted = f"A dataset has one folder for each class, with {READABLE.replace(' and ', ' or ')} images in it"
        root = printable(str(self.root))
        if any(is_image(entry) for entry in self._entries(self.root)):
            return f"The folder {root} has images, but none in a class folder. {wanted}: sort the images into such folders."
        others = _listed(self.endings)
        return f"The folder {root} has no images in class folders{f', only {others}' if others else ''}. {wanted}."

    def _notes(self, base: Path, splits: dict[str, Split]) -> list[Note]:
        notes = []
        if self.system:
            notes.append(system_folders(self.name, tuple(sorted(map(printable, self.system)))))
        if self.endings:
            notes.append(other_files(self.name, tuple(self.endings.most_common())))
        told = {self.root / split.folder for split in splits.values() if split.told}
        places = {base, *(self.root / split.folder for split in splits.values() if not split.unlabelled)} - told
        if outside := sum(is_image(entry) for place in places for entry in self._entries(place)):
            notes.append(outside_classes(self.name, outside))
        for split in splits.values():
            if split.unlabelled:
                notes.append(without_labels(self.name, split.folder, split.unlabelled))
        if splits.keys() != {WHOLE}:
            used = {Path(split.folder).name for split in splits.values()}
            unused = [e.name for e in self._folders(base) if e.name not in used and self._has_images(base / e.name)]
            if unused:
                notes.append(unused_folders(self.name, tuple(map(printable, unused))))
        return notes


def _annotations(folder: Path, names: set[str]) -> dict[str, str]:
    """File name -> class, from Tiny ImageNet's val_annotations.txt, or for ImageNet's flat folder from LOC_val_solution.csv or
    a val.txt of names and classes, in it or next to it; empty where there is none."""
    beside = (folder, folder.parent)
    tables = [
        *((path, "\t") for path in sorted(folder.glob("*_annotations.txt"))),
        *((place / "LOC_val_solution.csv", ",") for place in beside),
        *((place / f"{folder.name}.txt", None) for place in beside),
    ]
    for path, separator in tables:
        if not path.is_file():
            continue
        try:
            rows = [line.split(separator) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(f"The labels in {printable(str(path))} cannot be read ({error}).") from error
        if separator == ",":
            rows = [
                [f"{name}.JPEG", answers.split(" ")[0]] for name, answers, *_ in (r for r in rows[1:] if len(r) > 1)
            ]
        if rows and all(len(row) > 1 for row in rows):
            labels = {row[0].strip().rsplit("/", 1)[-1]: row[1].strip() for row in rows}
            if separator == "\t" or names & labels.keys():  # some other text may be called val.txt
                return labels
    return {}


def _join_spellings(splits: Iterable[Split]) -> None:
    """Class folders whose names differ only in how an accent is written, as one sign or as two, are one class."""
    splits = list(splits)
    spellings: dict[str, set[str]] = {}
    for split in splits:
        for name in split.classes:
            spellings.setdefault(unicodedata.normalize("NFC", name), set()).add(name)
    for composed, names in spellings.items():
        if len(names) > 1:
            for split in splits:
                files = [file for name in sorted(names) for file in split.classes.pop(name, [])]
                if files:
                    split.classes[composed] = files


def _listed(endings: Counter[str] | tuple[tuple[str, int], ...]) -> str:
    """Counts of files by their endings, the most first."""
    items = endings.most_common() if isinstance(endings, Counter) else endings
    parts = [f"{count:,} {ending or 'without an ending'}" for ending, count in items[:5]]
    return ", ".join(parts) + (", ..." if len(items) > 5 else "")


@note
def system_folders(dataset: str, folders: tuple[str, ...]) -> str:
    more = f" and {len(folders) - 3:,} more" if len(folders) > 3 else ""
    return f"{dataset}: folders of the operating system or the drive are left out: {', '.join(folders[:3])}{more}."


@note
def other_files(dataset: str, endings: tuple[tuple[str, int], ...]) -> str:
    files = sum(count for _, count in endings)
    return f"{dataset}: {files:,} files in class folders are left out by their endings ({_listed(endings)}); {READABLE} are read."


@note
def outside_classes(dataset: str, images: int) -> str:
    return f"{dataset}: {images:,} images outside of class folders are left out."


@note
def without_labels(dataset: str, folder: str, images: int) -> str:
    return f"{dataset}: {images:,} images in {folder} are left out: nothing tells their classes."


@note
def unused_folders(dataset: str, folders: tuple[str, ...]) -> str:
    return f"{dataset}: the folders next to its splits are left out: {', '.join(folders[:5])}{' ...' if len(folders) > 5 else ''}."


@note
def unreadable_images(dataset: str, images: int, reasons: tuple[str, ...]) -> str:
    more = f" and {images - len(reasons):,} more" if images > len(reasons) else ""
    return f"{dataset}: {images:,} images cannot be read and are left out: {' '.join(reasons)}{more}"
