from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import ConfigError
from mxtrain.data.augmenter import Finish
from mxtrain.data.text_rows import text_rows
from mxtrain.train.bench import find_net, make_bare
from mxtrain.train.finisher import Finisher
from mxtrain.train.model import load_model
from mxtrain.train.predict import chunks, compute, extract, predict
from tests.train.runs import CONV, MLP, images

FOLDERS = {
    "data": {
        "train": {"name": "image_folder", "path": "train", "channels": 1},
        "val": {"name": "image_folder", "path": "val", "channels": 1},
    },
    "augment": [{"center_crop": {"size": 8}}, {"normalize": {"std": 255}}],
    "epochs": 8,
}


@pytest.fixture
def folders(bench):
    """(bench, files to predict, their classes); train and val are folders of PNG files."""
    bench.pngs("train", 37)
    return bench, *bench.pngs("val", 13, seed=1)


def test_what_a_record_says(folders):
    bench, files, classes = folders
    run = bench.fit(**FOLDERS)
    records = list(predict(load_model(run.path), files, top=2))
    assert [r["path"] for r in records] == files
    right = [r["class"] == c for r, c in zip(records, classes, strict=True)]
    assert np.mean(right) == run.values["val.accuracy"] >= 0.9
    first = records[0]
    assert [t["index"] for t in first["top"]] == [0, *{t["index"] for t in first["top"]} - {0}]
    assert first["top"][0] == {k: first[k] for k in ("class", "index", "probability")}
    assert first["top"][0]["probability"] >= first["top"][1]["probability"]
    assert json.loads(json.dumps(first)) == first


@pytest.mark.parametrize("rows", [1, 2, 5, 13, 64])
def test_as_many_results_as_inputs_at_any_batch_size(folders, rows):
    bench, files, _ = folders
    model = load_model(bench.fit(**{**FOLDERS, "epochs": 1, "net": CONV}).path)
    expected = [r["probability"] for r in predict(model, files, batch_size=32)]
    found = list(predict(model, files, batch_size=rows))
    assert [r["path"] for r in found] == files
    np.testing.assert_allclose([r["probability"] for r in found], expected, rtol=1e-5)


def test_a_short_batch_holds_no_blank_images(folders):
    """A net may divide by what an image sums to."""
    bench, files, _ = folders
    parts = [{"flatten": {"name": "flat"}}, {"sum": {"axis": 1, "keepdims": True, "name": "all"}}]
    share = {"broadcast_div": {"from": ["flat", "all"], "name": "share"}}
    model = load_model(bench.fit(**{**FOLDERS, "epochs": 1, "net": [*parts, share, *MLP[1:]]}).path)
    assert len(list(extract(model, files[:3], "share", batch_size=8))) == 3
    plan = model.program.prediction(model.types(8), model.inner("share"))
    np.testing.assert_allclose(plan.outputs[0].sum(axis=1), 1, rtol=1e-5)


def test_nothing_in_nothing_out(folders):
    bench, *_ = folders
    assert list(predict(load_model(bench.fit(**{**FOLDERS, "epochs": 1}).path), [])) == []


def test_a_file_that_cannot_be_read_has_its_line(folders):
    bench, files, _ = folders
    model = load_model(bench.fit(**{**FOLDERS, "epochs": 1}).path)
    torn = bench.path / "torn.png"
    torn.write_bytes(Path(files[0]).read_bytes()[:40])
    missing = str(bench.path / "missing.png")
    asked = [str(torn), files[0], missing, files[1], files[2]]
    for rows in (1, 2, 5):
        records = list(predict(model, asked, batch_size=rows))
        assert [r["path"] for r in records] == asked
        assert ["error" in r for r in records] == [True, False, True, False, False]
        assert "torn.png" in records[0]["error"] and "missing.png" in records[2]["error"]
    alone = list(predict(model, [files[0]]))
    np.testing.assert_allclose(records[1]["probability"], alone[0]["probability"], rtol=1e-5)


def test_images_of_another_size_and_colour_are_prepared_as_in_evaluation(folders):
    bench, *_ = folders
    augment = [
        {"resize": {"size": 8, "method": "nearest"}},
        {"random_crop": {"size": 8, "pad": 1}},
        {"normalize": {"std": 255}},
    ]
    model = load_model(bench.fit(**{**FOLDERS, "augment": augment}).path)
    pixels, _ = images(2, seed=3)
    large = np.kron(pixels[1], np.ones((4, 4), np.uint8))
    Image.fromarray(np.stack([large] * 3, -1)).save(bench.path / "large.png")
    Image.fromarray(pixels[1]).save(bench.path / "small.png")
    large, small = predict(model, [str(bench.path / n) for n in ("large.png", "small.png")])
    assert large["class"] == small["class"] == "middle"
    assert large["probability"] == small["probability"]


