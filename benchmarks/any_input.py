"""Whatever a person brings: public functions and readers of files are given random things, and answer with a value or one sentence.

`python -m benchmarks any_input --cases 100000 --seed 1 --kind corrupting`. A case is made from its kind, the seed and its number alone, so that one that is
found can be run again. Anything but a checked value or a `RobustcoreError` is printed, and the exit status is their number.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import re
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

import robustcore as rc
from robustcore import images, metrics
from robustcore.atlas import populations
from robustcore.errors import RobustcoreError
from robustcore.evaluation import Store, suites
from robustcore.evaluation.store import schema
from robustcore.models import Card, Classifier, class_names
from robustcore.reports.specification import reading

Rng = np.random.Generator
SHOWN = 20  # findings printed whole

_DTYPES = ("u1", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "?", "c8", "O", "U3")
_SIDES = (0, 1, 2, 3, 31, 32, 33, 40, 64)
_TEXTS = (
    "",
    " ",
    "fog",
    "FOG",
    "nan",
    "1",
    "é",
    "a\0b",
    "../x",
    "<b>",
    "fog\n",
    "\udc80",
    "x" * 300,
    "jpeg85",
    "tiny",
    "uniform",
    "pgd",
)


def one_of(rng: Rng, values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def thing(rng: Rng) -> Any:
    """Any value at all."""
    return one_of(
        rng,
        (
            lambda: None,
            lambda: bool(rng.integers(2)),
            lambda: int(rng.integers(-3, 8)),
            lambda: one_of(rng, (10**30, -(2**63), 2**63 - 1, 2**64)),
            lambda: float(one_of(rng, (0.0, -0.0, 0.5, 3.0, 1e308, 1e-320, np.nan, np.inf, -np.inf))),
            lambda: one_of(rng, _TEXTS),
            lambda: b"fog",
            lambda: np.array(int(rng.integers(6)), one_of(rng, _DTYPES)),
            lambda: torch.tensor(int(rng.integers(6))),
            lambda: pd.Series(rng.integers(0, 5, int(rng.integers(4)))),
            lambda: [thing(rng) for _ in range(int(rng.integers(4)))],
            lambda: {"a": 1},
            lambda: (i for i in range(3)),
            lambda: np.float16(3),
            lambda: complex(1, 1),
            lambda: pd.NA,
            lambda: np.datetime64("2020-01-01"),
            lambda: object(),
        ),
    )()


def some(rng: Rng, usual: Any) -> Any:
    """Mostly what is usual."""
    return usual() if rng.random() < 0.9 else thing(rng)


def pictures(rng: Rng) -> Any:
    """Images, or nearly."""
    n, height, width = int(rng.integers(4)), one_of(rng, _SIDES), one_of(rng, _SIDES)
    if usual := rng.random() < 0.75:
        height, width = (int(side) for side in rng.integers(64, 80, 2))
    shape = one_of(
        rng,
        [
            (height, width, 3),
            (n, height, width, 3),
            (3, height, width),
            (n, 3, height, width),
            (height, width),
            (n,),
            (),
        ],
    )
    if usual:
        shape = one_of(rng, ((height, width, 3), (n, height, width, 3), (3, height, width), (n, 3, height, width)))
    kind = "u1" if usual or rng.random() < 0.5 else one_of(rng, _DTYPES)
    array = rng.integers(0, 2 if kind == "?" else 100, shape).astype(kind)
    array = one_of(
        rng,
        (
            lambda a: a,
            lambda a: a[::-1] if a.ndim else a,
            np.asfortranarray,
            lambda a: np.broadcast_to(a[:1], a.shape) if a.ndim else a,
        ),
    )(array)
    planes = array.ndim > 2 and array.shape[-3] == 3 and array.shape[-1] != 3
    if kind not in ("O", "U3") and rng.random() < (0.95 if planes else 0.2):
        tensor = torch.from_numpy(array.copy())
        return one_of(
            rng,
            (lambda t: t, lambda t: t.transpose(-1, -2) if t.ndim > 1 else t, lambda t: t[..., ::2] if t.ndim else t),
        )(tensor)
    return array.tolist() if rng.random() < 0.05 else array


def corrupting(rng: Rng, _: Path) -> None:
    given = some(rng, lambda: pictures(rng))
    before = (
        given.copy() if isinstance(given, np.ndarray) else given.clone() if isinstance(given, torch.Tensor) else None
    )
    names = rc.corruptions.names()
    asked = {
        "seed": lambda: int(rng.integers(9)),
        "strength": lambda: one_of(rng, ("uniform", 0.5)),
        "ids": lambda: [1, 2][: int(rng.integers(3))],
        "variant": lambda: one_of(rng, ("tiny", "cifar", None)),
        "storage": lambda: "jpeg85",
    }
    options = {key: some(rng, usual) for key, usual in asked.items() if rng.random() < 0.1}
    result = rc.corrupt(
        given, some(rng, lambda: one_of(rng, names)), some(rng, lambda: int(rng.integers(1, 6))), **options
    )
    assert type(result) is type(given), type(result)
    assert result.dtype == given.dtype
    assert result.shape == given.shape, result.shape
    assert bool((given == before).all()), "the images given were changed"


class _Net(nn.Module):
    """Four logits of the means of the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x.mean((2, 3)))


