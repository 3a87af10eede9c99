"""cutmix: a rectangle of every image shows the same place of another of its batch; labels mix as the areas do.

Yun et al., "CutMix: Regularization strategy to train strong classifiers with localizable features", ICCV 2019: with l
from Beta(alpha, alpha) the rectangle has sqrt(1 - l) of the height and of the width, and any pixel as its centre. What
lies beyond the edge is lost; the label's weight is the part of the image that is really left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.data import mixer
from mxtrain.data.augmenter import Image, Words
from mxtrain.data.mixer import Labels, Mixed, Mixer


@declare
class Params:
    """Paste a rectangle of another image of the batch. Labels become probabilities. Left out in evaluation."""

    alpha: mixer.Alpha = param(1.0, doc="of the Beta distribution that the area comes from; 1: every area alike likely")
    per: mixer.Per = param("batch", doc="one rectangle for the whole batch, or one for each sample")
    probability: float = param(1.0, ge=0, le=1, doc="part of the batches (or samples, as per says) that are mixed")


def boxes(params: Params, height: int, width: int, words: Words) -> NDArray[np.int64]:
    """(N, 4) rectangles (top, left, bottom, right); words: (N, 6) pairing, two of the area, centre (y, x), whether."""
    size = np.array([height, width])
    left = mixer.draw_beta(params.alpha, words[:, 1], words[:, 2])
    left = np.where(uniform(words[:, 5]) < params.probability, left, 1.0)
    side = (size * np.sqrt(1.0 - left)[:, None]).astype(np.int64)
    centre = (uniform(words[:, 3:5]).astype(np.float64) * size).astype(np.int64)
    begin = centre - side // 2
    return np.concatenate([np.maximum(begin, 0), np.minimum(begin + side, size)], axis=1)


def apply(params: Params, images: Image, labels: Labels, classes: int, words: Words) -> Mixed:
    """(N, H, W, C), (N,) or (N, classes) -> (N, H, W, C), (N, classes); words: (N, 6)."""
    count, height, width = images.shape[:3]
    partner = mixer.partners(words[:, 0])
    corners = boxes(params, height, width, words if params.per == "sample" else words[:1])
    out = images.copy()
    if params.per == "batch":
        top, left, bottom, right = corners[0].tolist()
        out[:, top:bottom, left:right] = images[partner, top:bottom, left:right]
    else:
        for row, (top, left, bottom, right) in enumerate(corners.tolist()):
            out[row, top:bottom, left:right] = images[partner[row], top:bottom, left:right]
    covered = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]) / (height * width)
    weights = np.broadcast_to(1.0 - covered, count).astype(np.float32)
    return Mixed(out, mixer.blended(mixer.soft_labels(labels, classes), partner, weights))


MIXER = Mixer(Params, apply, words=6)
