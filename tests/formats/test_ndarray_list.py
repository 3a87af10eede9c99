from __future__ import annotations

import io
import mmap
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mxtrain.base.errors import FormatError
from mxtrain.formats.ndarray_body import CSR, BFloat16, RowSparse
from mxtrain.formats.ndarray_list import (
    dumps,
    join_name,
    join_params,
    load,
    load_list,
    save,
    split_name,
    split_params,
)

GRID = np.float32([[1, 2, 3], [4, 5, 6]])
ROWS = [[1, 2, 3], [4, 5, 6]]
ONE = bytes.fromhex(
    "1201000000000000 0000000000000000 0100000000000000 C9FA93F9 00000000 02000000 0200000000000000 0300000000000000"
    "01000000 00000000 00000000 0000803F 00000040 00004040 00008040 0000A040 0000C040 0000000000000000"
)
V0 = bytes.fromhex(
    "1201000000000000 0000000000000000 0100000000000000 02000000 02000000 03000000 01000000 00000000 00000000"
    "0000803F 00000040 00004040 00008040 0000A040 0000C040 0100000000000000 0100000000000000 77"
)


def everything():
    return {
        "arg:w": GRID,
        "aux:m": np.arange(5),
        "b": BFloat16(np.uint16([1, 2])),
        "r": RowSparse((5, 2), np.float32([[1, 2], [3, 4]]), np.int64([1, 3])),
        "c": CSR((3, 4), np.float32([1, 2, 3]), np.int64([0, 2, 2, 3]), np.int64([0, 2, 1])),
        "t": np.array([True, False]),
    }


def test_the_bytes_are_mxnets():
    assert dumps([GRID]) == ONE
    assert load_list(ONE).arrays[0].tolist() == GRID.tolist()
    assert load(V0)["w"].tolist() == GRID.tolist()


@given(
    st.dictionaries(
        st.text(max_size=8).filter(lambda s: s.isprintable()),
        hnp.arrays(
            st.sampled_from(["f4", "f8", "f2", "u1", "i4", "i1", "i8", "?"]), hnp.array_shapes(max_dims=4, max_side=4)
        ),
        max_size=4,
    )
)
def test_a_dict_is_read_back_and_written_again(arrays):
    data = dumps(arrays)
    back = load(data, strict=True)
    assert list(back) == list(arrays)
    for name, a in arrays.items():
        assert back[name].dtype == a.dtype
        np.testing.assert_array_equal(back[name], a)
    assert dumps(back) == data


def test_paths_files_and_memory_maps(tmp_path):
    path = tmp_path / "net-0001.params"
    save(path, everything())
    out = io.BytesIO()
    save(out, everything())
    assert path.read_bytes() == out.getvalue()
    with path.open("rb") as f:
        mapped = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        assert load(mapped)["arg:w"].tolist() == GRID.tolist()


def test_a_list_has_no_names():
    assert load_list(ONE).names == ()
    with pytest.raises(FormatError, match=r"^one.nd: holds 1 arrays without names"):
        load(ONE, "one.nd")
    assert load(dumps({})) == {}


def test_bytes_after_the_end_are_noticed():
    heard = []
    assert list(load(V0 + b"junk", "a.nd", notice=heard.append)) == ["w"]
    assert heard == ["a.nd: offset 89: 4 bytes after the end of the list are ignored"]
    with pytest.raises(FormatError, match="offset 89: 4 bytes after the end"):
        load(V0 + b"junk", strict=True)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "list header: expected 24 bytes, got 0"),
        (b"\x13" + ONE[1:], "offset 0: .*expected magic 0x112, got 0x113"),
        (ONE[:16] + b"\xff" * 8 + ONE[24:], "offset 16: 18446744073709551615 arrays expected, but only 72 bytes"),
        (ONE[:-8] + b"\x02" + ONE[-7:], "offset 88: expected 0 or 1 names, got 2"),
        (V0[:-1], "name 0: expected 1 bytes, got 0 .*byte 88"),
        (V0[:-1] + b"\xff", "offset 88: name 0 is not UTF-8"),
        (V0[:-9] + b"\xff\xff" + V0[-7:], "at most 4096 bytes, got 65535"),
    ],
)
def test_damage_is_located(data, problem):
    with pytest.raises(FormatError, match=f"f.nd: .*{problem}"):
        load_list(data, "f.nd")


def test_names_must_differ_and_fit():
    data = dumps({"a": GRID, "b": GRID})
    with pytest.raises(FormatError, match="name 1: 'a' is there twice"):
        load(data[:-1] + b"a")
    with pytest.raises(FormatError, match="4097"):
        dumps({"x" * 4097: GRID})
    with pytest.raises(FormatError, match="UTF-8"):
        dumps({"\ud800": GRID})


def test_nothing_is_written_if_one_array_is_bad():
    out = io.BytesIO()
    with pytest.raises(FormatError, match="'bad'"):
        save(out, {"good": GRID, "bad": np.float32(1)})
    assert out.getvalue() == b""


