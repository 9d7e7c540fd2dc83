"""Corrupted sets on disk: a dataset under the corruptions of a suite, written in the layout of ImageNet-C.

    DIR/<corruption>/<severity>/<class>/<image>.png, and DIR/corrupted.json, which says what was written

Writing goes on where it stopped, and overwrites nothing. Read back as a released set (`robustcore.datasets.released`), PNG
files are the pixels that an evaluation makes in memory.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from robustcore import arguments, devices
from robustcore.datasets._base import Dataset
from robustcore.datasets.released.alone import without_clean
from robustcore.datasets.released.matching import image_key
from robustcore.derived import atomic_files
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import operations
from robustcore.evaluation.condition import RELEASED, Condition
from robustcore.evaluation.operations import Part
from robustcore.images import UInt8Array, to_array
from robustcore.paths import printable

FACTS = "corrupted.json"
_BATCH = 64
_WRITERS = min(8, os.cpu_count() or 1)


@dataclasses.dataclass
class Written:
    """What was done: files that were written now, and those that were there already."""

    written: int = 0
    present: int = 0


def write(
    dataset: Dataset,
    conditions: Sequence[Condition],
    output: Path | str,
    *,
    seed: int = 0,
    limit: int | None = None,
    jpeg: int | None = None,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Written:
    """Write a dataset under corruptions, those files that are missing.

    Args:
        dataset: its images are written as they are prepared; an image's draws are those of an evaluation.
        conditions: corruptions at severities; the clean condition is left out.
        output: the set's folder.
        seed: of every random draw.
        limit: the first images only.
        jpeg: the quality of JPEG files, 1 to 100; None for PNG.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        progress: called with (files done, all files).

    Raises:
        InvalidArgumentError: conditions that the layout has no place for.
        DatasetError: a folder that holds another set, or that cannot be written.
    """
    seed, limit = arguments.seed(seed), arguments.limit(limit)
    if jpeg is not None:
        jpeg = arguments.whole(jpeg, "A JPEG's quality is a whole number from 1 to 100", low=1, high=100)
    if reason := without_clean(dataset):
        raise DatasetError(f"{reason[:1].upper()}{reason[1:]}.")
    wanted = [condition for condition in conditions if condition.kind != "clean"]
    _check(wanted)
    folder = Path(output).expanduser().absolute()
    fixed = {
        "dataset": dataset.fingerprint,
        "dataset_name": dataset.name,
        "split": dataset.split,
        "side": int(dataset.side),
        "preparation": str(getattr(dataset, "preparation", "")),
        "seed": seed,
        "format": "png" if jpeg is None else f"jpeg {jpeg}",
    }
    total = len(dataset) if limit is None else min(limit, len(dataset))
    files = _files(dataset, total, ".png" if jpeg is None else ".JPEG")
    done = Written()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _keep_facts(folder, fixed, wanted)
        for start in range(0, total, _BATCH):
            places = range(start, min(start + _BATCH, total))
            part: Part | None = None
            for condition in wanted:
                place = folder / condition.name / str(condition.severity)
                missing = [k for k in places if not (place / files[k]).exists()]
                done.present += len(places) - len(missing)
                if missing:
                    part = part or _part(dataset, places, device)
                    with torch.inference_mode():
                        images = operations.of(condition).apply(condition, part, seed).images
                    _write_files([(place / files[k], images[k - start]) for k in missing], jpeg)
                    done.written += len(missing)
                if progress is not None:
                    progress(done.written + done.present, total * len(wanted))
    except OSError as error:
        raise DatasetError(
            f"The corrupted set {printable(str(folder))} cannot be written ({error.strerror or error}). What was written stays; "
            "the same command goes on."
        ) from error
    return done


def _check(conditions: Sequence[Condition]) -> None:
    if not conditions:
        raise InvalidArgumentError("There is no corruption to write; name a suite or corruptions.")
    for condition in conditions:
        if condition.kind != "corruption" or condition.severity is None or condition.storage == RELEASED:
            raise InvalidArgumentError(
                f"A corrupted set has corruptions at severities 1 to 5; {condition} is none. Name severities with --severity, or "
                "leave it out."
            )
    twice = [key for key, n in Counter((c.name, c.severity) for c in conditions).items() if n > 1]
    if twice:
        name, severity = twice[0]
        raise InvalidArgumentError(
            f"{name} at severity {severity} is asked for in two forms, and the layout has one place for it. Write two sets."
        )


def _files(dataset: Dataset, total: int, ending: str) -> list[str]:
    """Each image's place under a severity: its class and its name, with the ending of what is written."""
    keys = [image_key(dataset, index) for index in range(total)]
    has_files = hasattr(dataset, "paths")
    stems = Counter((class_, _stem(rest, has_files)) for class_, rest in keys)
    files = []
    for class_, rest in keys:
        stem = _stem(rest, has_files)
        files.append(f"{class_}/{stem if stems[class_, stem] == 1 else rest}{ending}")
    return files


