from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mxtrain.config.dump import dump
from mxtrain.config.load import loads
from mxtrain.config.tree import Tree

TEXT = """\
epochs: 10
optimizer: {name: sgd, lr: 0.001}
net:
  - convolution: {kernel: [3, 3], num_filter: 64, stride: [1, 1], pad: [1, 1], no_bias: true, num_group: 1}
  - dropout
none: null
empty: {}
"""


def test_short_things_stand_on_one_line():
    assert dump(loads(TEXT)) == TEXT


def test_nothing():
    assert dump(Tree({})) == "{}\n"


def test_origins():
    tree = loads("a: 1\nb: {c: 2, d: [1, 2]}\ne: [1]\n", "x.yaml", ["b.c=3", "f=[1, 2]"])
    filled = Tree({**tree.data, "g": {"h": 0.5}}, tree.values, tree.keys)
    assert dump(filled, origins=True) == (
        "a: 1  # x.yaml:1\n"
        "b:\n"
        "  c: 3  # command line\n"
        "  d: [1, 2]  # x.yaml:2\n"
        "e: [1]  # x.yaml:3\n"
        "f: [1, 2]  # command line\n"
        "g: {h: 0.5}  # default\n"
    )


def test_a_file_name_cannot_break_out_of_its_comment():
    assert dump(loads("a: 1\n", "x\ny: 2"), origins=True) == "a: 1  # x\\ny: 2:1\n"


KEYS = st.text(min_size=1, max_size=128).filter(lambda key: key != "<<")
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**40), 10**40), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=30,
)


@given(st.dictionaries(KEYS, DATA, min_size=1, max_size=5))
def test_what_is_dumped_loads_as_the_same(data):
    assert loads(dump(Tree(data))).data == data
    assert loads(dump(Tree(data), origins=True)).data == data
