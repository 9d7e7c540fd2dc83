"""ONNX files as models: onnxruntime's answers, and gradients of the same network in torch."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

import robustcore as rc
from robustcore.errors import MissingExtraError, ModelError
from robustcore.models.classifier import Card

CLASSES = rc.load_dataset("scenes").classes


def network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 8, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 12)
        ).eval()


def write(
    path: Path,
    shape: Sequence[Any] = ("n", 3, 64, 64),
    *,
    extra: Sequence[str] = (),
    last: str = "Identity",
    outside: bool = False,
    bias: float = 0.0,
    kind: int = TensorProto.FLOAT,
    **metadata: str,
) -> Path:
    """`network()` as a graph; with the axes of `shape`, images may have their channels last."""
    weights = network()

    def stored(name: str, values: Tensor) -> onnx.TensorProto:
        return numpy_helper.from_array(values.detach().numpy(), name)

    convolution, linear = weights[0], weights[4]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(linear, nn.Linear)
    assert convolution.bias is not None
    initial = [
        stored("cw", convolution.weight),
        stored("cb", convolution.bias),
        stored("lw", linear.weight),
        stored("lb", linear.bias + bias),
    ]
    nodes = [
        helper.make_node("Conv", ["planes", "cw", "cb"], ["a"], strides=[3, 3]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "lw", "lb"], ["e"], transB=1),
        helper.make_node(last, ["e"], ["logits"]),
    ]
    turned = {"perm": [0, 3, 1, 2]} if len(shape) == 4 and shape[3] == 3 else {"perm": [0, 1, 2, 3]}
    nodes.insert(0, helper.make_node("Transpose", ["images"], ["planes"], **turned))
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name in ("images", *extra)]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [shape[0], 12])]
    graph = helper.make_graph(nodes, "net", inputs, outputs, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {key.replace("_", "."): value for key, value in metadata.items()})
    onnx.save(model, path, save_as_external_data=outside, location="weights.data", size_threshold=0)
    return path


@pytest.mark.parametrize("shape", [("n", 3, 64, 64), (1, 3, 64, 64), (4, 3, "h", "w"), ("n", 64, 64, 3)], ids=str)
def test_answers_and_gradients(shape: Sequence[Any], tmp_path: Path) -> None:
    model = rc.load_model(f"{write(tmp_path / 'net.onnx', shape)}?side=64&mean=0.5,0.5,0.5&std=0.25,0.25,0.25")
    images = torch.rand(6, 3, 64, 64, requires_grad=True)
    reference = network()((images - 0.5) / 0.25)
    logits = model(images)
    torch.testing.assert_close(logits, reference, atol=1e-5, rtol=1e-5)
    (gradient,) = torch.autograd.grad(logits[:, 3].sum(), images)
    torch.testing.assert_close(gradient, torch.autograd.grad(reference[:, 3].sum(), images)[0], atol=1e-6, rtol=1e-4)
    assert (model.card.side, model.card.architecture, len(model.card.classes)) == (64, "onnx", 12)


def test_a_fingerprint_is_that_of_graph_and_weights(tmp_path: Path) -> None:
    prints = {
        name: rc.load_model(write(tmp_path / f"{name}.onnx", **more)).fingerprint()  # type: ignore[arg-type]
        for name, more in {"a": {}, "b": {}, "c": {"bias": 1e-3}, "d": {"last": "Sigmoid"}}.items()
    }
    assert prints["a"] == prints["b"]
    assert len(set(prints.values())) == 3
    outside = write(tmp_path / "outside.onnx", outside=True)
    first = rc.load_model(outside).fingerprint()
    (tmp_path / "weights.data").unlink()
    write(outside, outside=True, bias=1e-3)
    assert rc.load_model(outside).fingerprint() != first


def test_an_evaluation_with_attacks(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n".join(CLASSES))
    conditions = ["gaussian_noise", "fgsm", "square"]
    path = write(tmp_path / "net.onnx", (1, 3, 64, 64))
    table = rc.evaluate(f"{path}?classes={names}", "scenes", conditions, severities=3, limit=4)
    reference = rc.evaluate(network(), "scenes", conditions, severities=3, limit=4, classes=CLASSES)
    assert list(table["accuracy"]) == list(reference["accuracy"])
    assert not table["accuracy"].isna().any()


@pytest.mark.parametrize("first", ["n", 2], ids=str)
def test_a_gradient_of_a_graph_that_computes_its_shapes(first: Any, tmp_path: Path) -> None:
    """As torch exports it by default: onnx2torch knows no Shape of opset 20; of images of one side it is constant."""
    path = write(tmp_path / "net.onnx", (first, 3, 64, 64))
    model = onnx.load(path)
    images, planes = "images", "planes"
    nodes = [  # planes = images, its shape taken apart and put together
        helper.make_node("Shape", [images], ["shape"]),
        helper.make_node("Gather", ["shape", "whole"], ["sizes"]),
        helper.make_node("Reshape", [images, "sizes"], [planes]),
    ]
    model.graph.initializer.append(numpy_helper.from_array(np.arange(4), "whole"))
    (turn,) = [node for node in model.graph.node if node.op_type == "Transpose"]
    model.graph.node.remove(turn)
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    model.opset_import[0].version = 20
    onnx.save(model, path)
    images_of_both = torch.rand(3, 3, 64, 64, requires_grad=True)
    (gradient,) = torch.autograd.grad(rc.load_model(path)(images_of_both)[:, 3].sum(), images_of_both)
    (reference,) = torch.autograd.grad(network()(images_of_both)[:, 3].sum(), images_of_both)
    torch.testing.assert_close(gradient, reference, atol=1e-6, rtol=1e-4)


def test_without_a_gradient_there_are_attacks_without(tmp_path: Path) -> None:
    """onnx2torch does not know the operation; onnxruntime does."""
    model = rc.load_model(write(tmp_path / "net.onnx", last="Shrink"))
    images = rc.load_dataset("scenes", limit=2).images(0, 2)
    labels = torch.tensor([0, 1])
    assert rc.attack(model, images, labels, "square", eps=0.1).logits.isfinite().all()
    with pytest.raises(ModelError, match=r"onnx2torch cannot convert it.*square"):
        rc.attack(model, images, labels, "fgsm", eps=0.1)


def test_a_twin_that_answers_otherwise_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx2torch

    class Other(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([x.mean((1, 2, 3))] * 12, 1)

    monkeypatch.setattr(onnx2torch, "convert", lambda model: Other())
    model = rc.load_model(write(tmp_path / "net.onnx"))
    with pytest.raises(ModelError, match="otherwise"):
        model(torch.rand(1, 3, 64, 64, requires_grad=True))


def test_copies_compute_on_their_own(tmp_path: Path) -> None:
    model = rc.load_model(write(tmp_path / "net.onnx"))
    images = torch.rand(2, 3, 64, 64)
    logits = model(images)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        torch.testing.assert_close(other(images), logits, atol=0, rtol=0)
        assert other.fingerprint() == model.fingerprint()


def test_classes_come_from_the_card_in_the_file(tmp_path: Path) -> None:
    card = Card("x", CLASSES, 64, "scenes")
    assert rc.load_model(write(tmp_path / "net.onnx", card_json=card.to_json())).card.classes == CLASSES


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda p: write(p / "a.onnx", extra=["mask"]), "2 inputs"),
        (lambda p: write(p / "a.onnx", ("n", 1, 64, 64)), "shape"),
        (lambda p: write(p / "a.onnx", ("n", 3, 64, 32)), "square"),
        (lambda p: write(p / "a.onnx", kind=TensorProto.DOUBLE), "double|type"),
        (lambda p: f"{write(p / 'a.onnx')}?side=32", "64"),
        (lambda p: f"{write(p / 'a.onnx')}?classes=3", "12 classes"),
        (lambda p: p / "absent.onnx", "no checkpoint"),
    ],
)
def test_what_is_refused_in_one_sentence(make: Callable[[Path], str], part: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=part):
        rc.load_model(make(tmp_path))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_off_file_is_one_sentence(share: float, tmp_path: Path) -> None:
    path = write(tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ModelError):
        rc.load_model(path)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnx2torch"])
def test_an_absent_package_is_one_sentence(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "net.onnx")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"robustcore\[onnx\]"):
        rc.load_model(path)(torch.rand(1, 3, 64, 64, requires_grad=True))