def test_names_of_parameters():
    assert split_name("arg:fc:1") == ("arg", "fc:1")
    assert split_name("features.0.weight") == ("", "features.0.weight")
    assert split_name("x:y") == ("", "x:y")
    assert all(join_name(*split_name(n)) == n for n in ("arg:a", "aux:b", "c", "x:y"))
    arguments, auxiliary = split_params({"arg:w": GRID, "aux:m": GRID, "plain": GRID})
    assert (list(arguments), list(auxiliary)) == (["w", "plain"], ["m"])
    assert list(join_params(arguments, auxiliary)) == ["arg:w", "arg:plain", "aux:m"]
    with pytest.raises(FormatError, match="'w' is there twice"):
        split_params({"arg:w": GRID, "w": GRID})
    with pytest.raises(FormatError, match="'arg:w' is a none array"):
        split_params({"arg:w": None})


def test_every_change_of_one_byte_loads_or_is_refused():
    data = dumps(everything())
    for at in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(data)
            changed[at] ^= flip
            try:
                load_list(bytes(changed))
            except FormatError:
                pass


def test_damaged_files_load_or_are_refused(mutate, rng):
    seeds = [dumps(everything()), ONE, V0]
    refused = 0
    for i in range(4000):
        try:
            load_list(mutate(seeds[i % 3], rng))
        except FormatError:
            refused += 1
    assert refused > 1000


def test_no_allocation_on_the_word_of_a_header(mutate, rng):
    big = dumps(everything() | {"big": np.zeros(200_000, np.float32)})
    tracemalloc.start()
    try:
        for _ in range(300):
            data = big[:-60] if rng.random() < 0.1 else mutate(big[:400], rng) + big[400:]
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            try:
                load_list(data)
            except FormatError:
                pass
            assert tracemalloc.get_traced_memory()[1] - before < len(data) + 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.data
class TestDataPack:
    def arrays(self, data_pack, name):
        return load_list(data_pack / "mxnet/format-fixtures" / name).arrays

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("one.nd", [ROWS]), ("list.nd", [[1], [3.0]]), ("dict.nd", [[1.5, -2], [7]]),
            ("e.nd", []), ("none.nd", [[1.0]]), ("v0.nd", [ROWS]), ("v1.nd", [ROWS]),
            ("v2_gpuctx.nd", [ROWS]), ("v2_pinned.nd", [ROWS]), ("v2_t5.nd", [[1, 0]]),
            ("v2_t6.nd", [[1, 0]]), ("v2_t7.nd", [[True, False]]), ("v2_t8.nd", [[1, 0]]), ("v2_trailing.nd", [[1.0]]),
            ("trail2.nd", [[1.0]]), ("scalar_npshape.nd", [5.0]), ("zerosz_npshape.nd", [[], [1.0, 0.0]]),
        ],
    )  # fmt: skip
    def test_fixtures_hold_what_mxnet_loads(self, data_pack, name, values):
        assert [a.tolist() for a in self.arrays(data_pack, name)] == values

    def test_special_fixtures(self, data_pack):
        assert self.arrays(data_pack, "v2_t12.nd")[0].bits.tolist() == [1, 0]
        rows, csr = self.arrays(data_pack, "rsp.nd")[0], self.arrays(data_pack, "csr.nd")[0]
        assert (rows.shape, rows.indices.tolist(), rows.values.tolist()) == ((5, 2), [1, 3], [[1, 2], [3, 4]])
        assert (csr.shape, csr.indptr.tolist(), csr.indices.tolist()) == ((3, 4), [0, 2, 2, 3], [0, 2, 1])
        assert self.arrays(data_pack, "v0_ndim0_none.nd") == self.arrays(data_pack, "v2_ndim0_none.nd") == (None,)
        with pytest.raises(FormatError, match=r"trunc.nd: offset 64: .*truncated at byte 86"):
            self.arrays(data_pack, "trunc.nd")
        legacy = load_list(data_pack / "mxnet/legacy-fixtures/legacy_ndarray.v0").arrays
        assert len(legacy) == 6
        assert all(np.array_equal(a, np.arange(128, dtype=np.float32)) for a in legacy)

    def test_version_2_files_are_written_byte_for_byte(self, data_pack):
        folder = data_pack / "mxnet"
        paths = [*folder.glob("golden-train/*.params"), folder / "models/matchbox-lenet/lenet-0001.params"]
        paths += [folder / "format-fixtures" / n for n in ("one.nd", "list.nd", "dict.nd", "e.nd", "rsp.nd", "csr.nd")]
        assert len(paths) == 19
        for path in paths:
            found = load_list(path, strict=True)
            again = dict(zip(found.names, found.arrays, strict=True)) if found.names else found.arrays
            assert dumps(again) == path.read_bytes(), path.name

    def test_old_models(self, data_pack):
        assert len(load(data_pack / "mxnet/models/mtcnn/det1-0001.params")) == 13
        arrays = load(data_pack / "mxnet/models/mnist-lenet-matlab/mnist-lenet-0-0010.params")
        assert arrays["arg:fullyconnected1_weight"].shape == (10, 500)
