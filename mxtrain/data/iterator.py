"""DataIter: a source as a stream of batches, the same for any number of threads, beginning anywhere in an epoch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import ConfigError, DataError
from mxtrain.base.params import declare, param
from mxtrain.base.types import TensorType
from mxtrain.data import decoders, resizers
from mxtrain.data.augmenter import Finish, ImageSpec
from mxtrain.data.batch import Batch
from mxtrain.data.pipeline import Preprocess
from mxtrain.data.prefetch import prefetch
from mxtrain.data.rows import Bad, Filler, Target, fill, too_many
from mxtrain.data.shuffle import Order, Within
from mxtrain.data.source import OpenSource, Streamed
from mxtrain.data.stages import Stages, cores
from mxtrain.data.streaming import Walk
from mxtrain.data.turns import Turns

# Of encoded images. What a job costs beside its rows, most of it drawing random numbers, is below 1 %.
_ROWS_PER_JOB = 16
_BATCHES_ORDERED_AT_ONCE = 32


@declare
class Options:
    """How samples become batches."""

    batch_size: int = param(ge=1, doc="samples per batch")
    training: bool = param(True, doc="False: samples in order, the last batch padded, unreadable samples marked")
    seed: int = param(0, ge=0, doc="of the order and of every augmentation")
    shuffle: bool = param(True, doc="a new order in every epoch (training only)")
    last_batch: Literal["keep", "drop", "wrap"] = param(
        "keep", doc="a short last batch in training is kept, dropped, or filled from the beginning of the epoch's order"
    )
    on_error: Literal["stop", "skip"] = param(
        "stop", doc="an unreadable sample stops, or is replaced by the next good one (training) or marked (evaluation)"
    )
    max_bad: float = param(
        0.001, ge=0, le=1, doc="part of the samples that may be replaced under skip before it stops; one always may"
    )
    threads: int | None = param(
        None, ge=0, le=256, doc="threads that read and decode; 0: none; default: by the kind of data"
    )
    overlap: Literal["auto", "always", "never"] = param(
        "auto", doc="threads work while the consumer computes; auto: if that is measured to be faster"
    )
    ahead: int = param(3, ge=1, doc="batches that are prepared ahead")
    ring: int = param(2, ge=1, doc="further batches that may be drawn before a batch's arrays are used again")


class Types(NamedTuple):
    """Types of the arrays of a full batch."""

    inputs: dict[str, TensorType]
    labels: dict[str, TensorType]


class DataIter:
    """Batches of an open source.

    Args:
        source: an open source.
        preprocess: from `prepare`, made for training or for evaluation as `options` says.
        options: batch size, order, errors, threads.

    Attributes:
        samples: real samples in an epoch of batches.
        batches: batches in an epoch.
        types: of a full batch's arrays, as they come: images (N, H, W, C) uint8, others float32.
        net_types: of the variables they feed, once finished: images (N, C, H, W) float32, others as they come.
        finish: how the feeder turns images into floats (and, with one number, other inputs).
        bad: id -> reason of every sample found unreadable so far; a checkpoint may carry it.

    Raises:
        ConfigError: if the augmenters do not fit the source.
        DataError: if there are fewer samples than one batch and short batches are dropped.
    """

    def __init__(self, source: OpenSource, preprocess: Preprocess, options: Options) -> None:
        self.source, self.options = source, options
        self.finish: Finish = preprocess.finish
        self.bad: dict[int, str] = {}
        size, batch = len(source), options.batch_size
        if size == 0:
            raise DataError("the data source holds no samples")
        if not options.training and any(s.augmenter.random for s in preprocess.steps):
            raise ValueError("evaluation needs preprocessing made with training=False")
        self._images = _image_shapes(source, preprocess)
        self.types = self._types(batch)
        self.net_types = Types({n: self._net_type(n, t) for n, t in self.types.inputs.items()}, self.types.labels)
        drop = options.training and options.last_batch == "drop"
        self.batches = size // batch if drop else -(-size // batch)
        self.samples = self.batches * batch if drop or self._wraps else size
        if not self.batches:
            raise DataError(
                f"{size} samples do not fill one batch of {batch} and last_batch is drop; say keep, or fewer per batch"
            )
        errors = "stop" if options.on_error == "stop" else "replace" if options.training else "mark"
        order = Order(size, options.seed, options.shuffle and options.training)
        slow = any(f.formats for f in source.inputs.values()) or any(
            s.augmenter.apply_batch is None for s in preprocess.steps
        )
        self.threads = (min(4, cores()) if slow else 0) if options.threads is None else options.threads
        # Without threads, batches are made by who waits for them.
        self._turns = Turns(options.overlap if self.threads else "always")
        allowed = max(1, int(options.max_bad * size))
        self._filler = Filler(source, preprocess, order, options.seed, errors, allowed, turns=self._turns)

    @property
    def _wraps(self) -> bool:
        return self.options.training and self.options.last_batch == "wrap"

    def _types(self, batch: int) -> Types:
        inputs: dict[str, TensorType] = {}
        for name, field in self.source.inputs.items():
            shape = self._images.get(name) or field.type.known_shape
            if shape is None:
                raise ConfigError(f"input {name!r}: samples of unknown shape {field.type} cannot form a batch")
            inputs[name] = TensorType((batch, *shape), "uint8" if field.image else "float32")
        labels = {n: TensorType((batch, *(f.type.known_shape or ())), "float32") for n, f in self.source.labels.items()}
        return Types(inputs, labels)

    def _net_type(self, name: str, host: TensorType) -> TensorType:
        if name not in self._images:
            return host
        n, h, w, c = host.shape
        return TensorType((n, c, h, w), "float32")

    @contextmanager
    def epoch(self, number: int, start: int = 0) -> Iterator[Iterator[Batch]]:
        """The batches of an epoch from batch `start` on: nothing before it is read, and what follows is as ever.

        The arrays of a batch are used again once `ring` more batches were drawn. Leaving the context ends all threads.

        Raises:
            DataError: from the iterator, naming the sample that cannot be read.
        """
        if not 0 <= start <= self.batches:
            raise ValueError(f"start must be a batch number from 0 to {self.batches}, got {start}")
        ahead = self.options.ahead if self.threads else 0
        buffers = [self._buffers() for _ in range(min(self.options.ring + ahead, self.batches - start))]
        source = self.source
        tasks = self._streamed(source, number, start, buffers) if isinstance(source, Streamed) else None
        tasks = tasks or self._tasks(number, start, buffers)
        self._turns.pause()
        with closing(tasks), prefetch(tasks, partial(self._jobs, number), self.threads, self.options.ahead) as results:
            try:
                yield self._timed(self._finished(task, found) for task, found in results)
            finally:
                self._turns.pause()

    def computing(self) -> None:
        """Told by the consumer when it begins to compute a batch: threads may rest until it asks for the next one."""
        self._turns.compute()

    def timings(self) -> Stages:
        """How long each stage took so far, over all epochs."""
        encoded = any(f.formats for f in self.source.inputs.values())
        made = self._filler.preprocess
        fast = decoders.usable(made.decoder) != "pillow" and resizers.usable(made.resizer) != "pillow"
        return self._filler.clock.read()._replace(threads=self.threads, cores=cores(), encoded=encoded, fast=fast)

    def _timed(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        while True:
            self._turns.wait()
            begun = perf_counter()
            batch = next(batches, None)
            if batch is None:
                return
            self._filler.clock.wait(perf_counter() - begun)
            yield batch

    def _buffers(self) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        return (
            {n: np.empty(t.shape, t.dtype) for n, t in self.types.inputs.items()},
            {n: np.empty(t.shape, t.dtype) for n, t in self.types.labels.items()},
        )

    def _tasks(self, epoch: int, start: int, buffers: list[Any]) -> Generator[_Task, None, None]:
        """The batches to make: which samples, into which arrays."""
        size, batch = len(self.source), self.options.batch_size
        for block in range(start, self.batches, _BATCHES_ORDERED_AT_ONCE):
            end = min(self.batches, block + _BATCHES_ORDERED_AT_ONCE)
            last = end * batch if self._wraps else min(end * batch, size)
            ids = self._filler.order.at(epoch, np.arange(block * batch, last))
            for index in range(block, end):
                chosen = ids[(index - block) * batch : (index - block + 1) * batch]
                yield self._task(index * batch, chosen, buffers[(index - start) % len(buffers)], self._filler)

    def _streamed(self, source: Streamed, epoch: int, start: int, buffers: list[Any]) -> Generator[_Task, None, None]:
        """The same of a stream, which is walked through from its beginning, whatever the start."""
        size, batch = len(source), self.options.batch_size
        key = (self.options.seed, epoch) if self.options.shuffle and self.options.training else None
        allowed = self._filler.allowed if self._filler.on_error == "replace" else None
        with closing(Walk(source, key, self.bad, allowed)) as walk:
            for index in range(self.batches):
                wanted = batch if self._wraps else min(batch, size - index * batch)
                ids, taken = walk.take(wanted)
                if index < start:
                    continue
                if allowed is None and index * batch + wanted == size:
                    walk.finish()
                filler = replace(self._filler, source=taken, order=Within(ids, index * batch))
                yield self._task(index * batch, ids, buffers[(index - start) % len(buffers)], filler)

    def _task(self, first: int, chosen: NDArray[np.int64], buffers: Any, filler: Filler) -> _Task:
        valid = len(chosen)
        rows = valid if self.options.training else self.options.batch_size
        inputs, labels = buffers
        held = np.full(rows, -1, np.int64)
        held[:valid] = chosen
        return _Task(first, valid, Target(_head(inputs, rows), _head(labels, rows), held, chosen), filler)

    def _jobs(self, epoch: int, task: _Task) -> list[Callable[[], list[Bad]]]:
        encoded = any(f.formats for f in self.source.inputs.values())
        step = max(1, -(-task.valid // max(1, self.threads)))
        if encoded:
            step = min(step, _ROWS_PER_JOB)
        parts = (range(a, min(a + step, task.valid)) for a in range(0, task.valid, step))
        return [partial(fill, task.filler, epoch, task.first, part, task.target) for part in parts]

    def _finished(self, task: _Task, found: list[list[Bad]]) -> Batch:
        target, valid = task.target, task.valid
        errors = {}
        for bad in (b for part in found for b in part):
            self.bad[bad.id] = bad.reason
            if bad.row is None and len(self.bad) > self._filler.allowed:
                raise DataError(too_many(len(self.bad), self._filler.allowed, bad.reason))
            if bad.row is not None:
                errors[bad.row] = bad.reason
        for array in (*target.inputs.values(), *target.labels.values()):
            # A real sample: it cannot make a net divide by zero, as a blank one can.
            array[valid:] = array[:1]
        return Batch(target.inputs, target.labels, valid, target.ids, task.first, errors)


class _Task(NamedTuple):
    """A batch to make: position of its first row, rows that hold samples, its arrays, and what fills them."""

    first: int
    valid: int
    target: Target
    filler: Filler


def _head(arrays: dict[str, NDArray[Any]], rows: int) -> dict[str, NDArray[Any]]:
    return {name: array[:rows] for name, array in arrays.items()}


def _image_shapes(source: OpenSource, preprocess: Preprocess) -> dict[str, tuple[int, int, int]]:
    """(H, W, C) of each image input of a batch."""
    shapes = {}
    for name, field in source.inputs.items():
        if not field.image:
            continue
        spec = preprocess.infer(image_spec(source, name))
        if spec.height is None or spec.width is None or spec.channels is None:
            raise ConfigError(
                f"input {name!r}: images of different sizes ({spec}) cannot form a batch; add a crop with a size"
            )
        shapes[name] = (spec.height, spec.width, spec.channels)
    return shapes


def image_spec(source: OpenSource, name: str) -> ImageSpec:
    """What a source knows of the images of one of its inputs."""
    shape = source.inputs[name].type.shape
    if shape is None or len(shape) != 3:
        return ImageSpec(None, None, None)
    return ImageSpec(shape[0], shape[1], shape[2])


def first_image(source: OpenSource) -> ImageSpec | None:
    """What a source knows of its images, for `prepare`; None if it gives none."""
    return next((image_spec(source, name) for name, field in source.inputs.items() if field.image), None)
