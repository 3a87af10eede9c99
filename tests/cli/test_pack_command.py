"""mxtrain pack."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from mxtrain.cli import _counter
from mxtrain.cli._counter import Style, counter, line
from mxtrain.data.packing import places
from recordio import read_lst


@pytest.fixture
def birds(images, tmp_path):
    """Two classes of 4 and 6 gray images."""
    images(tmp_path / "birds", {"crow": 4, "wren": 6})
    return tmp_path / "birds"


@pytest.fixture
def packed(mx, birds, tmp_path):
    said = mx("pack", "images", birds, tmp_path / "p", "--encode", "raw", "--shards", 2)
    assert said.code == 0, said.err
    return tmp_path / "p"


def test_images(mx, birds, tmp_path):
    said = mx("pack", "images", birds, tmp_path / "p")
    assert (said.code, said.out) == (0, f"{tmp_path / 'p'}.json\n")
    assert said.err.startswith(f"{tmp_path / 'p'}: 10 records, 2 classes, ")
    assert json.loads((tmp_path / "p.json").read_text())["counts"] == {"crow": 4, "wren": 6}
    assert "1 of 1 shards were there already" in mx("pack", "images", birds, tmp_path / "p").err


def test_what_was_left_out_is_told(mx, birds, images, tmp_path):
    images(birds, {"crow": 2}, suffix="bmp")
    images(birds, {"wren": 1}, suffix="gif")
    (birds / "wren/notes.txt").write_text("x")
    (birds / "__MACOSX").mkdir()
    shutil.copy(birds / "crow/0.png", birds / "stray.png")
    err = mx("pack", "images", birds, tmp_path / "p", "--val", "0.2").err
    assert err.count("  5 files hidden or no images by their names were skipped\n") == 1
    assert "  of them 1 image in no class folder\n" in err
    assert "  of them 3 images: --formats with bmp,gif, too, takes them\n" in err
    assert "  without an image: __MACOSX; remove a folder that is no class\n" in err
    images(tmp_path / "one", {"crow": 2})
    assert ": 2 records, 1 class, " in mx("pack", "images", tmp_path / "one", tmp_path / "o").err


def test_a_name_cannot_steer_the_terminal(mx, birds, tmp_path):
    os.rename(birds / "crow/0.png", birds / "crow/\x1b[2J\n.png")
    said = mx("pack", "images", birds, tmp_path / "p")
    assert said.code == 3 and r"rejected: crow/\x1b[2J\n.png: its name has" in said.err


def test_what_is_not_there_is_missing_data(mx, tmp_path):
    said = mx("pack", "images", tmp_path / "no", tmp_path / "p")
    assert said.code == 3 and "no: nothing is there; expected class folders" in said.err


def test_two_sets(mx, birds, tmp_path):
    said = mx("pack", "images", birds, tmp_path / "p", "--val", 0.5, "--stratify", "--seed", 3)
    assert said.out == f"{tmp_path}/p-train.json\n{tmp_path}/p-val.json\n"
    assert json.loads((tmp_path / "p-val.json").read_text())["counts"] == {"crow": 2, "wren": 3}


def test_rejects_are_told_and_make_code_3(mx, birds, tmp_path):
    (birds / "crow/bad.png").write_bytes(b"x" * 50)
    (birds / ".hidden").write_text("x")
    said = mx("pack", "images", birds, tmp_path / "p", "--encode", "png")
    assert said.code == 3 and said.out
    assert "  rejected: crow/bad.png: not an image" in said.err
    assert said.err.endswith("mxtrain: 1 image could not be packed\n") and "1 file hidden or no images by" in said.err
    again = mx("pack", "images", birds, tmp_path / "p", "--encode", "png")
    assert again.code == 3 and "crow/bad.png" in again.err
    strict = mx("pack", "images", birds, tmp_path / "s", "--strict", "--progress", "off")
    assert strict.code == 3 and "--strict stops" in strict.err and not (tmp_path / "s.json").exists()
    for number in range(12):
        (birds / f"crow/bad{number}.png").write_bytes(b"")
    said = mx("pack", "images", birds, tmp_path / "q")
    assert "the manifest lists all 13" in said.err and said.err.count("rejected:") == 10


def test_a_list(mx, birds, tmp_path):
    path = tmp_path / "some.lst"
    path.write_text("5\t1\t2\tcrow/0.png\n3\t0\t1\twren/1.png\n")
    said = mx("pack", "images", path, tmp_path / "p", "--root", birds, "--pass-through")
    assert said.code == 0, said.err
    assert [e.index for e in read_lst(tmp_path / "p.lst")] == [5, 3]
    names = tmp_path / "names.txt"
    names.write_text("dark\nlight\n")
    path.write_text("5\t1\tcrow/0.png\n3\t0\twren/1.png\n")
    said = mx("pack", "images", path, tmp_path / "q", "--root", birds, "--classes", names, "--shuffle")
    assert json.loads((tmp_path / "q.json").read_text())["classes"] == ["dark", "light"]


def test_stdin(mx, birds, tmp_path, monkeypatch):
    monkeypatch.chdir(birds.parent)
    paths = [f"birds/{c}/{n}.png" for c in ("wren", "crow") for n in (0, 1)]
    said = mx("pack", "images", "-", "p", stdin="\n".join(paths).encode())
    assert said.code == 0 and json.loads((tmp_path / "p.json").read_text())["counts"] == {"crow": 2, "wren": 2}
    odd = birds / "crow/line\nend.png"
    shutil.copy(birds / "crow/0.png", odd)
    said = mx("pack", "images", "-", "q", "-0", stdin="\0".join([*paths, str(odd)]).encode())
    assert said.code == 3 and "line\\nend" not in said.out and "rename it" in said.err
    said = mx("pack", "images", "-", "r", "--root", "birds", stdin=b"1\t4\tcrow/0.png\n2\t4\tcrow/gone.png\n")
    assert said.code == 3 and "rejected: crow/gone.png: no such file" in said.err
    assert json.loads((tmp_path / "r.json").read_text())["source"]["name"] == "stdin"


def test_options_reach_the_images(mx, images, tmp_path):
    images(tmp_path / "birds", {"crow": 2}, size=(20, 30), mode="RGB")
    mx("pack", "images", tmp_path / "birds", tmp_path / "p", "--resize", 10, "--center-crop", "--encode", "raw")
    assert json.loads((tmp_path / "p.json").read_text())["images"] == {"encode": "raw", "size": [10, 10, 3]}
    mx("pack", "images", tmp_path / "birds", tmp_path / "q", "--channels", 1, "--quality", 30)
    held = json.loads((tmp_path / "q.json").read_text())
    assert held["images"]["size"] == [20, 30, 1] and held["options"]["recipe"]["quality"] == 30
    images(tmp_path / "birds", {"wren": 1})
    said = mx("pack", "images", tmp_path / "birds", tmp_path / "r", "--encode", "raw")
    assert "raw images of one size are read many times faster" in said.err


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--pass-through", "--resize", "4"], "--pass-through stores files as they are"),
        (["--encode", "png", "--quality", "4"], "--quality is JPEG's"),
        (["--stratify"], "--stratify goes with --val"),
        (["--formats", "jpeg,tif"], "no format 'tif'; there are: jpeg"),
        (["--root", "x"], "--root goes with a list"),
        (["-0"], "-0 is for paths from stdin"),
        (["--shards", "99"], "99 shards for 10 images"),
        (["--val", "1"], "leaves none to train on"),
        (["--quality", "101"], "less than or equal to 100"),
        (["--encode", "tiff"], "tiff"),
    ],
)
def test_mistakes(mx, birds, tmp_path, args, text):
    said = mx("pack", "images", birds, tmp_path / "p", *args)
    assert said.code in (2, 3) and text in said.err and not list(tmp_path.glob("p*"))


def test_more_mistakes(mx, birds, tmp_path, monkeypatch):
    for args, text in (
        (["images", "/dev/null", "p"], "is no folder and no list"),
        (["images", birds, tmp_path], "is a folder; name what the files in it begin with"),
        (["images", tmp_path / "a.lst", "p", "--root", tmp_path / "no"], "is no folder"),
        (["ls", tmp_path / "no"], "nothing is there"),
        ([], "Usage: mxtrain pack"),
        (["pick"], "pick"),
        (["cat", tmp_path / "no", "-1"], "-1"),
    ):
        (tmp_path / "a.lst").write_text("1\t1\ta\n")
        said = mx("pack", *args)
        assert said.code in (2, 3) and text in said.err + said.out, args
    monkeypatch.setattr(sys, "stdin", None)
    assert "reads a list from stdin" in mx("pack", "images", "-", tmp_path / "p").err
    names = tmp_path / "names"
    for content in ("a\na\n", "", None):
        if content is None:
            names.unlink()
        else:
            names.write_text(content)
        said = mx("pack", "images", birds, tmp_path / "p", "--classes", names)
        assert said.code == 3 and "names" in said.err


@pytest.mark.parametrize("verb", ["images", "check", "ls", "cat", "unpack", "merge", "split", "index"])
def test_every_verb_has_help(mx, verb):
    said = mx("pack", verb, "--help")
    assert said.code == 0 and said.out.startswith(f"Usage: mxtrain pack {verb}")


def test_check(mx, packed):
    said = mx("pack", "check", packed, "--decode")
    assert said.code == 0 and said.out.count(": whole: 5 records, 5 decoded, index, checksums, manifest") == 2
    rec = places.shard_path(packed, 1, 2)
    content = bytearray(rec.read_bytes())
    content[60] ^= 1
    rec.write_bytes(content)
    said = mx("pack", "check", packed, "--json")
    assert said.code == 3 and [found["count"] for found in said.lines] == [0, 2]
    said = mx("pack", "check", rec)
    assert "2 problems" in said.out and "expected crc32" in said.err and said.err.endswith("mxtrain: 2 problems\n")
    places.list_path(packed).unlink()
    assert "p.lst: is missing" in mx("pack", "check", places.shard_path(packed, 0, 2)).err


def test_ls_and_cat(mx, packed):
    rows = [row.split("\t") for row in mx("pack", "ls", packed).out.splitlines()]
    assert len(rows) == 10 and [row[0] for row in rows] == [str(n) for n in range(10)]
    number, id, label, size, kind, name, path = rows[7]
    assert kind == "raw 6 x 6 x 1" and path.startswith(name + "/") and int(size) == 47
    listed = mx("pack", "ls", packed, "--json").lines[7]
    assert listed["id"] == int(id) and listed["labels"] == [float(label)] and listed["class"] == name


def run(*args, **more):
    command = [sys.executable, "-m", "mxtrain", "pack", *map(str, args)]
    return subprocess.run(command, capture_output=True, timeout=60, **more)


def test_cat(packed, birds, mx):
    row = mx("pack", "ls", packed, "--json").lines[3]
    by_number, by_key = run("cat", packed, 3), run("cat", packed, row["id"], "--key")
    assert by_number.stdout == by_key.stdout and not by_number.stderr
    with Image.open(io.BytesIO(by_number.stdout)) as image, Image.open(birds / row["path"]) as original:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(original))
    assert run("cat", packed, 10).returncode == 3


def test_round_trips(mx, packed, tmp_path):
    assert "6 and 4 records" in mx("pack", "split", packed, tmp_path / "s", "--val", 0.4, "--stratify").err
    said = mx("pack", "merge", tmp_path / "s-train", tmp_path / "s-val", tmp_path / "m", "--shards", 3)
    assert said.code == 0 and "10 records" in said.err
    assert mx("pack", "check", tmp_path / "m", "--decode").code == 0
    assert "10 images" in mx("pack", "unpack", tmp_path / "m", tmp_path / "files").err
    assert sorted(p.name for p in (tmp_path / "files").iterdir()) == ["crow", "wren"]
    assert mx("pack", "images", tmp_path / "files", tmp_path / "again", "--formats", "ppm").code == 0
    assert mx("pack", "split", packed, tmp_path / "x", "--stratify").code == 2
    assert mx("pack", "split", packed, tmp_path / "m").code == 2
    assert mx("pack", "unpack", packed, tmp_path / "files").code == 2


def test_index(mx, packed, tmp_path):
    rec = shutil.copy(places.shard_path(packed, 0, 2), tmp_path / "alone.rec")
    assert "5 records; keys are ids" in mx("pack", "index", rec).err
    assert (tmp_path / "alone.idx").read_bytes() == places.shard_path(packed, 0, 2).with_suffix(".idx").read_bytes()
    assert "no manifest" in mx("pack", "check", rec).out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_says_how_to_go_on(images, tmp_path, number, code):
    for folder in "abcd":
        images(tmp_path / "birds", {folder: 100}, size=(200, 200), mode="RGB")
    command = [sys.executable, "-m", "mxtrain", "pack", "images", "birds", "p", "--shards", "100", "--threads", "1"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "p-00001-of-00100.rec").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err == "mxtrain: interrupted; finished shards stay: the same command goes on\n"
    assert not list(tmp_path.glob(".tmp*")) and not list(tmp_path.glob("*.lock"))
    done = run("images", "birds", "p", "--shards", "100", cwd=tmp_path)
    assert done.returncode == 0 and b"of 100 shards were there already" in done.stderr


def test_lines_of_progress(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(_counter.time, "monotonic", lambda: now[0])
    with counter(Style.plain, "packing", 5000) as tell:
        for seconds, bad in ((9, 0), (11, 2), (15, 0), (30, 0)):
            now[0] = 100.0 + seconds
            tell(600, bad)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "packing  1,200/5,000 images  109 images/s  0:35 left  2 bad",
        "packing  2,400/5,000 images  80 images/s  0:32 left  2 bad",
    ]
    assert line("checking", (5, None, 0), 1.0, "records") == "checking  5 records  5 records/s"


def test_other_styles_of_progress(capsys):
    with counter(Style.off, "packing", 3) as tell:
        tell(3, 1)
    assert capsys.readouterr().err == ""
    with counter(Style.bar, "packing", 3) as tell:
        tell(2, 1)
        tell(1, 0)
    # Not a terminal: nothing may be drawn on it, and nothing fails.
    assert "\x1b" not in capsys.readouterr().err


def test_one_command_for_each_shell(packed):
    done = subprocess.run(
        f"{sys.executable} -m mxtrain pack ls {packed} | head -n 1", shell=True, capture_output=True, text=True,
        timeout=60, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert done.stdout.startswith("0\t") and not done.stderr
