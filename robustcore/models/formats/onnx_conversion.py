"""Networks in torch of ONNX graphs, made by onnx2torch: of a graph as it is, else of the same graph with its constants folded.

Exports compute shapes and paddings step by step, in operations that onnx2torch does not know in every version (torch's default
opset is newer than what it knows). For images of one side all of that is constant, and onnxruntime computes it once.
"""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from torch import nn

from robustcore.errors import MissingExtraError

EXTRA = "onnx"
OPSET = 17  # the newest of which onnx2torch knows every operation that networks use


@dataclasses.dataclass(frozen=True)
class Converted:
    """A network in torch.

    Attributes:
        network: takes what the graph takes.
        batch: the number of images that it takes at once; None for as many as the graph.
    """

    network: nn.Module
    batch: int | None = None


def candidates(
    content: bytes, shape: tuple[int, int, int], batch: int | None, name: str
) -> Iterator[Callable[[], Converted]]:
    """Ways of making the network, the plainest first; each raises an exception of its own where it cannot.

    Args:
        content: of the file, with all weights.
        shape: of one image, as the graph takes it.
        batch: the number of images that the graph takes at once; None for any.
        name: for errors.

    Raises:
        MissingExtraError: onnx2torch is not installed.
    """
    try:
        import onnx
        import onnx2torch
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnx2torch", EXTRA, f"A gradient of {name}") from error
    from onnx import version_converter

    at_once = batch or 1
    folded = functools.cache(lambda: _folded(onnx, onnxruntime, content, (at_once, *shape)))
    yield lambda: Converted(onnx2torch.convert(onnx.load_from_string(content)))
    yield lambda: Converted(onnx2torch.convert(folded()))
    # Folded shapes may hold the number of images too.
    yield lambda: Converted(onnx2torch.convert(folded()), at_once)
    yield lambda: Converted(onnx2torch.convert(version_converter.convert_version(folded(), OPSET)), at_once)


def _folded(onnx: Any, onnxruntime: Any, content: bytes, shape: tuple[int, ...]) -> Any:
    """The graph for images of one shape, all that depends on the shape alone computed: onnxruntime's basic simplification, which
    keeps to the operations of ONNX."""
    graph = onnx.load_from_string(content)
    (images,) = graph.graph.input
    for dimension, size in zip(images.type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = size
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(file)
        onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.load(file)
