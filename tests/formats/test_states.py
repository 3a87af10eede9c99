from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats.ndarray_body import body_chunks
from mxtrain.formats.states import load_states

A = np.float32([[1, 2], [3, 4]])


def text(s):
    return b"\x8c" + bytes([len(s)]) + s.encode()


def symbol(module, name, protocol=4):
    if protocol < 4:
        return b"c" + module.encode() + b"\n" + name.encode() + b"\n"
    return text(module) + text(name) + b"\x93"


def array(a=A, protocol=4, handle="bytearray"):
    """The instructions by which Python pickles one NDArray."""
    body = b"".join(body_chunks(a, "a"))
    raw = b"B" + struct.pack("<I", len(body)) + body
    wrapped = symbol("builtins", handle, protocol) + raw + b"\x85R"
    if protocol == 5:
        wrapped = b"\x96" + struct.pack("<Q", len(body)) + body
    key = b"X" + struct.pack("<I", 6) + b"handle"
    return symbol("mxnet.ndarray.ndarray", "NDArray", protocol) + b"N\x85R" + b"}" + key + wrapped + b"sb"


def states(*items, protocol=4):
    return b"\x80" + bytes([protocol]) + b"}(" + b"".join(items) + b"u."


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_none_array_and_tuples(protocol):
    one = array(protocol=protocol)
    data = states(
        b"K\x00N", b"M\x01\x01" + one, b"J\x02\x00\x01\x00" + one + one + b"\x86", text("fc") + b")", protocol=protocol
    )
    found = load_states(data)
    assert list(found) == [0, 257, 65538, "fc"]
    assert found[0] is None
    assert found[257].tolist() == A.tolist()
    assert [x.tolist() for x in found[65538]] == [A.tolist()] * 2
    assert found["fc"] == ()
    assert np.shares_memory(found[257], np.frombuffer(data, np.uint8))


def test_memory_of_the_pickler_is_followed():
    one = array()
    data = b"\x80\x04}\x94(K\x00" + one + b"\x94K\x01h\x01K\x02h\x01h\x01N\x87u."
    found = load_states(data)
    assert found[0] is found[1] is found[2][0]
    put = b"\x80\x03}q\x00(K\x00" + one + b"r\x07\x00\x00\x00K\x01j\x07\x00\x00\x00u."
    assert load_states(put)[1].tolist() == A.tolist()


GLOBALS = [
    "os.system", "posix.system", "builtins.eval", "builtins.exec", "builtins.getattr", "builtins.__import__",
    "subprocess.Popen", "mxnet.ndarray.ndarray.array", "mxnet.ndarray.NDArray", "mxnet.optimizer.optimizer.SGD",
    "numpy.core.multiarray._reconstruct", "_codecs.encode", "operator.attrgetter", "runpy.run_path",
]  # fmt: skip


@pytest.mark.parametrize("name", GLOBALS)
@pytest.mark.parametrize("protocol", [2, 4])
def test_every_other_global_is_refused(name, protocol, tmp_path):
    module, _, leaf = name.rpartition(".")
    canary = tmp_path / "canary"
    command = f"touch {canary}"
    evil = symbol(module, leaf, protocol) + b"X" + struct.pack("<I", len(command)) + command.encode() + b"\x85R"
    with pytest.raises(FormatError, match=rf"offset \d+: refused to load '{name}'"):
        load_states(states(b"K\x00" + evil, protocol=protocol))
    assert not canary.exists()


@pytest.mark.parametrize(
    "code", list(b"ioPQI\x81\x92\x82\x83\x84LFGSTUVde]al0210g\x8a\x8b\x88\x89\x8f\x90\x91\x97\x98")
)
def test_every_other_instruction_is_refused(code):
    with pytest.raises(FormatError, match=rf"f.states: offset 2: instruction {code:#04x}"):
        load_states(b"\x80\x04" + bytes([code]) + b"os\nsystem\n.", "f.states")


