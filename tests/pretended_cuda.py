"""Run as a script by `test_gpu_benchmark`: the benchmark of a GPU on one that is pretended, with the CPU's arithmetic.

Its tensors are wrappers that say "cuda:0" and hold a CPU tensor. They refuse what a GPU's refuse: arithmetic with tensors of the
CPU, `numpy()`, use as an index of a CPU tensor. So every place is found in which a tensor is on the wrong device; how the
arithmetic of a GPU differs is not. There is no autograd engine for them: gradients are made up from the image.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

aten = torch.ops.aten
CPU = torch.device("cpu")
MAY_MIX = {
    aten._to_copy.default,
    aten.copy_.default,
    aten.index.Tensor,
    aten.index_put_.default,
    aten._index_put_impl_.default,
    aten._local_scalar_dense.default,
}


class Pretended(torch.Tensor):
    """A tensor that says that it is on a GPU."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Any:
        outer = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), dtype=inner.dtype, device="cuda:0"
        )
        outer.inner = inner
        return outer

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        return call(function, arguments, named or {})

    def tolist(self) -> Any:
        return self.inner.tolist()

    def data_ptr(self) -> int:
        return self.inner.data_ptr()

    def numpy(self, *arguments: Any, **named: Any) -> Any:
        raise TypeError("pretended: a tensor on the GPU has no NumPy array")

    def backward(self, *arguments: Any, **named: Any) -> None:
        """There is no engine."""


def call(function: Any, arguments: Any, named: Any) -> Any:
    """An operation on the tensors inside; its result is on the GPU where an operand is, or where its device says so."""
    if function is aten._has_compatible_shallow_copy_type.default:
        return False
    if function is aten.cudnn_grid_sampler.default:
        return call(aten.grid_sampler_2d.default, (*arguments, 0, 0, True), {})
    if function is aten.cudnn_batch_norm.default:
        reserve = {"dtype": torch.uint8, "device": torch.device("cuda")}
        return (*call(aten.native_batch_norm.default, arguments, {}), call(aten.empty.memory_format, ([0],), reserve))
    tensors = [value for value in tree_flatten((arguments, named))[0] if isinstance(value, torch.Tensor)]
    outer = {id(t.inner): t for t in tensors if isinstance(t, Pretended)}
    if outer and function not in MAY_MIX and any(t.dim() and not isinstance(t, Pretended) for t in tensors):
        raise RuntimeError(f"pretended: {function} has tensors of both devices")
    if function is aten.index.Tensor and outer and not isinstance(arguments[0], Pretended):
        raise RuntimeError(f"pretended: {function} has an index on the GPU for a tensor on the CPU")
    wanted = [v for v in (*arguments, *named.values()) if isinstance(v, torch.device)]
    on_gpu = wanted[0].type == "cuda" if wanted else bool(outer)
    if function is aten.copy_.default:
        on_gpu = isinstance(arguments[0], Pretended)

    def inside(value: Any) -> Any:
        if isinstance(value, Pretended):
            return value.inner
        return CPU if isinstance(value, torch.device) else value

    inputs = tree_map(inside, (arguments, named))
    result = function(*inputs[0], **inputs[1])
    if function is aten._to_copy.default and result is inputs[0][0]:
        result = result.clone()
    if function is aten._local_scalar_dense.default:
        return result

    def outside(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or isinstance(value, Pretended):
            return value
        return outer.get(id(value)) if id(value) in outer else Pretended(value) if on_gpu else value

    return tree_map(outside, result)


class Gpu(TorchDispatchMode):
    """Inside, what is made on "cuda" is pretended."""

    def __init__(self) -> None:
        super().__init__()
        self._mode_key = torch._C._TorchDispatchModeKey.FAKE  # so that making a tensor does not start a driver

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        torch._C._set_only_lift_cpu_tensors(True)  # of this thread
        return call(function, arguments, named or {})


def pretend() -> None:
    """Make torch believe in a GPU with 1 GiB."""
    torch._C._ensureCUDADeviceGuardSet()
    torch._C._set_only_lift_cpu_tensors(True)
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    torch._C._cuda_clearCublasWorkspaces = lambda: None
    torch.inference_mode = lambda mode=True: torch.no_grad() if mode else torch.enable_grad()
    torch.random.fork_rng = lambda *arguments, **named: contextlib.nullcontext()
    torch.autograd.grad = lambda value, leaf, **named: ((leaf.detach() * 50).sin(),)
    torch.Tensor.pin_memory = lambda self: self
    answers = {
        "is_available": True,
        "device_count": 1,
        "get_device_name": "pretended",
        "mem_get_info": (1 << 30, 1 << 30),
    }
    answers |= {
        "memory_allocated": 0,
        "empty_cache": None,
        "synchronize": None,
        "is_bf16_supported": True,
        "_lazy_init": None,
    }
    for name, answer in answers.items():
        setattr(torch.cuda, name, lambda *arguments, answer=answer, **named: answer)


def main(output: Path) -> None:
    """Write the table of everything that runs in this process."""
    pretend()
    from benchmarks import gpu
    from benchmarks.gpu import agreement
    from benchmarks.gpu.inputs import Setting
    from benchmarks.gpu.table import Table
    from robustcore import corruptions
    from robustcore.evaluation.run.executors import threads

    compute = threads.compute

    def computed(*arguments: Any) -> Any:
        torch._C._set_only_lift_cpu_tensors(True)
        with Gpu():
            return compute(*arguments)

    threads.compute = computed
    agreement.names = lambda small: corruptions.names()
    agreement.SEVERITIES = (3,)
    torch.set_num_threads(1)
    table = Table([], output)
    with tempfile.TemporaryDirectory() as folder, Gpu():
        for part in ("agreement", "memory", "training", "cancel"):
            gpu.run(table, part, Setting(torch.device("cuda"), True, Path(folder)), seconds=10_000)
    table.write()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
