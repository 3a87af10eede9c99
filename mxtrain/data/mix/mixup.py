"""mixup: every sample becomes w * itself + (1 - w) * another of its batch, the image and the label alike.

Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018; w from Beta(alpha, alpha). Pixels are rounded to
the nearest whole number.
"""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.data import mixer
from mxtrain.data.augmenter import Image, Words
from mxtrain.data.mixer import Labels, Mixed, Mixer

_PIXELS_AT_ONCE = 1 << 17


@declare
class Params:
    """Blend the samples of a batch in pairs. Labels become probabilities. Left out in evaluation."""

    alpha: mixer.Alpha = param(0.2, doc="of the Beta distribution that weights come from; small: mostly one of the two")
    per: mixer.Per = param("batch", doc="one weight for the whole batch, or one for each sample")
    probability: float = param(1.0, ge=0, le=1, doc="part of the batches (or samples, as per says) that are mixed")


def weigh(params: Params, words: Words) -> mixer.Labels:
    """(N,) weight of each sample itself; words: (N, 4) pairing, two of the weight, whether."""
    rows = words if params.per == "sample" else np.repeat(words[:1], len(words), axis=0)
    weights = mixer.draw_beta(params.alpha, rows[:, 1], rows[:, 2])
    chosen: mixer.Labels = np.where(uniform(rows[:, 3]) < params.probability, weights, 1.0).astype(np.float32)
    return chosen


def apply(params: Params, images: Image, labels: Labels, classes: int, words: Words) -> Mixed:
    """(N, H, W, C), (N,) or (N, classes) -> (N, H, W, C), (N, classes); words: (N, 4)."""
    weights, partner = weigh(params, words), mixer.partners(words[:, 0])
    out = np.empty(images.shape, np.uint8)
    step = max(1, _PIXELS_AT_ONCE // (images[:1].size or 1))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        weight = weights[part].reshape(-1, 1, 1, 1)
        own, other = images[part].astype(np.float32), images[partner[part]].astype(np.float32)
        own *= weight
        other *= 1 - weight
        own += other
        out[part] = np.rint(own, out=own)
    return Mixed(out, mixer.blended(mixer.soft_labels(labels, classes), partner, weights))


MIXER = Mixer(Params, apply, words=4)
