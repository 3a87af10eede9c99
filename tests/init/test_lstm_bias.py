from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.init._default import read_mxnet
from mxtrain.init._initializer import Stream
from mxtrain.init.lstm_bias import draw


def test_what_mxnets_files_say():
    chosen = read_mxnet('["lstmbias", {"forget_bias": 2.0}]', "l0_i2h_bias")
    assert chosen.name == "lstm_bias"
    assert draw(chosen.params, (8,), Stream(0, "b")).tolist() == [0, 0, 2, 2, 0, 0, 0, 0]


@pytest.mark.parametrize("shape", [(6,), (4, 2)])
def test_what_is_no_bias_of_four_gates(shape):
    with pytest.raises(ConfigError, match="lstm_bias: parameter 'b' must have 1 axis of 4 H elements"):
        draw(read_mxnet("lstmbias", "b").params, shape, Stream(0, "b"))
