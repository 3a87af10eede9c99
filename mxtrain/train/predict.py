"""Prediction and feature extraction: files in, one record per file out, in order, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import ConfigError, DataError
from mxtrain.data.augmenter import Finish
from mxtrain.executor import Plan
from mxtrain.graph import Entry
from mxtrain.train.model import Model

Record = dict[str, Any]
Decoded = NDArray[np.uint8] | str


def chunks(paths: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of up to `size` paths."""
    rest = iter(paths)
    while chunk := list(islice(rest, size)):
        yield chunk


def decode(model: Model, path: str) -> Decoded:
    """The image of a file ready for the net, or why there is none."""
    try:
        return model.preprocess.decode(Path(path), name=path)
    except DataError as e:
        return str(e)


def outputs(
    model: Model, paths: Iterable[str], *, batch_size: int, heads: tuple[Entry, ...] | None = None, threads: int = 2
) -> Iterator[tuple[str, NDArray[np.float32] | str]]:
    """(path, first output's row or an error text) for every path, in order.

    Args:
        heads: what to compute instead of the net's outputs.
        threads: threads that decode.
    """
    plan = model.program.prediction(model.types(batch_size), heads)
    with ThreadPoolExecutor(threads) as pool:
        pending = None
        for chunk in _ended(chunks(paths, batch_size)):
            # The next chunk is decoded while this one is computed.
            upcoming = None if chunk is None else (chunk, pool.map(lambda p: decode(model, p), chunk))
            if pending is not None:
                yield from _run(model, plan, pending[0], list(pending[1]))
            pending = upcoming


def _ended(chunked: Iterator[list[str]]) -> Iterator[list[str] | None]:
    yield from chunked
    yield None


def _run(
    model: Model, plan: Plan, paths: list[str], images: list[Decoded]
) -> Iterator[tuple[str, NDArray[np.float32] | str]]:
    good = {k: image for k, image in enumerate(images) if not isinstance(image, str)}
    found: Iterator[NDArray[np.float32]] = iter(())
    if good:
        found = iter(compute(plan, model.image_input, model.preprocess.finish, np.stack(list(good.values()))))
    for path, image in zip(paths, images, strict=True):
        yield path, image if isinstance(image, str) else next(found)


def compute(plan: Plan, name: str, finish: Finish, samples: NDArray[Any]) -> NDArray[np.float32]:
    """The first output of a plan for some samples, at most as many as its batch has.

    Args:
        name: of the input that takes them.
        finish: pixels to floats.
        samples: images (n, H, W, C) uint8, or floats in the axes of the input.

    Returns:
        (n, ...), which later runs do not change.
    """
    place, device = plan.inputs[name], plan.device
    host = place if device.runtime is None else np.empty(place.shape, np.float32)
    target = host.transpose(0, 2, 3, 1) if samples.dtype == np.uint8 and samples.ndim == 4 else host
    finish.apply(samples, target[: len(samples)])
    target[len(samples) :] = 0
    if device.runtime is not None:
        device.put(place, host)
    plan.run()
    return np.array(device.fetch(plan.outputs[0])[: len(samples)], dtype=np.float32)


def predict(
    model: Model, paths: Iterable[str], *, batch_size: int = 32, top: int = 1, threads: int = 2
) -> Iterator[Record]:
    """One record per file: ``{"path", "class", "probability", "top": [...]}`` or ``{"path", "error"}``.

    Raises:
        ConfigError: if the model's output is no vector of class probabilities.
    """
    classes = model.info.classes
    for path, result in outputs(model, paths, batch_size=batch_size, threads=threads):
        if isinstance(result, str):
            yield {"path": path, "error": result}
            continue
        if result.ndim != 1:
            raise ConfigError(f"the model gives {result.shape} per image, not one probability per class; use extract")
        order = np.argsort(-result, kind="stable")[: max(top, 1)]
        ranked = [{"class": _name(classes, int(i)), "index": int(i), "probability": float(result[i])} for i in order]
        record: Record = {"path": path, **ranked[0]}
        if top > 1:
            record["top"] = ranked
        yield record


def extract(
    model: Model, paths: Iterable[str], layer: str, *, batch_size: int = 32, threads: int = 2
) -> Iterator[Record]:
    """One record per file: ``{"path", "layer", "shape", "values"}`` or ``{"path", "error"}``."""
    heads = model.inner(layer)
    for path, result in outputs(model, paths, batch_size=batch_size, heads=heads, threads=threads):
        if isinstance(result, str):
            yield {"path": path, "error": result}
        else:
            values = [float(v) for v in result.reshape(-1)]
            yield {"path": path, "layer": layer, "shape": list(result.shape), "values": values}


def _name(classes: list[str] | None, index: int) -> str:
    return classes[index] if classes and index < len(classes) else str(index)
