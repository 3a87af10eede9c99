"""The data sets of a config: sources opened, preprocessing checked, iterators made."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from mxtrain.base.errors import ConfigError
from mxtrain.config.component import Chosen
from mxtrain.config.tree import Tree
from mxtrain.data import decoders, resizers, sources
from mxtrain.data.iterator import DataIter, Options, Types, first_image
from mxtrain.data.paths import expand
from mxtrain.data.pipeline import Preprocess, Step, prepare
from mxtrain.data.source import OpenSource
from mxtrain.train.device import gpus_of
from mxtrain.train.on_device import OnDevice, device_part
from mxtrain.train.schema import Config

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DataSet:
    """One data set of a run.

    Args:
        it: its batches.
        source: what it reads.
        preprocess: what happens to its images.
        on_device: the part of it that a device does, or None.
    """

    it: DataIter
    source: OpenSource
    preprocess: Preprocess
    on_device: OnDevice | None = None


def data_folder(config: Config, where: Path) -> Path:
    """The folder that data paths start from."""
    return expand(config.data.root, where) if config.data.root else where


class Tools(NamedTuple):
    """The libraries that make pixels: results are bits of them too."""

    decoder: str
    resizer: str


def tools_of(preprocess: Mapping[str, Any]) -> Tools:
    """What a checkpoint says of them."""
    return Tools(str(preprocess.get("decoder", "pillow")), str(preprocess.get("resizer", "pillow")))


def tools_for(config: Config, kept: Tools | None = None) -> Tools:
    """The libraries of a run: as its config says, else as its checkpoint, else the fastest that are installed.

    Raises:
        BackendUnavailable: if the config asks for a decoder that cannot be used, with all that lacks.
    """
    found = kept or Tools(decoders.best(), resizers.best())
    asked = config.data.decoder
    return found if asked == "auto" else found._replace(decoder=decoders.needed(asked))


def open_set(
    config: Config, tree: Tree, where: Path, name: str, *, tools: Tools | None = None, on_device: bool = False
) -> DataSet | None:
    """The data set called `name` (train or val), or None if the config has none.

    Args:
        tools: that make pixels; None: as the config says, or the fastest that are installed.
        on_device: leave to a device what it can do of the augmentation.

    Raises:
        DataError: if its files are missing or damaged.
        ConfigError: if the augmenters do not fit them: at the config's line.
        BackendUnavailable: as `tools_for`.
    """
    chosen: Chosen | None = getattr(config.data, name)
    if chosen is None:
        return None
    training, used = name == "train", tools or tools_for(config)
    source = sources.REGISTRY.get(chosen.name).open(chosen.params, data_folder(config, where))
    if training and config.batch_size > len(source):
        log.warning(
            "batch_size is %d, but data.train has %d samples: an epoch is one update", config.batch_size, len(source)
        )
    steps = [Step(c.name, c.params) for c in config.augment]
    try:
        preprocess = prepare(steps, first_image(source), training=training)
        preprocess = replace(preprocess, **used._asdict(), gpu=gpus_of(config.device)[0])
        # What blends samples needs them as they will be.
        part = device_part(preprocess, first_image(source)) if on_device and training and not config.mix else None
        it = DataIter(source, part.host if part else preprocess, iterator_options(config, training))
    except ConfigError as e:
        at = ("augment",) if config.augment else ("data", name)
        raise ConfigError([tree.problem(at, p) for p in e.problems]) from None
    for text in preprocess.replaced() if any(f.formats for f in source.inputs.values()) else ():
        log.warning("data.%s: %s", name, text)
    if part is not None:
        images = {n for n, f in source.inputs.items() if f.image}
        sized = {n: t._replace(shape=(*t.shape[:2], *part.size)) for n, t in it.net_types.inputs.items() if n in images}
        inputs = {**it.net_types.inputs, **sized}
        it.net_types = Types(inputs, it.net_types.labels)
    return DataSet(it, source, preprocess, part)


def iterator_options(config: Config, training: bool) -> Options:
    """How samples become batches."""
    data = config.data
    rows = config.batch_size if training else config.eval_batch_size or config.batch_size
    threads = None if data.threads == "auto" else data.threads
    values = {
        "batch_size": rows, "training": training, "seed": config.seed, "shuffle": data.shuffle,
        "last_batch": data.last_batch, "on_error": data.on_error, "max_bad": data.max_bad, "threads": threads,
        "overlap": data.overlap,
    }  # fmt: skip
    return Options(**values)  # type: ignore[arg-type]


def resolved_root(config: Config, where: Path) -> str:
    """The data folder as it is written into the run's config: absolute, the environment variable filled in."""
    return os.fspath(data_folder(config, where).resolve())


def describe(sets: Sequence[tuple[str, DataSet]]) -> dict[str, Any]:
    """data.json: what tells later whether the data has changed."""
    return {name: {"samples": len(s.source), **s.source.fingerprint()} for name, s in sets}
