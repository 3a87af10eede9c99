from __future__ import annotations

import numpy as np

from mxtrain.data.batch import Batch


def test_mask_leaves_out_padding_and_unreadable_rows():
    batch = Batch({}, {}, 3, np.array([4, 5, 6, -1]), 8, {1: "damaged"})
    assert batch.mask.tolist() == [True, False, True, False]


def test_mask_of_a_whole_batch():
    assert Batch({}, {}, 2, np.array([0, 1]), 0).mask.all()
