from __future__ import annotations

import pytest

from mxtrain.formats.symbol_cut import cut
from mxtrain.formats.symbol_json import JsonEntry, JsonGraph, JsonNode

GRAPH = JsonGraph(
    (
        JsonNode("null", "data"),
        JsonNode("Odd", "side", inputs=(JsonEntry(0),)),
        JsonNode("SliceChannel", "parts", {"num_outputs": "2"}, (JsonEntry(0),), control_deps=(1,)),
        JsonNode("Flatten", "a.1", inputs=(JsonEntry(2, 1),)),
        JsonNode("Odd", "top", inputs=(JsonEntry(3), JsonEntry(1))),
    ),
    (JsonEntry(4),),
)


def test_only_what_is_needed_stays():
    found = cut(GRAPH, ["a.1"])
    assert [n.name for n in found.nodes] == ["data", "parts", "a.1"] and found.heads == (JsonEntry(2),)
    assert found.nodes[1].control_deps == () and found.nodes[2].inputs == (JsonEntry(1, 1),)


def test_several_and_numbered_outputs():
    found = cut(GRAPH, ["parts.1", "side"])
    assert [n.name for n in found.nodes] == ["data", "side", "parts"]
    assert found.heads == (JsonEntry(2, 1), JsonEntry(1)) and found.nodes[2].control_deps == (1,)


@pytest.mark.parametrize("names", [["nothing"], ["a.1", "parts.x"], ["nothing.0"]])
def test_a_name_that_is_not_there_cuts_nothing(names):
    assert cut(GRAPH, names) is GRAPH
