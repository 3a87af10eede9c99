"""What every open source obeys."""

from __future__ import annotations

import json

import numpy as np
import pytest

import recordio
from mxtrain.data.sources import REGISTRY


@pytest.fixture(params=["idx", "image_folder", "arrays", "csv", "list", "records"])
def source(request, tmp_path, folder, npz, open_source):
    if request.param == "list":
        lines = [f"{i}\t{i % 2}\t{p.relative_to(folder)}\n" for i, p in enumerate(sorted(folder.rglob("*.png")))]
        (folder / "a.lst").write_text("".join(lines))
        return open_source("list", path=str(folder / "a.lst"))
    if request.param == "records":
        with recordio.Writer(tmp_path / "a.rec") as writer:
            for i, p in enumerate(sorted(folder.rglob("*.png"))):
                writer.write(recordio.pack(recordio.Header(float(i % 2), i), p.read_bytes()), i)
        return open_source("records", path=str(tmp_path / "a.rec"))
    if request.param == "image_folder":
        return open_source("image_folder", path=str(folder))
    if request.param == "arrays":
        return npz(9)
    if request.param == "csv":
        (tmp_path / "a.csv").write_text("x,y,z\n" + "1,2,0\n" * 9)
        return open_source("csv", path=str(tmp_path / "a.csv"), label_columns=["z"])
    (tmp_path / "i").write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 2]) + bytes(36))
    (tmp_path / "l").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 9]) + bytes(9))
    return open_source("idx", images=str(tmp_path / "i"), labels=str(tmp_path / "l"))


def test_every_source_is_tested_here():
    assert set(REGISTRY.names()) == {"arrays", "csv", "idx", "image_folder", "list", "record_stream", "records"}


def image_bytes(encoded):
    """The bytes of an encoded image, wherever they lie."""
    return encoded.content.read_bytes() if hasattr(encoded.content, "read_bytes") else bytes(encoded.content)


def test_rows_are_as_declared_in_any_order(source):
    wanted = np.array([len(source) - 1, 0, 3, 3])
    rows = source.read(wanted)
    assert rows.inputs.keys() == source.inputs.keys()
    assert rows.labels.keys() == source.labels.keys() == {"softmax_label"}
    for name, field in source.inputs.items():
        assert len(rows.inputs[name]) == 4
        assert isinstance(rows.inputs[name], list) == bool(field.formats)
        if not field.formats:
            assert rows.inputs[name].dtype == field.type.dtype
            assert rows.inputs[name].shape[1:] == field.type.shape
    for number, index in enumerate(wanted):
        single = source.read(np.array([index]))
        assert single.labels["softmax_label"][0] == rows.labels["softmax_label"][number]
        one, same = single.inputs["data"][0], rows.inputs["data"][number]
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, same)
        else:
            assert one.name == same.name and image_bytes(one) == image_bytes(same)


def test_no_rows(source):
    assert len(source.read(np.empty(0, np.int64)).inputs["data"]) == 0


def test_rows_are_copies(source):
    rows = source.read(np.array([1]))
    if source.inputs["data"].formats:
        return
    rows.inputs["data"][...] = 77
    assert not (source.read(np.array([1])).inputs["data"] == 77).all()


def test_the_fingerprint_is_json_and_repeats(source):
    assert json.loads(json.dumps(source.fingerprint())) == source.fingerprint()
    assert source.fingerprint()["samples"] == len(source)


def test_samples_have_names(source):
    assert len({source.name(i) for i in range(len(source))}) == len(source)
