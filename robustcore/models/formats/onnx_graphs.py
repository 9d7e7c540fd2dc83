"""ONNX: a graph that onnxruntime answers with, and onnx2torch gives gradients of where it can.

Every answer is onnxruntime's. For attacks that follow the gradient, onnx2torch makes the same network in torch
(`onnx_conversion`), which is used only for the backward pass, and only if it answers the probe images as onnxruntime does.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robustcore.errors import MissingExtraError, ModelError
from robustcore.models import probes, state_dicts
from robustcore.models.checkpoints import Reading
from robustcore.models.classifier import Classifier
from robustcore.models.formats import _whole, onnx_conversion
from robustcore.models.formats.onnx_conversion import EXTRA, Converted

SUFFIXES = (".onnx",)
_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16"}
_LARGEST = 2**31 - 1  # bytes of one message of protobuf
_ALIKE = 1e-4  # of the spread of the logits: how near the two networks' answers are
Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Signature:
    """What a graph takes and gives.

    Attributes:
        input, output: their names in the graph.
        channels_last: whether it takes (N, H, W, 3) and not (N, 3, H, W).
        dtype: of the input, "float32" or "float16".
        batch: the number of images that it takes at once; None for any.
        side: of the input in pixels; None where the graph leaves it open.
    """

    input: str
    output: str
    channels_last: bool
    dtype: str
    batch: int | None
    side: int | None


class _Engines:
    """What computes a network in this process, made when it is first needed; a copy makes its own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.session: Any = None
        self.twins: dict[int, Converted] = {}  # by the side of the images

    def __reduce__(self) -> tuple[Callable[[], _Engines], tuple[()]]:
        return _Engines, ()


class OnnxNetwork(nn.Module):
    """A network that onnxruntime computes, on the CPU wherever its images are.

    Args:
        content: of the file, with all weights.
        signature: what it takes.
        name: for errors.
    """

    revision = 1
    content: Tensor

    def __init__(self, content: bytes, signature: Signature, name: str) -> None:
        super().__init__()
        self.register_buffer("content", torch.frombuffer(bytearray(content), dtype=torch.uint8))
        self.signature = signature
        self._name = name
        self._engines = _Engines()

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, side, side) -> float32 (N, K), with a gradient where `x` has one."""
        if torch.is_autocast_enabled(x.device.type):
            raise ModelError(f"{self._name} is an ONNX file, which is computed as it is: choose the precision float32.")
        if x.requires_grad and torch.is_grad_enabled():
            logits: Tensor = _Differentiable.apply(x, self, self.twin(x.shape[-1]))
            return logits
        return self.answer(x)

    def answer(self, x: Tensor) -> Tensor:
        """onnxruntime's logits."""
        session, wanted = self._session(), self.signature
        rows: list[Array] = []
        for images, count in self.batches(x.detach().to("cpu", torch.float32)):
            pixels = np.ascontiguousarray(images.numpy().astype(wanted.dtype))
            rows.append(session.run([wanted.output], {wanted.input: pixels})[0][:count])
        return torch.from_numpy(np.concatenate(rows).astype(np.float32)).to(x.device)

    def batches(self, x: Tensor, at_once: int | None = None) -> Iterator[tuple[Tensor, int]]:
        """(images as the graph takes them, how many of them count): a short last batch is filled with its last image.

        Args:
            x: (N, 3, side, side).
            at_once: the number of images; default as many as the graph takes.
        """
        fixed = at_once or self.signature.batch
        size = fixed or len(x)
        for start in range(0, len(x), max(1, size)):
            images = x[start : start + size]
            count = len(images)
            if fixed is not None and count < size:
                images = torch.cat([images, images[-1:].expand(size - count, -1, -1, -1)])
            yield (images.permute(0, 2, 3, 1) if self.signature.channels_last else images), count

    def twin(self, side: int) -> Converted:
        """The same network in torch, for its gradients.

        Raises:
            ModelError: there is none, or it answers otherwise; the message says why and what can be done.
        """
        engines = self._engines
        with engines.lock:
            if side not in engines.twins:
                engines.twins[side] = self._converted(side)
            return engines.twins[side]

    def _converted(self, side: int) -> Converted:
        images = probes.images(side).float() / 255
        with torch.inference_mode():
            ours = self.answer(images)
        spread = float((ours - ours.mean(0)).abs().max()) + 1e-2 * float(ours.abs().max())
        shape = (side, side, 3) if self.signature.channels_last else (3, side, side)
        why = ""
        for make in onnx_conversion.candidates(self._bytes(), shape, self.signature.batch, self._name):
            try:
                twin = make()
                twin.network.eval().requires_grad_(False)
                with torch.inference_mode():
                    theirs = _run(twin, self, images)
            except Exception as error:  # operations that it does not know, each with another exception
                why = why or f"onnx2torch cannot convert it ({state_dicts.first_sentence(error)[:200]})"
                continue
            if ours.shape == theirs.shape and float((ours - theirs).abs().max()) <= _ALIKE * spread:
                return twin
            why = why or "onnx2torch makes a network of it that answers otherwise"
        raise ModelError(
            f"{self._name} has no gradient, because {why}. Export it again with opset {onnx_conversion.OPSET} or an older one and "
            "images of a fixed side, load the network in torch, or use an attack that needs no gradient, such as square or hopskipjump."
        )

    def _bytes(self) -> bytes:
        return self.content.cpu().numpy().tobytes()

    def _session(self) -> Any:
        engines = self._engines
        with engines.lock:
            if engines.session is None:
                engines.session = _session(self._bytes())
            return engines.session


