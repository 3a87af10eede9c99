"""mxtrain predict: a filter from names of files to JSON lines."""

from __future__ import annotations

import os

import pytest

from mxtrain.train.fit import start_run

ROWS = """\
data: {train: {name: csv, path: t.csv, label_columns: [sum]}}
net: [{fully_connected: {num_hidden: 1}}, {linear_regression_output: {name: line}}]
optimizer: {name: sgd, lr: 0.01}
metrics: [rmse]
epochs: 1
threads: 1
log: {progress: 'off'}
"""


def test_a_line_for_every_file_in_order(mx, trained, folder):
    names = [str(p) for p in sorted((folder / "images/val").rglob("*.png"), reverse=True)]
    said = mx("predict", trained, *names, "--batch-size", 4)
    assert said.code == 0 and [r["path"] for r in said.lines] == names
    assert {r["class"] for r in said.lines} <= {"dark", "light"}


def test_folders_and_top(mx, trained, folder):
    lines = mx("predict", trained, folder / "images/val", "--top", 5).lines
    assert len(lines) == 6
    for record in lines:
        assert sum(t["probability"] for t in record["top"]) == pytest.approx(1, abs=1e-6)
        assert record["top"][0]["class"] == record["class"]


def test_names_from_stdin(mx, trained, folder):
    name = folder / "images/val/dark/0.png"
    assert mx("predict", trained, stdin=f"{name}\n{name}\n".encode()).lines[1]["path"] == str(name)
    assert len(mx("predict", trained, "-", "-0", stdin=f"{name}\0{name}".encode()).lines) == 2
    assert mx("predict", trained, stdin=b"") == (0, "", "")


def test_names_that_are_no_unicode(mx, trained, folder, tmp_path):
    raw = os.fsencode(tmp_path) + b"/\xff.png"
    with open(raw, "wb") as file:
        file.write((folder / "images/val/dark/0.png").read_bytes())
    said = mx("predict", trained, stdin=raw + b"\n" + raw + b"?\n")
    assert said.code == 3
    good, bad = said.lines
    assert os.fsencode(good["path"]) == raw and good["class"] in ("dark", "light")
    assert "error" in bad


def test_files_that_cannot_be_read(mx, trained, folder, tmp_path):
    good = folder / "images/val/dark/0.png"
    (tmp_path / "broken.png").write_bytes(good.read_bytes()[:40])
    (tmp_path / "empty.png").touch()
    paths = [tmp_path / "nope.png", good, tmp_path / "broken.png", tmp_path / "empty.png", good]
    said = mx("predict", trained, *paths)
    assert said.code == 3 and [("error" in r) for r in said.lines] == [True, False, True, True, False]
    assert said.err == "mxtrain: 3 files could not be read; their lines say why\n"


def test_strict_stops_at_once(mx, trained, folder):
    said = mx("predict", trained, "nope.png", folder / "images/val", "--strict")
    assert said.code == 3 and len(said.lines) == 1 and "nope.png" in said.err


def test_a_damaged_checkpoint(mx, copy, folder):
    for path in (copy / "checkpoints").glob("step-*/*.params"):
        path.write_bytes(path.read_bytes()[:100])
    said = mx("predict", copy, folder / "images/val")
    assert said.code == 9 and "offset 100" in said.err and not said.out


@pytest.mark.parametrize("option", [("--top", "0"), ("--top", "x"), ("--batch-size", "-1"), ("--nope",)])
def test_bad_options(mx, trained, option):
    said = mx("predict", trained, "x.png", *option)
    assert said.code == 2 and option[0] in said.err


@pytest.fixture(scope="module")
def on_rows(tmp_path_factory):
    """A run on a table, with labels in its last column."""
    path = tmp_path_factory.mktemp("rows")
    (path / "t.csv").write_text("x,y,sum\n" + "".join(f"{i},{i % 3},{i + i % 3}\n" for i in range(12)))
    (path / "t.yaml").write_text(ROWS)
    return start_run(str(path / "t.yaml"), [], path / "runs", ["mxtrain", "fit"]).run


def test_a_model_of_numbers_takes_rows(mx, on_rows, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n\xff,2\n3,4,5\n")
    said = mx("predict", on_rows, tmp_path / "a.csv", tmp_path / "nope.csv")
    assert said.code == 3 and said.err == "mxtrain: 3 rows could not be read; their lines say why\n"
    good, *bad = said.lines
    assert (good["line"], len(good["values"])) == (2, 1) and [r["line"] for r in bad] == [3, 4, 0]
    assert "column 0" in bad[0]["error"] and "3 cells" in bad[1]["error"] and "cannot be read" in bad[2]["error"]
    (piped,) = mx("predict", on_rows, stdin=b"1,2").lines
    assert piped == {"path": "-", "line": 1, "values": good["values"]}
    assert mx("extract", on_rows, "-", "--layer", "line", stdin=b"1,2\n").lines[0]["values"] == good["values"]


def test_no_model(mx, tmp_path):
    said = mx("predict", tmp_path / "nope", "x.png")
    assert said.code == 4 and "expected a run" in said.err