BODY = b"".join(body_chunks(A, "a"))
ND = symbol("mxnet.ndarray.ndarray", "NDArray")
BYTEARRAY = symbol("builtins", "bytearray")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "expected 1 bytes, got 0"),
        (b"(dp0\n.", "expected a pickle of protocol 2 to 5"),
        (b"\x80\x06N.", "protocol 2 to 5, got 6"),
        (b"\x80\x04N.", "expected one dict of states, got NoneType"),
        (b"\x80\x04}}.", "expected one dict"),
        (b"\x80\x04.", "finds no value"),
        (b"\x80\x04(.", "finds no value"),
        (b"\x80\x04u.", "finds no mark"),
        (b"\x80\x04}(K\x00u.", "without a value"),
        (states(b"NN"), "new integer or text"),
        (states(b"K\x00N", b"K\x00N"), "new integer or text"),
        (states(b"K\x00}"), "no dict within a dict"),
        (states(b"K\x00K\x01"), "state 0: expected None, an NDArray or a tuple of those, got int"),
        (states(b"K\x00" + ND), "got Global"),
        (states(b"K\x00" + ND + b"N\x85R"), "an NDArray without data"),
        (states(b"K\x00" + ND + b")R"), r"made from \(None,\)"),
        (states(b"K\x00" + BYTEARRAY + b"K\x09\x85R"), "made from bytes"),
        (states(b"K\x00NN\x85R"), "not one of the allowed globals"),
        (states(b"K\x00" + ND + b"N\x85R}" + text("handle") + b"C\x01xsb"), "to be a bytearray, got bytes"),
        (states(b"K\x00" + ND + b"N\x85R}b"), "filled once"),
        (b"\x80\x04h\x00.", "memo entry 0 does not exist"),
        (b"\x80\x04\x94.", "nothing to remember"),
        (b"\x80\x04\x8c\x01\xff.", "not UTF-8"),
        (b"\x80\x04X\xff\xff\xff\xff.", "at most 4096 bytes"),
        (b"\x80\x04B\xff\xff\xff\xff.", "expected 4294967295 bytes, got 1"),
        (b"\x80\x04cos", "expected a line"),
        (b"\x80\x04" + b"N" * 100_001 + b".", "stack of at most 100000"),
        (states(b"K\x00" + b"N" + b"\x85" * 6), "tuples nested or shared"),
    ],
)  # fmt: skip
def test_damage_is_located(data, problem):
    with pytest.raises(FormatError, match=problem):
        load_states(data)


def test_shared_tuples_do_not_unfold_without_end():
    wide = b"(" + b"N" * 1000 + b"t\x94" + b"(" + b"h\x00" * 1000 + b"t\x94" + b"(" + b"h\x01" * 1000 + b"t\x87"
    with pytest.raises(FormatError, match="tuples nested or shared"):
        load_states(b"\x80\x04}K\x00" + wide + b"s.")


def test_damaged_files_load_or_are_refused(mutate, rng):
    seed = states(b"K\x00N", b"K\x01" + array(), b"K\x02" + array() + array() + b"\x86")
    for _ in range(3000):
        try:
            load_states(mutate(seed, rng))
        except FormatError:
            pass


def test_no_allocation_on_the_word_of_a_header(mutate, rng):
    big = states(b"K\x00N", b"K\x01" + array(np.zeros(100_000, np.float32)))
    tracemalloc.start()
    try:
        for _ in range(200):
            data = mutate(big[:200], rng) + big[200:]
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            try:
                load_states(data)
            except FormatError:
                pass
            assert tracemalloc.get_traced_memory()[1] - before < len(data) + 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.data
def test_states_of_the_golden_runs(data_pack):
    folder = data_pack / "mxnet/golden-train"
    assert load_states(folder / "mlp-sgd-0001.states") == {0: None, 1: None, 2: None, 3: None}
    momentum = load_states(folder / "mlp-sgdm-0001.states")
    assert [momentum[i].shape for i in range(4)] == [(32, 784), (32,), (10, 32), (10,)]
    adam = load_states(folder / "mlp-adam-0001.states")
    assert [[x.shape for x in adam[i]] for i in (0, 3)] == [[(32, 784)] * 2, [(10,)] * 2]
    assert all((adam[i][1] >= 0).all() for i in range(4))
    assert len(load_states(folder / "lenet-bn-sgdm-0001.states")) == 9
