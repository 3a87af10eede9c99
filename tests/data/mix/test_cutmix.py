from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.random import words
from mxtrain.data import mixer
from mxtrain.data.mix import cutmix
from mxtrain.data.mix.cutmix import MIXER, Params


@pytest.mark.parametrize("per", ["batch", "sample"])
def test_labels_weigh_what_the_image_shows(per):
    count = 40
    images = np.broadcast_to(np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1), (count, 20, 30, 3))
    drawn = words((1, 1), 0, 0, count, MIXER.words)
    out = MIXER.apply(Params(per=per), images, np.arange(count, dtype=np.float32), count, drawn)
    shown = (out.images[..., 0].reshape(count, -1, 1) == np.arange(count)).mean(axis=1)
    np.testing.assert_allclose(out.labels, shown, atol=1e-6)
    partner = mixer.partners(drawn[:, 0])
    for row in range(count):
        assert set(np.unique(out.images[row])) <= {row, partner[row]}
    mixed = np.flatnonzero(partner != np.arange(count))
    different = len(np.unique(out.labels[mixed, mixed]))
    assert different == 1 if per == "batch" else different > 20


def test_rectangles_lie_inside_and_have_the_area():
    drawn = words((2, 1), 0, 0, 4000, MIXER.words)
    top, left, bottom, right = cutmix.boxes(Params(), 50, 80, drawn).T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (bottom <= 50).all()
    assert (right <= 80).all()
    assert (bottom >= top).all()
    assert (right >= left).all()
    inside = (top > 0) & (left > 0) & (bottom < 50) & (right < 80)
    area = 1 - mixer.draw_beta(1.0, drawn[:, 1], drawn[:, 2])[inside]
    kept = ((bottom - top) * (right - left) / 4000)[inside]
    assert (kept <= area).all()
    assert (area - kept).max() < 0.04


def test_every_pixel_is_reached():
    drawn = words((2, 2), 0, 0, 500, MIXER.words)
    seen = np.zeros((20, 30), bool)
    for top, left, bottom, right in cutmix.boxes(Params(), 20, 30, drawn):
        seen[top:bottom, left:right] = True
    assert seen.all()
