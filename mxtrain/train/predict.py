"""Prediction and feature extraction: images or rows in, one record for each out, in order, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import ConfigError, DataError
from mxtrain.data.text_rows import TextRow, numbers
from mxtrain.executor import Plan
from mxtrain.graph import Entry
from mxtrain.train.finisher import Finisher
from mxtrain.train.model import Model
from mxtrain.train.net import Head

Record = dict[str, Any]
Given = str | TextRow
"""What a model is asked about: the path of an image, or a row of numbers."""
Decoded = NDArray[np.uint8] | NDArray[np.float32] | str


def chunks(given: Iterable[Given], size: int) -> Iterator[list[Given]]:
    """Lists of up to `size` of them."""
    rest = iter(given)
    while chunk := list(islice(rest, size)):
        yield chunk


def decode(model: Model, given: Given) -> Decoded:
    """An image or a row ready for the net, or why there is none."""
    if isinstance(given, TextRow):
        return numbers(given, tuple(model.info.inputs[_input(model)]))
    try:
        return model.preprocess.decode(Path(given), name=given)
    except DataError as e:
        return str(e)


def _input(model: Model) -> str:
    return model.row_input or model.image_input


def outputs(
    model: Model, given: Iterable[Given], *, batch_size: int, heads: tuple[Entry, ...] | None = None, threads: int = 2
) -> Iterator[tuple[Record, NDArray[np.float32] | str]]:
    """(what to call it, first output's row or an error text) for every image or row, in order.

    Args:
        heads: what to compute instead of the net's outputs.
        threads: threads that decode.

    Raises:
        ConfigError: if they depend on labels.
    """
    plan = model.program.prediction({**model.types(batch_size), **model.label_types(batch_size)}, heads)
    if needed := [name for name in model.info.labels if name in plan.inputs]:
        raise ConfigError(
            f"what the model gives is made of the label {needed[0]!r}, which is not given here; take an inner layer: "
            "mxtrain extract RUN --layer NAME"
        )
    finisher = Finisher(model.preprocess.finish, plan.device)
    with ThreadPoolExecutor(threads) as pool:
        pending = None
        for chunk in _ended(chunks(given, batch_size)):
            # The next chunk is decoded while this one is computed.
            upcoming = None if chunk is None else (chunk, pool.map(lambda p: decode(model, p), chunk))
            if pending is not None:
                yield from _run(finisher, plan, _input(model), pending[0], list(pending[1]))
            pending = upcoming


def _ended(chunked: Iterator[list[Given]]) -> Iterator[list[Given] | None]:
    yield from chunked
    yield None


def _run(
    finisher: Finisher, plan: Plan, name: str, given: list[Given], samples: list[Decoded]
) -> Iterator[tuple[Record, NDArray[np.float32] | str]]:
    good = [sample for sample in samples if not isinstance(sample, str)]
    found: Iterator[NDArray[np.float32]] = iter(())
    if good:
        found = iter(compute(plan, name, finisher, np.stack(good)))
    for one, sample in zip(given, samples, strict=True):
        place: Record = {"path": one.path, "line": one.line} if isinstance(one, TextRow) else {"path": one}
        yield place, sample if isinstance(sample, str) else next(found)


def compute(plan: Plan, name: str, finisher: Finisher, samples: NDArray[Any]) -> NDArray[np.float32]:
    """The first output of a plan for some samples, at most as many as its batch has.

    Args:
        name: of the input that takes them.
        finisher: pixels to floats.
        samples: images (n, H, W, C) uint8, or floats in the axes of the input.

    Returns:
        (n, ...), which later runs do not change.
    """
    place, device = plan.inputs[name], plan.device
    host = place if device.runtime is None else np.empty(place.shape, np.float32)
    finisher.write(samples, host[: len(samples)])
    # As in evaluation: a blank sample could make a net divide by zero.
    host[len(samples) :] = host[:1]
    if device.runtime is not None:
        device.put(place, host)
    plan.run()
    return np.array(device.fetch(plan.outputs[0])[: len(samples)], dtype=np.float32)


def predict(
    model: Model, given: Iterable[Given], *, batch_size: int = 32, top: int = 1, threads: int = 2
) -> Iterator[Record]:
    """One record for each image or row.

    ``{"path", "class", "probability", "top": [...]}``, or ``{"path", "values"}`` of a model that gives numbers, not a
    score per class, or ``{"path", "error"}``; rows have their ``"line"`` too. A net without a loss, of which nobody
    knows whether it gives probabilities, has a ``"score"`` in their place.

    Raises:
        ConfigError: if the model's output is no vector.
    """
    classes, head = model.info.classes, model.head
    measure = "score" if not head.loss else "probability"
    for name, result in outputs(model, given, batch_size=batch_size, threads=threads):
        if isinstance(result, str):
            yield {**name, "error": result}
            continue
        if _gives_values(head, result, classes or []):
            yield {**name, "values": [float(v) for v in result.reshape(-1)]}
            continue
        if result.ndim != 1:
            raise ConfigError(f"the model gives {result.shape} per image, not one probability per class; use extract")
        order = np.argsort(-result, kind="stable")[: max(top, 1)]
        ranked = [{"class": _name(classes, int(i)), "index": int(i), measure: float(result[i])} for i in order]
        record: Record = {**name, **ranked[0]}
        if top > 1:
            record["top"] = ranked
        yield record


def extract(
    model: Model, given: Iterable[Given], layer: str, *, batch_size: int = 32, threads: int = 2
) -> Iterator[Record]:
    """One record for each image or row: ``{"path", "layer", "shape", "values"}`` or ``{"path", "error"}``."""
    heads = model.inner(layer)
    for name, result in outputs(model, given, batch_size=batch_size, heads=heads, threads=threads):
        if isinstance(result, str):
            yield {**name, "error": result}
        else:
            values = [float(v) for v in result.reshape(-1)]
            yield {**name, "layer": layer, "shape": list(result.shape), "values": values}


def _gives_values(head: Head, result: NDArray[np.float32], classes: list[str]) -> bool:
    """True of numbers that come near to labels; and of a vector of a net without a loss that has not one per class."""
    if head.loss:
        return head.label is not None and head.classes is None
    return result.ndim == 1 and len(classes) != len(result)


def _name(classes: list[str] | None, index: int) -> str:
    return classes[index] if classes and index < len(classes) else str(index)