def test_inputs_are_drawn_as_they_are_needed(folders):
    bench, files, _ = folders
    model = load_model(bench.fit(**{**FOLDERS, "epochs": 1}).path)
    drawn = []

    def endless():
        while True:
            drawn.append(1)
            yield files[len(drawn) % 13]

    results = predict(model, endless(), batch_size=4)
    for _ in range(20):
        next(results)
    results.close()
    assert len(drawn) <= 32


def test_pixels_are_finished_as_in_training(folders):
    bench, files, _ = folders
    augment = [{"center_crop": {"size": 8}}, {"normalize": {"mean": 100, "std": 50}}]
    run = bench.fit(**{**FOLDERS, "augment": augment})
    (record,) = extract(load_model(run.path), files[4:5], "flatten0")
    pixels = np.asarray(Image.open(files[4]), np.float64).reshape(-1)
    np.testing.assert_allclose(record["values"], (pixels - 100) / 50, rtol=1e-5, atol=1e-6)


def test_chunks():
    assert list(chunks("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_inner_layer(folders, precision):
    bench, files, _ = folders
    model = load_model(bench.fit(**{**FOLDERS, "epochs": 1, "precision": precision}).path)
    records = list(extract(model, files, "fc1", batch_size=5))
    assert [(r["path"], r["layer"], r["shape"], len(r["values"])) for r in records] == [
        (f, "fc1", [12], 12) for f in files
    ]
    store = model.program.store
    pixels = np.asarray(Image.open(files[3]), np.float32).reshape(-1) / 255
    expected = store.parameters["fc1_weight"] @ pixels + store.parameters["fc1_bias"]
    close = {"fp32": 1e-5, "bf16": 0.05}[precision]
    np.testing.assert_allclose(records[3]["values"], expected, rtol=close, atol=close)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_layer_with_maps(folders, precision):
    bench, files, _ = folders
    model = load_model(bench.fit(**{**FOLDERS, "epochs": 1, "net": CONV, "precision": precision}).path)
    (record,) = extract(model, files[:1], "conv")
    pixels = np.asarray(Image.open(files[0]), np.float32) / 255
    weight = model.program.store.parameters["conv_weight"]
    expected = sum(weight[:, 0, i, j, None, None] * pixels[i : i + 6, j : j + 6] for i in range(3) for j in range(3))
    assert record["shape"] == [4, 6, 6]
    close = {"fp32": 1e-5, "bf16": 0.02}[precision]
    np.testing.assert_allclose(np.reshape(record["values"], (4, 6, 6)), expected, rtol=close, atol=close)


def test_a_model_without_class_probabilities(folders):
    bench, files, _ = folders
    net = [*MLP[:2], {"reshape": {"shape": [0, 3, 2, 2]}}, {"softmax_output": {"name": "softmax"}}]
    run = bench.fit(**{**FOLDERS, "epochs": 1, "net": net, "metrics": []})
    with pytest.raises(ConfigError, match=r"gives \(3, 2, 2\) per image, not one probability per class; use extract"):
        list(predict(load_model(run.path), files))


def test_classes_without_names_are_numbers(bench):
    files, _ = bench.pngs("val", 3)
    model = load_model(bench.fit(epochs=8).path)
    assert [r["class"] for r in predict(model, files)] == ["0", "1", "2"]


def test_arrays_instead_of_files(rng):
    plan = make_bare(*find_net("digits", ["threads=1"]), batch=4, infer=True).plan
    pixels = rng.integers(0, 256, (3, 8, 8, 1)).astype(np.uint8)
    whole = compute(plan, "data", Finisher(Finish(std=(255.0,)), plan.device), pixels)
    assert whole.shape == (3, 10)
    floats = pixels.transpose(0, 3, 1, 2).astype(np.float32) / 255
    np.testing.assert_allclose(compute(plan, "data", Finisher(Finish(), plan.device), floats), whole, rtol=1e-5)
    kept = whole.copy()
    again = compute(plan, "data", Finisher(Finish(std=(255.0,)), plan.device), pixels[2:])
    np.testing.assert_allclose(again, whole[2:], rtol=1e-5)
    np.testing.assert_array_equal(whole, kept)


def table(bench, labels, net, **changes):
    """A run on rows of three numbers, and the rows."""
    rows = np.random.default_rng(4).normal(size=(48, 3)).astype(np.float32)
    bench.save("tiny", data=rows, softmax_label=labels(rows))
    changes = {"augment": None, "metrics": ["rmse"], "epochs": 20, "data": {"val": None}, **changes}
    return bench.fit(net=net, **changes), rows


def as_text(rows):
    return [",".join(f"{v:.9g}" for v in row) for row in rows]


def test_a_net_without_a_loss_gives_scores_or_values(folders):
    bench, files, _ = folders
    trained = bench.fit(**FOLDERS)
    start = {"weights": str(trained.path)}
    model = load_model(bench.fit(**{**FOLDERS, "net": MLP[:-1], "start": start, "epochs": 0}).path)
    for bare, full in zip(predict(model, files), predict(load_model(trained.path), files), strict=True):
        assert bare["class"] == full["class"] and "probability" not in bare
        assert bare["score"] == max(next(extract(model, [bare["path"]], "fc2"))["values"])
    wide = load_model(bench.fit(**{**FOLDERS, "net": MLP[:2], "epochs": 0}).path)
    assert all(len(r["values"]) == 12 and "class" not in r for r in predict(wide, files))


def test_rows_of_numbers_give_values(bench):
    net = [{"fully_connected": {"num_hidden": 1}}, {"linear_regression_output": {"name": "line"}}]
    run, rows = table(bench, lambda r: r @ [1, -2, 0.5], net, optimizer={"name": "sgd", "lr": 0.3})
    lines = ["a,b,c\n", *as_text(rows), "", "1,2", "1,nan,2"]
    records = list(predict(load_model(run.path), text_rows("t.csv", lines), batch_size=5))
    assert [r["line"] for r in records] == [*range(2, 50), 51, 52] and {r["path"] for r in records} == {"t.csv"}
    np.testing.assert_allclose([r["values"][0] for r in records[:48]], rows @ [1, -2, 0.5], atol=0.05)
    assert records[48]["error"] == "t.csv:51: 2 cells, the net takes 3: the columns of data, no labels"
    assert records[49]["error"] == "t.csv:52: column 1: expected a finite number, got 'nan'"
    (inner,) = extract(load_model(run.path), text_rows("t.csv", lines[1:2]), "line")
    assert inner["values"] == pytest.approx(records[0]["values"]) and inner["line"] == 1


def test_what_is_made_of_labels_cannot_be_predicted(bench):
    net = [
        {"fully_connected": {"num_hidden": 6, "name": "fc"}}, {"reshape": {"shape": [2, -1, 3]}},
        {"ctc_loss": {"name": "ctc"}}, "make_loss",
    ]  # fmt: skip
    run, rows = table(bench, lambda r: np.ones((48, 1), np.float32), net, metrics=[], epochs=1)
    model = load_model(run.path)
    with pytest.raises(ConfigError, match=r"made of the label 'ctc_label', .*mxtrain extract RUN --layer NAME"):
        next(predict(model, text_rows("-", as_text(rows))))
    assert len(next(extract(model, text_rows("-", as_text(rows)), "fc"))["values"]) == 6


def test_rows_of_numbers_give_classes(bench):
    net = [{"fully_connected": {"num_hidden": 2}}, {"softmax_output": {"name": "softmax"}}]
    run, rows = table(bench, lambda r: (r[:, 0] > 0).astype(np.float32), net, metrics=["accuracy"])
    records = list(predict(load_model(run.path), text_rows("-", as_text(rows))))
    right = [r["class"] == str(int(row[0] > 0)) for r, row in zip(records, rows, strict=True)]
    assert np.mean(right) >= 0.9


def test_several_labels_are_values_not_classes(bench):
    net = [{"fully_connected": {"num_hidden": 2}}, {"logistic_regression_output": {"name": "tags"}}]
    run, rows = table(bench, lambda r: (r[:, :2] > 0).astype(np.float32), net, optimizer={"name": "sgd", "lr": 1})
    said = np.array([r["values"] for r in predict(load_model(run.path), text_rows("-", as_text(rows)))])
    assert said.shape == (48, 2) and np.mean((said > 0.5) == (rows[:, :2] > 0)) >= 0.9


def test_numbers_learned_from_images_are_values(folders):
    bench, files, _ = folders
    net = ["flatten", {"fully_connected": {"num_hidden": 1}}, {"linear_regression_output": {"name": "line"}}]
    run = bench.fit(**{**FOLDERS, "epochs": 1, "net": net, "metrics": ["rmse"]})
    assert all(len(r["values"]) == 1 and "class" not in r for r in predict(load_model(run.path), files))
