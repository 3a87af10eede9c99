from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import FormatError
from mxtrain.formats.symbol_text import graph_text

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from('\t\r\n\\"'), max_size=12)


@given(st.dictionaries(texts, texts | st.lists(st.integers(0, 99), max_size=14), max_size=4))
def test_what_is_written_is_json(tree):
    assert json.loads(graph_text(tree)) == tree


def test_layout_is_mxnets():
    tree = {"nodes": [{"op": "null", "inputs": []}], "heads": ((0, 0, 0),), "attrs": {"v": ["int", 1]}}
    assert graph_text(tree) == (
        '{\n  "nodes": [\n    {\n      "op": "null", \n      "inputs": []\n    }\n  ], \n'
        '  "heads": [[0, 0, 0]], \n  "attrs": {"v": ["int", 1]}\n}'
    )


def test_eleven_items_stand_on_lines_of_their_own():
    assert "\n" not in graph_text({"a": list(range(10))})[2:-2].strip()
    assert graph_text({"a": tuple(range(11))}).count("\n") == 14
    entries = graph_text({"a": tuple((i, 0, 0) for i in range(11))})
    assert entries.splitlines()[2] == "    [0, 0, 0], "


def test_escapes_are_those_that_mxnet_reads():
    assert graph_text({"a": 'é\n\t\r"\\'}) == '{\n  "a": "é\\n\\t\\r\\"\\\\"\n}'


@pytest.mark.parametrize("text", ["\x00", "\x1b", "\ud800"])
def test_other_control_characters_are_refused(text):
    with pytest.raises(FormatError, match="control character"):
        graph_text({"a": text})
