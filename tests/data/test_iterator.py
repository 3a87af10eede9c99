from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.errors import ConfigError, DataError
from mxtrain.base.types import TensorType
from mxtrain.data import rows
from mxtrain.data.augmenter import Finish
from mxtrain.data.iterator import DataIter, Options
from mxtrain.data.pipeline import Preprocess

pytestmark = pytest.mark.usefixtures("no_new_threads")

CROP = (("random_resized_crop", {"size": [10, 12]}), ("flip", {}))


def ids(batches):
    return np.concatenate([b[2][: b[3]] for b in batches])


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 11])
@pytest.mark.parametrize("options", [{"last_batch": "keep"}, {"training": False}])
def test_n_samples_give_n_valid_rows(npz, iterate, drain, count, options):
    iterator = iterate(npz(count), **options)
    batches = drain(iterator)
    assert sorted(ids(batches)) == list(range(count))
    assert len(batches) == iterator.batches == -(-count // 4)
    assert iterator.samples == count
    assert [b[4] for b in batches] == [4 * i for i in range(len(batches))]


@pytest.mark.parametrize(("count", "batches"), [(4, 1), (7, 1), (8, 2)])
def test_drop(npz, iterate, drain, count, batches):
    iterator = iterate(npz(count), last_batch="drop")
    out = drain(iterator)
    assert len(out) == iterator.batches == batches
    assert all(b[3] == 4 and len(b[2]) == 4 for b in out)
    assert len(set(ids(out))) == iterator.samples == 4 * batches


def test_drop_needs_one_whole_batch(npz, iterate):
    with pytest.raises(DataError, match="3 samples do not fill one batch of 4"):
        iterate(npz(3), last_batch="drop")


@pytest.mark.parametrize("count", [1, 3, 5, 8])
def test_wrap_fills_from_the_beginning(npz, iterate, drain, count):
    iterator = iterate(npz(count), last_batch="wrap")
    out = drain(iterator)
    seen = ids(out)
    assert iterator.samples == len(seen) == 4 * -(-count // 4)
    assert sorted(seen[:count]) == list(range(count))
    np.testing.assert_array_equal(seen[count:], np.resize(seen[:count], len(seen) - count))


def test_keep_gives_a_short_batch(npz, iterate, drain):
    last = drain(iterate(npz(6)))[-1]
    assert last[0]["data"].shape == (2, 6, 5, 1)
    assert last[1]["softmax_label"].shape == (2,)
    assert last[2].shape == (2,)


def test_padding_repeats_a_real_sample(npz, iterate, drain):
    inputs, labels, numbers, valid, _, _ = drain(iterate(npz(6), training=False))[-1]
    assert numbers.tolist() == [4, 5, -1, -1]
    assert valid == 2
    assert labels["softmax_label"].tolist() == [4, 5, 4, 4]
    np.testing.assert_array_equal(inputs["data"][3], inputs["data"][0])


def test_rows_are_the_samples_their_ids_say(npz, iterate, drain):
    source = npz(11)
    for inputs, labels, numbers, valid, _, _ in drain(iterate(source)):
        expected = source.read(numbers[:valid])
        np.testing.assert_array_equal(inputs["data"], expected.inputs["data"])
        np.testing.assert_array_equal(labels["softmax_label"], expected.labels["softmax_label"])


def test_epochs_differ_and_repeat(npz, iterate, drain, same):
    iterator = iterate(npz(40))
    orders = [tuple(ids(drain(iterator, epoch))) for epoch in range(5)]
    assert len(set(orders)) == 5
    same(drain(iterator, 3), drain(iterate(npz(40)), 3))
    assert tuple(ids(drain(iterate(npz(40), seed=1)))) != orders[0]


@pytest.mark.parametrize("options", [{"shuffle": False}, {"training": False}])
def test_in_order(npz, iterate, drain, options):
    assert ids(drain(iterate(npz(9), **options), 2)).tolist() == list(range(9))


@pytest.mark.parametrize("last_batch", ["keep", "drop", "wrap"])
@pytest.mark.parametrize("threads", [0, 2])
def test_resume_at_any_batch(npz, steps, iterate, drain, same, last_batch, threads):
    iterator = iterate(
        npz(141), steps(("random_crop", {"size": 5, "pad": 1}), ("flip", {})), last_batch=last_batch, threads=threads
    )
    whole = drain(iterator, 3)
    for start in (0, 1, 17, iterator.batches - 1, iterator.batches):
        same(drain(iterator, 3, start), whole[start:])


def test_resume_reads_nothing_before(folder, steps, open_source, iterate, drain, same):
    source = open_source("image_folder", path=str(folder))
    iterator = iterate(source, steps(*CROP), shuffle=False, threads=2)
    whole = drain(iterator)
    for index in range(8):
        open(source.name(index), "wb").close()
    same(drain(iterator, 0, 2), whole[2:])


def test_a_start_that_is_no_batch(npz, iterate):
    iterator = iterate(npz(8))
    with pytest.raises(ValueError, match="from 0 to 2, got 3"), iterator.epoch(0, 3):
        pass


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_do_not_change_a_bit_of_encoded_images(folder, open_source, steps, iterate, drain, same, threads):
    source = open_source("image_folder", path=str(folder))
    one = iterate(source, steps(*CROP), threads=0)
    many = iterate(source, steps(*CROP), threads=threads, ahead=2)
    for epoch in (0, 1):
        same(drain(one, epoch), drain(many, epoch))


@pytest.mark.parametrize("threads", [1, 3, 4])
def test_threads_do_not_change_a_bit_of_arrays(npz, steps, iterate, drain, same, threads):
    augment = steps(("random_crop", {"size": [5, 4], "pad": 1}), ("resize", {"size": 7}), ("flip", {}))
    same(drain(iterate(npz(50), augment, threads=0), 2), drain(iterate(npz(50), augment, threads=threads), 2))


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("ring", [1, 2, 3])
def test_arrays_stay_valid_for_ring_batches(npz, iterate, threads, ring):
    held = []
    with iterate(npz(60), threads=threads, ring=ring).epoch(0) as batches:
        for batch in batches:
            held = [*held, (batch.inputs["data"], batch.inputs["data"].copy())][-ring:]
            for now, then in held:
                np.testing.assert_array_equal(now, then)


def test_arrays_are_used_again(npz, iterate):
    with iterate(npz(60), ring=2).epoch(0) as batches:
        places = {b.inputs["data"].__array_interface__["data"][0] for b in batches}
    assert len(places) == 2


def test_types(folder, open_source, steps, iterate):
    source = open_source("image_folder", path=str(folder), channels=1)
    iterator = iterate(source, steps(*CROP, ("normalize", {"std": 255})))
    assert iterator.types.inputs == {"data": TensorType((4, 10, 12, 1), "uint8")}
    assert iterator.net_types.inputs == {"data": TensorType((4, 1, 10, 12), "float32")}
    assert iterator.types.labels == iterator.net_types.labels == {"softmax_label": TensorType((4,), "float32")}
    assert iterator.finish == Finish(std=(255.0,))


def test_types_are_what_comes(tmp_path, open_source, iterate, drain, rng):
    np.savez(
        tmp_path / "a.npz", a=rng.random((8, 3, 2)), b=rng.integers(0, 9, (8, 4)), y=np.zeros((8, 5)), z=np.zeros(8)
    )
    source = open_source("arrays", path=str(tmp_path / "a.npz"), inputs=["a", "b"], labels=["y", "z"])
    iterator = iterate(source)
    inputs, labels, *_ = drain(iterator)[0]
    for name, array in {**inputs, **labels}.items():
        declared = {**iterator.types.inputs, **iterator.types.labels}[name]
        assert (array.shape, array.dtype.name) == (declared.shape, declared.dtype)
    assert iterator.types == iterator.net_types


def test_images_of_many_sizes_need_a_crop(folder, open_source):
    source = open_source("image_folder", path=str(folder))
    with pytest.raises(ConfigError, match="images of different sizes"):
        DataIter(source, Preprocess(), Options(batch_size=2))


def test_random_preprocessing_is_refused_in_evaluation(npz, steps, iterate):
    source = npz(4)
    made = iterate(source, steps(("flip", {})))
    with pytest.raises(ValueError, match="training=False"):
        DataIter(source, made._filler.preprocess, Options(batch_size=2, training=False))


@pytest.fixture
def broken(folder):
    """(names) -> the folder with those files damaged."""

    def make(*names):
        for name in names:
            path = folder / name
            path.write_bytes(path.read_bytes()[:90] if path.stat().st_size > 90 else b"")
        return folder

    return make


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("training", [True, False])
def test_stop_names_the_file(broken, open_source, steps, iterate, drain, threads, training):
    source = open_source("image_folder", path=str(broken("bee/2.jpg")))
    iterator = iterate(source, steps(*CROP), threads=threads, training=training)
    with pytest.raises(DataError, match=r"bee/2\.jpg"):
        drain(iterator)


def test_skip_replaces_and_counts_for_any_number_of_threads(broken, open_source, steps, iterate, drain, same):
    source = open_source("image_folder", path=str(broken("bee/2.jpg", "cat/3.png")))
    one, many = (iterate(source, steps(*CROP), threads=t, on_error="skip", max_bad=0.2) for t in (0, 4))
    for epoch in range(3):
        left, right = drain(one, epoch), drain(many, epoch)
        same(left, right)
        assert ids(left).size == 15
        assert not set(ids(left)) & {7, 13}
        assert len(set(ids(left))) == 13
    assert one.bad == many.bad
    assert set(one.bad) == {7, 13}
    assert "bee/2.jpg" in one.bad[7]


def test_more_bad_samples_than_allowed(broken, open_source, steps, iterate, drain):
    source = open_source("image_folder", path=str(broken("ant/0.jpg", "bee/2.jpg", "cat/3.png")))
    with pytest.raises(DataError, match=r"2 samples could not be read, 1 allowed \(data\.max_bad\)"):
        drain(iterate(source, steps(*CROP), on_error="skip"))


@pytest.mark.parametrize("threads", [0, 2])
def test_evaluation_marks_bad_rows(broken, open_source, steps, iterate, drain, threads):
    names = ("ant/0.jpg", "bee/2.jpg", "cat/3.png")
    source = open_source("image_folder", path=str(broken(*names)))
    iterator = iterate(source, steps(*CROP), training=False, on_error="skip", threads=threads)
    batches = drain(iterator)
    assert ids(batches).tolist() == list(range(15))
    marked = {int(b[2][row]): reason for b in batches for row, reason in b[5].items()}
    assert set(marked) == set(iterator.bad) == {0, 7, 13}
    for name, reason in zip(names, marked.values(), strict=True):
        assert name in reason


def test_a_failing_worker_is_tried_again(npz, iterate, drain, same, monkeypatch):
    expected = drain(iterate(npz(20), threads=2))
    fill = rows.fill
    left = [3]
    lock = threading.Lock()

    def flaky(*arguments):
        with lock:
            left[0] -= 1
            fails = left[0] in (0, 2)
        if fails:
            raise RuntimeError("injected")
        return fill(*arguments)

    monkeypatch.setattr("mxtrain.data.iterator.fill", flaky)
    same(drain(iterate(npz(20), threads=2)), expected)
    assert left[0] < 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, None])