def attacking(rng: Rng, _: Path) -> None:
    torch.manual_seed(0)
    card = Card("net", ("a", "b", "c", "d"), 32, "mine")
    given = some(rng, lambda: pictures(rng))
    n = len(given) if getattr(given, "ndim", 0) == 4 else 1
    name = some(rng, lambda: one_of(rng, ("fgsm", "fgsm", "pgd", "mi_fgsm")))
    asked = {
        "norm": lambda: one_of(rng, ("linf", "l2", "l1")),
        "eps": lambda: 4 / 255,
        "steps": lambda: 2,
        "seed": lambda: 1,
        "goal": lambda: "wrong",
    }
    options = {key: some(rng, usual) for key, usual in asked.items() if rng.random() < 0.1}
    rc.attack(
        Classifier(_Net(), card).eval(),
        given,
        some(rng, lambda: [0, 1, 2][:n]),
        name,
        **options,
    )


def broken(rng: Rng, data: bytes) -> bytes:
    """Bytes with some of them changed, left out or doubled, or all others."""
    content = bytearray(data)
    for _ in range(int(one_of(rng, (0, 1, 1, 1, 2, 7)))):
        if not content:
            break
        place, many = int(rng.integers(len(content))), int(rng.integers(1, 64))
        change = int(rng.integers(5))
        if change == 0:
            content[place] = int(rng.integers(256))
        elif change == 1:
            del content[place : place + many]
        elif change == 2:
            content[place:place] = content[place : place + many]
        elif change == 3:
            content[place : place + many] = rng.bytes(many)
        else:
            del content[place:]
    return rng.bytes(int(rng.integers(200))) if rng.random() < 0.03 else bytes(content)


def _encoded() -> list[bytes]:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    files = []
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM"):
        for mode in ("RGB", "L", "P", "RGBA", "CMYK", "I;16", "1"):
            held = io.BytesIO()
            try:
                Image.fromarray(pixels).convert(mode if mode != "I;16" else "I").save(held, kind)
            except (OSError, ValueError):
                continue  # a format without that mode
            files.append(held.getvalue())
    return files


_ENCODED = _encoded()


def decoding(rng: Rng, _: Path) -> None:
    result = images.decode(broken(rng, one_of(rng, _ENCODED)), name="it")
    assert result.dtype == np.uint8
    assert result.ndim == 3
    assert result.shape[2] == 3


_SUITE = b"""description = "mine"
[[condition]]
kind = "corruption"
name = "fog"
severity = 2

[[condition]]
kind = "attack"
name = "pgd"
"""


def reading_a_suite(rng: Rng, folder: Path) -> None:
    path = folder / "suite.toml"
    path.write_bytes(broken(rng, _SUITE))
    suites.resolve(path)


def reading_a_specification(rng: Rng, folder: Path) -> None:
    shipped = sorted((Path(rc.__file__).parent.parent / "assets" / "specifications").glob("*.toml"))
    text = one_of(rng, shipped).read_bytes() if shipped else b'[[requirements]]\nmetric = "accuracy"\nleast = 50\n'
    path = folder / "specification.toml"
    path.write_bytes(broken(rng, text))
    reading.load(path)


def reading_a_checkpoint(rng: Rng, folder: Path) -> None:
    path = folder / one_of(rng, ("net.pt", "net.pth", "net.safetensors", "net.onnx", "net.state"))
    if path.suffix == ".safetensors":
        from safetensors.torch import save

        data = save({"weight": torch.zeros(2, 3)}, {"card": json.dumps({"name": "a"})} if rng.integers(2) else None)
    else:
        held = io.BytesIO()
        torch.save({"weight": torch.zeros(2, 3)}, held)
        data = held.getvalue()
    path.write_bytes(broken(rng, data) if rng.random() < 0.9 else data)
    rc.load_model(
        f"{path}{one_of(rng, ('', '?architecture=torchvision/resnet18', '?classes=3', '?side=x', '?=', '?a=b&a=c'))}"
    )


