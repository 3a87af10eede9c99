"""Mixing: blends the samples of training batches (mixup, cutmix), which turns class labels into probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.config.component import Chosen
from mxtrain.config.tree import Tree
from mxtrain.data import mix
from mxtrain.data.batch import Batch
from mxtrain.data.iterator import DataIter
from mxtrain.data.mixer import draw_words
from mxtrain.train.net import Head


@dataclass(frozen=True)
class Mixing:
    """What is done to each training batch, in order.

    Args:
        steps: mixers of a config.
        image: input that holds the images.
        label: the source's name of the label, and the net's.
        classes: number of classes.
        seed: of the run.
    """

    steps: tuple[Chosen, ...]
    image: str
    label: tuple[str, str]
    classes: int
    seed: int

    def types(self, rows: int) -> dict[str, TensorType]:
        """Type of the label of a batch of `rows`, by the net's name."""
        return {self.label[1]: TensorType((rows, self.classes))}

    def apply(self, batch: Batch, epoch: int) -> Batch:
        """The batch mixed. What is drawn depends on the seed, the epoch and the samples' positions in it alone.

        Raises:
            DataError: for a label that is no class.
        """
        images, labels = batch.inputs[self.image], batch.labels[self.label[0]]
        positions = range(batch.first, batch.first + len(batch.ids))
        for k, step in enumerate(self.steps):
            mixer = mix.REGISTRY.get(step.name)
            words = draw_words(mixer, f"{k}/{step.name}", self.seed, epoch, positions)
            images, labels = mixer.apply(step.params, images, labels, self.classes, words)
        return replace(
            batch, inputs={**batch.inputs, self.image: images}, labels={**batch.labels, self.label[0]: labels}
        )


def make_mixing(
    steps: Sequence[Chosen], it: DataIter, heads: Sequence[Head], names: dict[str, str], seed: int, tree: Tree
) -> Mixing | None:
    """The mixing of a config, or None if it asks for none.

    Raises:
        ConfigError: if samples are no images with one class label each.
    """
    if not steps:
        return None
    images = [n for n, t in it.types.inputs.items() if t.dtype == "uint8"]
    labelled = [h for h in heads if h.label is not None and h.classes is not None]
    labels = [n for n, t in it.net_types.labels.items() if len(t.shape) == 1]
    if len(images) != 1 or len(labelled) != 1 or len(labels) != 1:
        text = "needs images with one class label each, and a net with one loss over classes"
        raise ConfigError(tree.problem(("mix",), text))
    return Mixing(tuple(steps), images[0], (labels[0], names[labels[0]]), labelled[0].classes or 0, seed)
