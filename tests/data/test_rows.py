from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.data import rows
from mxtrain.data.iterator import first_image
from mxtrain.data.pipeline import prepare
from mxtrain.data.rows import Bad, Filler, Target, fill
from mxtrain.data.shuffle import Order


@pytest.fixture
def target():
    def make(ids):
        wanted = np.array(ids)
        count = len(ids)
        data = np.full((count, 8, 8, 3), 99, np.uint8)
        return Target({"data": data}, {"softmax_label": np.full(count, 99, np.float32)}, wanted.copy(), wanted)

    return make


@pytest.fixture
def filler(folder, open_source, steps):
    def make(on_error, allowed=3):
        source = open_source("image_folder", path=str(folder))
        made = prepare(steps(("resize", {"size": 8})), first_image(source), training=True)
        return Filler(source, made, Order(len(source), 0, shuffle=False), 0, on_error, allowed)

    return make


@pytest.fixture
def damage(folder):
    """Make samples 1 and 2 of the folder unreadable."""
    (folder / "ant/1.png").write_bytes(b"nothing")
    (folder / "ant/2.jpg").unlink()
    (folder / "ant/2.jpg").write_bytes(b"")


@pytest.mark.parametrize("limit", [1, 200, 1 << 20])
def test_arrays_filled_a_few_at_once_are_the_same(limit, npz, steps, monkeypatch):
    source = npz(20)
    made = prepare(steps(("random_crop", {"size": 5, "pad": 1}), ("flip", {})), first_image(source), training=True)
    filler = Filler(source, made, Order(20, 0), 0, "stop", 0)
    wanted = np.arange(3, 17)
    out = Target({"data": np.full((14, 5, 5, 1), 99, np.uint8)}, {"softmax_label": np.full(14, 99.0)}, wanted, wanted)
    monkeypatch.setattr(rows, "_BYTES_AT_ONCE", limit)
    assert fill(filler, 2, 40, range(2, 13), out) == []
    assert out.labels["softmax_label"].tolist() == [99, 99, *range(5, 16), 99]
    images = source.read(wanted[2:13]).inputs["data"]
    np.testing.assert_array_equal(out.inputs["data"][2:13], made.apply_batch(images, made.draw(0, 2, 42, 11)))
    assert (out.inputs["data"][[0, 1, 13]] == 99).all()


def test_only_the_rows_asked_for_are_written(filler, target):
    out = target([0, 5, 10])
    assert fill(filler("stop"), 0, 0, range(1, 3), out) == []
    assert out.labels["softmax_label"].tolist() == [99, 1, 2]
    assert (out.inputs["data"][0] == 99).all()
    assert out.inputs["data"][1].std() > 0


@pytest.mark.parametrize(
    "steps_of", [("flip", {"probability": 1}), ("flip", {"probability": 1, "direction": "vertical"})]
)
def test_mirrored_rows_are_whole(steps_of, folder, open_source, steps, target):
    source = open_source("image_folder", path=str(folder))
    made = prepare(steps(("resize", {"size": 8}), steps_of), first_image(source), training=True)
    out = target([0, 5])
    fill(Filler(source, made, Order(len(source), 0, shuffle=False), 0, "stop", 0), 0, 0, range(2), out)
    for row, sample in enumerate((0, 5)):
        image = made.decode(source.read(np.array([sample])).inputs["data"][0].content, [np.empty(0), np.ones(1)])
        np.testing.assert_array_equal(out.inputs["data"][row], image)


@pytest.mark.usefixtures("damage")
def test_stop_names_the_file(filler, target):
    with pytest.raises(DataError, match=r"ant/1\.png: not an image.*; repair or remove it, or .*data\.on_error=skip"):
        fill(filler("stop"), 0, 0, range(2), target([0, 1]))


@pytest.mark.usefixtures("damage")
def test_replace_takes_the_next_of_the_order(filler, target):
    out = target([0, 1])
    bad = fill(filler("replace"), 0, 0, range(2), out)
    assert [(b.id, b.row) for b in bad] == [(1, None), (2, None)]
    assert out.ids.tolist() == [0, 3]
    assert out.wanted.tolist() == [0, 1]
    expected = target([3])
    fill(filler("stop"), 0, 1, range(1), expected)
    np.testing.assert_array_equal(out.inputs["data"][1], expected.inputs["data"][0])


@pytest.mark.usefixtures("damage")
def test_a_repeated_fill_finds_the_same(filler, target):
    out = target([0, 1])
    first = fill(filler("replace"), 0, 0, range(2), out)
    assert fill(filler("replace"), 0, 0, range(2), out) == first


@pytest.mark.usefixtures("damage")
def test_mark_leaves_a_blank_row(filler, target):
    out = target([2, 3])
    (bad,) = fill(filler("mark"), 0, 2, range(2), out)
    assert isinstance(bad, Bad)
    assert (bad.id, bad.row) == (2, 0)
    assert "empty file" in bad.reason
    assert not out.inputs["data"][0].any()
    assert out.ids.tolist() == [2, 3]
    assert out.inputs["data"][1].any()


@pytest.mark.usefixtures("damage")
def test_too_many_in_one_row(filler, target):
    with pytest.raises(
        DataError, match=r"2 samples could not be read, 1 allowed \(data\.max_bad\); the last: .*2.jpg: empty file"
    ):
        fill(filler("replace", allowed=1), 0, 0, range(2), target([0, 1]))


def test_when_no_sample_is_good(folder, filler, target):
    for path in folder.rglob("*.*"):
        path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="samples could not be read"):
        fill(filler("replace", allowed=1000), 0, 0, range(1), target([0]))
