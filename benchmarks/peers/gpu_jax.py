"""Steps of ResNet-50 v1.5 on a GPU by JAX: jit, donated buffers, NHWC, 16-bit activations; one line of JSON.

jax-env/bin/python gpu_jax.py resnet BATCH bf16|fp32 jit WARMUP WINDOWS STEPS SHAPE CLASSES
"""

from __future__ import annotations

import json
import sys
from functools import partial
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

BLOCKS = ((64, 3), (128, 4), (256, 6), (512, 3))
DIMS = ("NHWC", "HWIO", "NHWC")


def conv_shapes():
    """(kernel, inputs, outputs) of every convolution, in the order in which they run."""
    yield 7, 3, 64
    channels = 64
    for width, count in BLOCKS:
        for k in range(count):
            yield 1, channels, width
            yield 3, width, width
            yield 1, width, 4 * width
            if k == 0:
                yield 1, channels, 4 * width
            channels = 4 * width


def draw(rng, classes):
    params = [
        {
            "w": rng.standard_normal((k, k, i, o)).astype(np.float32) * np.sqrt(2 / (k * k * o), dtype=np.float32),
            "gamma": np.ones(o, np.float32),
            "beta": np.zeros(o, np.float32),
        }
        for k, i, o in conv_shapes()
    ]
    stats = [{"mean": np.zeros(o, np.float32), "var": np.ones(o, np.float32)} for _, _, o in conv_shapes()]
    head = {"w": rng.standard_normal((2048, classes)).astype(np.float32) * 0.01, "b": np.zeros(classes, np.float32)}
    return {"convs": params, "head": head}, stats


def unit(x, p, s, stride, dtype):
    """Convolution and batch norm; the new statistics."""
    k = p["w"].shape[0]
    y = lax.conv_general_dilated(
        x, p["w"].astype(dtype), (stride, stride), [(k // 2, k // 2)] * 2, dimension_numbers=DIMS
    )
    wide = y.astype(jnp.float32)
    mean, var = wide.mean((0, 1, 2)), wide.var((0, 1, 2))
    y = (wide - mean) * (p["gamma"] * lax.rsqrt(var + 1e-5)) + p["beta"]
    return y.astype(dtype), {"mean": 0.9 * s["mean"] + 0.1 * mean, "var": 0.9 * s["var"] + 0.1 * var}


def forward(params, stats, x, dtype):
    convs, states, new = iter(params["convs"]), iter(stats), []

    def take(x, stride=1):
        y, s = unit(x, next(convs), next(states), stride, dtype)
        new.append(s)
        return y

    x = jax.nn.relu(take(x.astype(dtype), 2))
    x = lax.reduce_window(
        x, jnp.array(-jnp.inf, dtype), lax.max, (1, 3, 3, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (1, 1), (0, 0)]
    )
    for stage, (_, count) in enumerate(BLOCKS):
        for k in range(count):
            stride = 2 if k == 0 and stage else 1
            y = jax.nn.relu(take(x))
            y = jax.nn.relu(take(y, stride))
            y = take(y)
            x = jax.nn.relu(y + (take(x, stride) if k == 0 else x))
    pooled = x.astype(jnp.float32).mean((1, 2))
    return (pooled.astype(dtype) @ params["head"]["w"].astype(dtype)).astype(jnp.float32) + params["head"]["b"], new


def main(batch: int, precision: str, counts: list[int], shape: list[int], classes: int) -> None:
    warm_up, windows, steps = counts
    dtype = {"bf16": jnp.bfloat16, "fp32": jnp.float32}[precision]
    rng = np.random.default_rng(0)
    begun = perf_counter()
    params, stats = jax.device_put(draw(rng, classes))
    momentum = jax.tree.map(jnp.zeros_like, params)
    x = jax.device_put(rng.standard_normal((batch, shape[1], shape[2], shape[0])).astype(np.float32))
    y = jax.device_put(rng.integers(0, classes, batch))

    def loss_of(params, stats):
        logits, new = forward(params, stats, x, dtype)
        return -jax.nn.log_softmax(logits)[jnp.arange(batch), y].mean(), new

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params, stats, momentum):
        (loss, stats), grads = jax.value_and_grad(loss_of, has_aux=True)(params, stats)
        momentum = jax.tree.map(lambda m, g, p: 0.9 * m + g + 1e-4 * p, momentum, grads, params)
        return jax.tree.map(lambda p, m: p - 1e-4 * m, params, momentum), stats, momentum, loss

    losses = []
    for k in range(warm_up):
        params, stats, momentum, loss = step(params, stats, momentum)
        if k < 20:
            losses.append(float(loss))
    jax.block_until_ready(params)
    ready = perf_counter() - begun
    walls, host = [], []
    for _ in range(windows):
        start = perf_counter()
        for _ in range(steps):
            params, stats, momentum, loss = step(params, stats, momentum)
        host.append((perf_counter() - start) / steps)
        jax.block_until_ready(params)
        walls.append((perf_counter() - start) / steps)
    memory = jax.devices()[0].memory_stats() or {}
    print(
        json.dumps({
            "seconds": walls, "wall": walls, "host": host, "ready": ready, "losses": losses,
            "peak": memory.get("peak_bytes_in_use", 0), "version": {"jax": jax.__version__},
        })
    )  # fmt: skip


if __name__ == "__main__":
    main(
        int(sys.argv[2]), sys.argv[3], [int(n) for n in sys.argv[5:8]], [int(n) for n in sys.argv[8].split(",")],
        int(sys.argv[9]),
    )  # fmt: skip