@functools.cache
def _results() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.sqlite"
        with contextlib.closing(schema.connect(path, write=True)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        return path.read_bytes()


def reading_results(rng: Rng, folder: Path) -> None:
    path = folder / "results.sqlite"
    path.write_bytes(broken(rng, _results()))
    with Store(path, shipped=False) as store:
        store.totals([])
        store.failures([])
        store.subjects("scenes")


def reading_class_names(rng: Rng, folder: Path) -> None:
    path = folder / one_of(rng, ("names.txt", "names.json"))
    path.write_bytes(
        broken(rng, one_of(rng, (b"ant\nbee\ncow\n", b'["ant", "bee"]', b'{"0": ["n01", "ant"], "1": ["n02", "bee"]}')))
    )
    class_names.read(str(path))


def reading_a_table(rng: Rng, folder: Path) -> None:
    path = folder / "population.csv"
    head = "model,dataset,split,kind,name,severity,n,correct,accuracy\n"
    path.write_bytes(broken(rng, (head + "a,scenes,test,corruption,fog,1,100,50,0.5\n" * 4).encode()))
    populations.read(path)


def reading_a_folder(rng: Rng, folder: Path) -> None:
    root = folder / "photographs"
    for _ in range(int(rng.integers(1, 6))):
        parts = [
            one_of(
                rng,
                (
                    "train",
                    "test",
                    "val",
                    "ant",
                    "bee",
                    "1",
                    "10",
                    "é",
                    "é",
                    ".DS_Store",
                    "__MACOSX",
                    "Thumbs.db",
                    "fog",
                ),
            )
            for _ in range(int(rng.integers(0, 4)))
        ]
        place = root.joinpath(*parts)
        try:
            place.mkdir(parents=True, exist_ok=True)
            name = one_of(rng, ("a.png", "b.JPG", "c", "d.txt", "e.tif", ".hidden.png", "1.jpeg"))
            (place / name).write_bytes(
                broken(rng, one_of(rng, _ENCODED)) if rng.random() < 0.3 else one_of(rng, _ENCODED)
            )
        except (FileExistsError, NotADirectoryError):
            continue  # a file has the folder's name
    options = {"split": lambda: "test", "limit": lambda: 2, "side": lambda: 32}
    dataset = rc.load_dataset(
        str(root), **{key: some(rng, usual) for key, usual in options.items() if rng.random() < 0.4}
    )
    for place_ in range(min(3, len(dataset))):
        dataset[place_]


def measuring(rng: Rng, _: Path) -> None:
    metric = metrics.get(one_of(rng, metrics.names()))
    arrays = {}
    shape = tuple(int(side) for side in rng.integers(0, 5, int(rng.integers(0, 3))))
    for name in metric.arrays:
        values = rng.random(shape)
        if rng.random() < 0.3 and values.size:
            values.flat[0] = one_of(rng, (np.nan, np.inf, -np.inf, 0.0, 1.0, 7.0))
        if rng.random() < 0.3:
            values = np.round(values)
        arrays[name] = some(rng, lambda: values) if rng.random() < 0.3 else values  # noqa: B023
    result = metric(**arrays)
    assert not np.isinf(result).any(), "an infinite value"


KINDS: dict[str, Callable[[Rng, Path], None]] = {
    kind.__name__: kind
    for kind in (
        corrupting,
        attacking,
        decoding,
        measuring,
        reading_a_checkpoint,
        reading_a_folder,
        reading_a_specification,
        reading_a_suite,
        reading_a_table,
        reading_class_names,
        reading_results,
    )
}


def run(kind: str, seed: int, number: int) -> str | None:
    """The traceback of what is neither a value nor one sentence, or None."""
    rng = np.random.default_rng([seed, number, sorted(KINDS).index(kind)])
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            KINDS[kind](rng, Path(folder))
    except RobustcoreError as error:
        text = str(error)
        return None if text.strip() and len(text) < 2000 else f"no sentence: {text[:300]!r}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return traceback.format_exc()
    return None


def main(options: list[str]) -> int:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser("any_input")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    given = parser.parse_args(options)
    seed, kinds = given.seed, given.kind or list(KINDS)
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    found: dict[str, tuple[str, int, int]] = {}
    for number in range(given.cases):
        kind = kinds[number % len(kinds)]
        began = time.process_time()
        wrong = run(kind, seed, number)
        seconds[kind] += time.process_time() - began  # type: ignore[assignment]
        counts[kind] += 1
        if wrong is None:
            continue
        where = (
            kind
            + "".join(re.findall(r"robustcore/.*, line \d+", wrong)[-1:])
            + wrong.strip().splitlines()[-1].split(":")[0]
        )
        if where not in found and len(found) < SHOWN:
            print(f"{kind}, case {number} of seed {seed}:\n{wrong}", flush=True)
        first = found.get(where, (kind, number, 0))
        found[where] = (*first[:2], first[2] + 1)
    for kind in kinds:
        print(f"{kind:26} {counts[kind]:7} cases {seconds[kind]:8.1f} s")
    print(
        f"{sum(counts.values())} cases of seed {seed}: {sum(many for *_, many in found.values())} neither a value nor one sentence, {len(found)} kinds"
    )
    return len(found)