def test_no_thread_outlives_the_epoch(folder, open_source, steps, iterate, error):
    iterator = iterate(open_source("image_folder", path=str(folder)), steps(*CROP), batch_size=1, threads=3)
    try:
        with iterator.epoch(0) as batches:
            for batch in itertools.islice(batches, 2):
                assert batch.valid == 1
            if error:
                raise error
    except (KeyboardInterrupt, RuntimeError) as raised:
        assert type(raised) is error


def test_no_thread_for_cheap_arrays_unless_asked(npz, folder, open_source, steps, iterate):
    assert iterate(npz(8), steps(("flip", {}))).threads == 0
    assert iterate(npz(8), steps(("flip", {})), threads=1).threads == 1
    assert iterate(open_source("image_folder", path=str(folder)), steps(*CROP)).threads >= 1


@pytest.mark.parametrize(
    "wrong", [{"batch_size": 0}, {"seed": -1}, {"last_batch": "pad"}, {"max_bad": 2}, {"batchsize": 1}]
)
def test_bad_options(wrong):
    with pytest.raises(ValidationError):
        Options(**{"batch_size": 4, **wrong})


@pytest.mark.parametrize("overlap", ["auto", "always", "never"])
def test_batches_are_the_same_whoever_works_when(open_source, folder, steps, iterate, drain, same, overlap):
    source = open_source("image_folder", path=str(folder))
    expected = drain(iterate(source, steps(*CROP), threads=0))
    same(drain(iterate(source, steps(*CROP), threads=2, ahead=1, overlap=overlap)), expected)


def test_an_epoch_may_be_left_while_workers_rest(npz, iterate):
    iterator = iterate(npz(50), threads=2, overlap="never", batch_size=1)
    with iterator.epoch(0) as batches:
        next(batches)
        assert iterator._turns._open.is_set()
        iterator.computing()
        assert not iterator._turns._open.is_set()