class _Differentiable(torch.autograd.Function):
    """onnxruntime's answer, with its twin's gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, network: OnnxNetwork, twin: Converted) -> Tensor:
        ctx.save_for_backward(x)
        ctx.network, ctx.twin = network, twin
        return network.answer(x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            leaf = x.detach().to("cpu", torch.float32).requires_grad_(True)
            logits = _run(ctx.twin, ctx.network, leaf)
            (gradient,) = torch.autograd.grad(logits, leaf, upstream.to("cpu", logits.dtype))
        return gradient.to(x.device, x.dtype), None, None


def _run(twin: Converted, network: OnnxNetwork, x: Tensor) -> Tensor:
    """The twin's logits for float32 images on the CPU."""
    dtype = getattr(torch, network.signature.dtype)
    rows = []
    for images, count in network.batches(x, twin.batch):
        answer = twin.network(images.to(dtype))
        rows.append((answer[0] if isinstance(answer, (tuple, list)) else answer)[:count].float())
    return torch.cat(rows)


def is_one(path: Path) -> bool:
    """Whether a path is an ONNX file."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def file(path: Path) -> Path:
    """The file that decides the answers; weights may stand in others next to it."""
    return path


def load(path: Path, *, architecture: str | None, classes: int | str | None, name: str, reading: Reading) -> Classifier:
    """Read an ONNX file into a classifier.

    A `Card` may stand in its metadata, under "card.json".

    Raises:
        ModelError: the file is damaged, or no classifier of images.
        MissingExtraError: onnxruntime is not installed.
    """
    _whole.check_reading(path, "an ONNX file", architecture, reading)
    content = _content(path)
    try:
        session = _session(content)
    except MissingExtraError:
        raise
    except Exception as error:  # onnxruntime has an exception of its own for every cause
        raise ModelError(f"The ONNX file {path} cannot be used ({state_dicts.first_sentence(error)[:300]}).") from error
    signature = _signature(session, path)
    return _whole.classifier(
        OnnxNetwork(content, signature, name or str(path)),
        path,
        kind="an ONNX file",
        architecture="onnx",
        reading=reading,
        classes=classes,
        name=name,
        side=signature.side,
        card=_whole.card_in(session.get_modelmeta().custom_metadata_map.get(_whole.CARD, ""), path),
    )


def _content(path: Path) -> bytes:
    """The file with the weights that may stand next to it."""
    try:
        import onnx
        from onnx.external_data_helper import uses_external_data
    except ImportError as error:
        raise MissingExtraError("onnx", EXTRA, f"The ONNX file {path}") from error
    with state_dicts.reading(path):
        content = path.read_bytes()
        try:
            model = onnx.load_from_string(content)
            if not any(uses_external_data(tensor) for tensor in model.graph.initializer):
                return content
            whole = onnx.load(path)
            if whole.ByteSize() > _LARGEST:
                raise ModelError(f"The ONNX file {path} has more than 2 GB of weights, which one message cannot hold.")
            content = bytes(whole.SerializeToString(deterministic=True))
        except (ModelError, OSError):
            raise
        except Exception as error:  # protobuf's and onnx's own exceptions
            raise ModelError(
                f"The ONNX file {path} is damaged or incomplete ({state_dicts.first_sentence(error)[:300]})."
            ) from error
    return content


def _session(content: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", EXTRA, "An ONNX file") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors, which are exceptions as well
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # beside torch's threads
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _signature(session: Any, path: Path) -> Signature:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs)
        raise ModelError(f"The ONNX file {path} has {len(inputs)} inputs ({names}); a classifier takes images alone.")
    (images,) = inputs
    shape = list(images.shape)
    if len(shape) != 4 or (3 not in (shape[1], shape[3]) and isinstance(shape[1], int)):
        raise ModelError(
            f"The ONNX file {path} takes {images.name} of shape {_written(shape)}; images have shape (N, 3, H, W) or "
            "(N, H, W, 3)."
        )
    if images.type not in _TYPES:
        raise ModelError(f"The ONNX file {path} takes {images.type}; images are float32 or float16.")
    channels_last = shape[1] != 3 and shape[3] == 3
    height, width = shape[1:3] if channels_last else shape[2:4]
    sides = {side for side in (height, width) if isinstance(side, int)}
    if len(sides) > 1:
        raise ModelError(f"The ONNX file {path} takes images of {height} x {width} pixels; they have to be square.")
    flat = [each for each in outputs if len(each.shape) == 2]
    logits = next((each for each in flat if each.name == "logits"), flat[0] if flat else None)
    if logits is None:
        shapes = "; ".join(f"{each.name} {_written(each.shape)}" for each in outputs)
        raise ModelError(
            f"The ONNX file {path} answers with {shapes}; a classifier answers with logits of shape (N, K)."
        )
    batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
    return Signature(
        images.name, logits.name, channels_last, _TYPES[images.type], batch, sides.pop() if sides else None
    )


def _written(shape: list[Any]) -> str:
    return f"({', '.join(str(side) if side else '?' for side in shape)})"
