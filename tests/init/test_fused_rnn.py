from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.init._default import read_mxnet
from mxtrain.init._initializer import Stream
from mxtrain.init.fused_rnn import Params, draw
from mxtrain.ops.rnn import Params as Layers
from mxtrain.ops.rnn import cells, size

STREAM = Stream(1, "rnn_parameters")


@pytest.mark.parametrize("mode", ["lstm", "gru", "rnn_tanh"])
@pytest.mark.parametrize("both", [False, True])
def test_every_matrix_has_its_own_limit(mode, both):
    layers = Layers(state_size=40, num_layers=2, mode=mode, bidirectional=both)
    p = Params(num_hidden=40, num_layers=2, mode=mode, bidirectional=both, forget_bias=2.0)
    flat = draw(p, (size(layers, 7),), STREAM)
    for w in cells(layers, flat, 7):
        for matrix in (w.x, w.h):
            limit = math.sqrt(6 / (matrix.shape[1] + 40))
            assert 0.95 * limit < np.abs(matrix).max() <= limit and abs(matrix.mean()) < 0.1 * limit
        for bias in (w.bx, w.bh):
            forget = bias[40:80] if mode == "lstm" else bias[:0]
            assert np.all(forget == 2) and np.count_nonzero(bias) == forget.size


def test_what_mxnets_files_say():
    text = '["fusedrnn", {"init": null, "num_hidden": 5, "num_layers": 2, "mode": "gru", "bidirectional": false, '
    chosen = read_mxnet(text + '"forget_bias": 1.0}]', "gru_parameters")
    assert chosen.name == "fused_rnn" and chosen.params.num_layers == 2


@pytest.mark.parametrize("shape", [(10,), (100, 2), (4 * 3 * (5 + 3 + 2) + 1,)])
def test_a_length_that_no_input_explains(shape):
    with pytest.raises(ConfigError, match="fused_rnn: parameter 'rnn_parameters' must have 1 axis of 60 "):
        draw(Params(num_hidden=3, num_layers=1, mode="lstm"), shape, STREAM)