def _stem(rest: str, has_files: bool) -> str:
    return os.path.splitext(rest)[0] if has_files else rest


def _part(dataset: Dataset, places: range, device: str) -> Part:
    """Some images, as an evaluation hands them to an operation."""
    chosen = devices.pick(device)
    numbers = np.arange(places.start, places.stop, dtype=np.int64)
    labels = torch.as_tensor(np.asarray(dataset.labels)[numbers])
    images = dataset.images(places.start, places.stop)
    return Part(dataset, numbers, torch.as_tensor(np.asarray(dataset.ids)[numbers]), labels, images.to(chosen))


def _write_files(images: Sequence[tuple[Path, Tensor]], jpeg: int | None) -> None:
    """Write images, each whole or not at all."""
    for folder in {path.parent for path, _ in images}:
        folder.mkdir(parents=True, exist_ok=True)

    def write_file(item: tuple[Path, Tensor]) -> None:
        path, image = item
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.write_bytes(_encoded(to_array(image), jpeg))
        part.replace(path)

    with concurrent.futures.ThreadPoolExecutor(_WRITERS) as pool:
        _finish(pool.map(write_file, images))


def _finish(results: Iterator[None]) -> None:
    """Wait for all, and raise the first error."""
    for _ in results:
        pass


def _encoded(pixels: UInt8Array, jpeg: int | None) -> bytes:
    buffer = io.BytesIO()
    if jpeg is None:
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    else:
        Image.fromarray(pixels).save(buffer, "JPEG", quality=jpeg, subsampling="4:2:0")
    return buffer.getvalue()


def _keep_facts(folder: Path, fixed: dict[str, Any], conditions: Sequence[Condition]) -> None:
    """Write down what the set is, or refuse a folder that holds another one.

    Raises:
        DatasetError: a folder with other files, of another dataset, seed or format, or of other versions of the corruptions.
    """
    path = folder / FACTS
    kept: dict[str, Any] = {}
    if path.exists():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DatasetError(f"{printable(str(path))} cannot be read ({error}). Choose another --output.") from error
    elif any(not name.startswith(".") for name in os.listdir(folder)):
        raise DatasetError(
            f"The folder {printable(str(folder))} has other files in it, and a corrupted set overwrites nothing. Choose an empty one."
        )
    prints = {f"{c.name}/{c.severity}": operations.fingerprint(c) for c in conditions}
    older: dict[str, str] = kept.get("conditions", {})
    differing = [key for key in fixed if kept and kept.get(key) != fixed[key]]
    differing += [key for key, value in prints.items() if older.get(key, value) != value]
    if differing:
        raise DatasetError(
            f"The folder {printable(str(folder))} holds another corrupted set: it differs in {', '.join(differing[:5])}. "
            "Choose another --output."
        )
    text = json.dumps({**fixed, "conditions": {**older, **prints}}, indent=1, sort_keys=True)
    atomic_files.write(path, text + "\n")
