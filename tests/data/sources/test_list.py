from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.source import Encoded
from mxtrain.data.sources import list as lists
from recordio import read_lst


@pytest.fixture
def listed(tmp_path, open_source):
    """(text, parameters...) -> open list of that text."""

    def make(text, **params):
        path = tmp_path / "a.lst"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return open_source("list", path=str(path), **params)

    return make


def test_lines(listed, folder):
    source = listed("9\t1\tant/0.jpg\n\r\n 3 \t 0.5 \t bee/1.png \r\n4 2 cat/2.jpg", root=str(folder))
    rows = source.read(np.array([2, 0, 1]))
    assert rows.labels["softmax_label"].tolist() == [2, 1, 0.5]
    assert rows.inputs["data"][0] == Encoded(str(folder / "cat/2.jpg"), folder / "cat/2.jpg")
    assert len(source) == 3 and source.name(1) == str(folder / "bee/1.png") and source.classes is None
    assert source.inputs["data"].type.shape == (None, None, 3) and source.report == ()


def test_paths_start_at_the_list(listed, tmp_path):
    assert listed("1\t1\ta.jpg\n").name(0) == str(tmp_path / "a.jpg")
    assert listed("\ufeff1\t1\ta.jpg\n").name(0) == str(tmp_path / "a.jpg")
    assert listed("\ufeff\n1\t1\ta.jpg\n").name(0) == str(tmp_path / "a.jpg")


def test_several_labels(listed):
    source = listed("1\t1\t2\ta\n2\t3\tb\n", label_pad=-1.0)
    assert source.labels["softmax_label"].type.shape == (2,)
    assert source.read(np.arange(2)).labels["softmax_label"].tolist() == [[1, 2], [3, -1]]
    with pytest.raises(FormatError, match=r"index 2 \(b\) has 1 labels, expected 2"):
        listed("1\t1\t2\ta\n2\t3\tb\n")
    with pytest.raises(FormatError, match="has 2 labels, expected 1"):
        listed("1\t1\t2\ta\n", label_width=1)


def test_classes(listed):
    assert listed("1\t1\ta\n", classes=("x", "y")).classes == ("x", "y")
    for label in ("2", "-1", "0.5"):
        with pytest.raises(DataError, match=f"has label {label}, but `classes` names 0 to 1"):
            listed(f"1\t{label}\ta\n", classes=("x", "y"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "names no image"), ("\n \n", "names no image"), ("1\t2\n", r"a.lst:1: expected INDEX"),
        ("1\t1\ta\n1\tx\ta\n", r"a.lst:2: label: expected a number, got 'x'"), ("1\t1\t/a\n", "below the folder"),
        ("1\t1\t../a\n", "below the folder"), (b"\xff\xfe", "expected INDEX"),
    ],
)  # fmt: skip
def test_wrong_lines(listed, text, problem):
    with pytest.raises(DataError, match=problem):
        listed(text)


def test_not_there(tmp_path, open_source):
    with pytest.raises(DataError, match="nothing is there"):
        open_source("list", path=str(tmp_path / "no.lst"))


def test_a_link_cannot_lead_out(listed, folder, tmp_path):
    (folder / "ant/link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "ant/inner.jpg").symlink_to("0.jpg")
    source = listed("1\t0\tant/link.jpg\n2\t0\tant/inner.jpg\n", root=str(folder))
    with pytest.raises(DataError, match="a link leads out of"):
        source.read(np.array([0]))
    assert len(source.read(np.array([1])).labels["softmax_label"]) == 1


def test_a_file_that_is_not_there_is_an_error_of_its_sample(listed, folder, steps, iterate, drain):
    text = "".join(f"{n}\t0\tant/{n}.{'png' if n % 2 else 'jpg'}\n" for n in range(5))
    source = listed("9\t0\tant/gone.jpg\n" + text, root=str(folder))
    marked = drain(iterate(source, steps(("center_crop", {"size": 5})), training=False, on_error="skip"))
    assert list(marked[0][5]) == [0] and "no such file" in marked[0][5][0]


def test_fingerprint(listed, folder):
    text = "9\t1\tant/0.jpg\n3\t0\tbee/1.png\n"
    first = listed(text, root=str(folder)).fingerprint()
    assert first == listed(text, root=str(folder)).fingerprint() and first["samples"] == 2
    assert first != listed(text + "\n", root=str(folder)).fingerprint()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**9), st.lists(st.integers(-9, 9), min_size=1, max_size=1),
            st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\0"), min_size=1, max_size=9),
            st.sampled_from(["\n", "\r\n", "\n\n", " \n\t\n"]),
        ),
        min_size=1,
    )
)  # fmt: skip
def test_lines_are_found_as_recordio_finds_them(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("lists") / "a.lst"
    path.write_text("".join(f"{i}\t{label[0]}\tx{name}x{end}" for i, label, name, end in lines), newline="")
    entries = list(read_lst(path))
    source = lists.open_source(lists.Params(path=str(path)), path.parent)
    assert [source._entry(n) for n in range(len(source))] == [(e.labels, e.path) for e in entries]
