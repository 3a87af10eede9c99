from __future__ import annotations

import pytest

from mxtrain.formats.symbol_advice import OTHERWISE, unknown_operators
from mxtrain.formats.symbol_json import JsonNode


def test_one_text_for_each_operator():
    nodes = [JsonNode("null", "data"), JsonNode("Odd", "b"), *(JsonNode("Odder", f"a{i}") for i in range(30))]
    assert unknown_operators(nodes) == [
        f"node 'b': operator 'Odd' is not one that mxtrain has; {OTHERWISE}",
        f"nodes 'a0', 'a1', 'a2' and 27 more: operator 'Odder' is not one that mxtrain has; {OTHERWISE}",
    ]


@pytest.mark.parametrize(
    ("node", "advice"),
    [
        (JsonNode("Custom", "c", {"op_type": "focal"}), "'Custom' (focal) is not one that mxtrain has; its code"),
        (JsonNode("_foreach", "f"), "unroll the loop"),
        (JsonNode("_sg_mkldnn_conv", "s"), "before optimize_for"),
        (JsonNode("_contrib_quantize_v2", "q"), "take the float32 symbol"),
        (JsonNode("_npi_add", "n"), "numpy front"),
    ],
)  # fmt: skip
def test_what_to_do(node, advice):
    (text,) = unknown_operators([node])
    assert advice in text
