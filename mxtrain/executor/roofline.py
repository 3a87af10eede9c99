"""What the machine can do at most: bytes copied and floating-point operations per second, measured here and now.

Williams et al., "Roofline: an insightful visual performance model", CACM 2009.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.types import TensorType, numpy_dtype, view
from mxtrain.graph import Call

COPIED, EDGE = 1 << 26, 2048


class Roofline(NamedTuple):
    """Bounds of a machine.

    Args:
        bandwidth: bytes per second of a copy, read and written ones counted both.
        rates: dtype -> floating-point operations per second of a product of large matrices.
    """

    bandwidth: float
    rates: dict[str, float]

    def bound(self, flops: float, nbytes: float, dtype: str) -> float:
        """Seconds below which a call that computes and moves this much cannot come, if its data is in no cache."""
        return max(nbytes / self.bandwidth, flops / self.rates.get(dtype, self.rates["float32"]))


def measure(device: Device, dtypes: tuple[str, ...], seconds: float = 0.25) -> Roofline:
    """Measure the device with its fastest kernels.

    Args:
        dtypes: for which the rate of products is wanted; float32 always is.
        seconds: how long each measurement takes.
    """
    fast = "onednn" in device.kernels and onednn.available()
    source, target = device.zeros(COPIED), device.zeros(COPIED)
    source[:] = 1
    copy = _copy(source, target) if fast else (np.copyto, (target, source))
    bandwidth = 2 * COPIED / _fastest(copy, seconds)
    rates = {d: 2 * EDGE**3 / _fastest(_product(device, d, fast), seconds) for d in dict.fromkeys((*dtypes, "float32"))}
    return Roofline(bandwidth, rates)


def _copy(source: Any, target: Any) -> Call:
    t = TensorType((COPIED // 4,))
    pd = onednn.describe("reorder", onednn.desc(t), onednn.desc(t))
    if pd is None:
        return np.copyto, (target, source)
    return onednn.prepared(pd, {onednn.Arg.SRC: source, onednn.Arg.DST: target})


def _product(device: Device, dtype: str, fast: bool) -> Call:
    t = TensorType((EDGE, EDGE), dtype)
    values = np.random.default_rng(0).standard_normal((EDGE, EDGE)).astype(np.float32)
    bits = values if dtype != "bfloat16" else (values.view(np.uint32) >> 16).astype(np.uint16)
    a, c = view(device.zeros(t.nbytes), t), view(device.zeros(t.nbytes), t)
    a[...] = bits.astype(numpy_dtype(dtype), copy=False)
    pd = None
    if fast:
        pd = onednn.describe("matmul", onednn.desc(t), onednn.any_layout(t.shape, dtype), None, onednn.desc(t))
    if pd is None:
        return np.matmul, (values, values, values.copy())
    # The weights in the library's own format: any order of good numbers will do.
    packed = pd.desc(onednn.Arg.WEIGHTS)
    b = device.zeros(packed.nbytes if packed else t.nbytes)
    flat = a.reshape(-1).view(np.uint8)
    b[: flat.size] = flat
    return onednn.prepared(pd, _arguments(pd, a, b, c, device))


def _arguments(pd: onednn.PrimitiveDesc, a: Any, b: Any, c: Any, device: Device) -> dict[int, Any]:
    arrays: dict[int, Any] = {onednn.Arg.SRC: a, onednn.Arg.WEIGHTS: b, onednn.Arg.DST: c}
    if pd.scratchpad:
        arrays[onednn.Arg.SCRATCHPAD] = device.empty(pd.scratchpad)
    return arrays


def _fastest(call: Call, seconds: float) -> float:
    """Seconds of the fastest of as many calls as fit."""
    function, args = call
    run: Callable[[], Any] = lambda: function(*args)  # noqa: E731 - a name for the prepared call
    run()
    best, begun = float("inf"), perf_counter()
    while perf_counter() - begun < seconds:
        start = perf_counter()
        run()
        best = min(best, perf_counter() - start)
    return best


__all__ = ["Roofline", "measure"]
