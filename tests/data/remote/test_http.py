"""Web servers: pieces, faults that pass, faults that do not, and servers that cannot serve pieces."""

from __future__ import annotations

import time

import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.remote.blocks import BLOCK

CONTENT = bytes(range(251)) * 20000
# hang: no answer; other: the wrong piece; see the server.
PASSING = ["reset", "hang", 500, 503, 429, "truncate", "short", "other"]


@pytest.fixture
def file(web, remote):
    """``file(**options)``: (server, open file)."""

    def make(**options):
        web.files["/a.rec"] = CONTENT
        return web, remote(**options).open(f"{web.address}/a.rec")

    return make


def test_pieces(file):
    web, opened = file()
    assert opened.size() == len(CONTENT)
    for start, length in ((0, 10), (BLOCK - 5, 10), (3, 3 * BLOCK), (len(CONTENT) - 1, 1), (0, len(CONTENT)), (7, 0)):
        assert opened.read(start, length) == CONTENT[start : start + length]
    fetched = [asked for _, _, asked in web.asked[1:]]
    assert len(fetched) == len(set(fetched)) == -(-len(CONTENT) // BLOCK), "each block once"


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_survived(file, fault):
    web, opened = file(timeout=0.4)
    web.faults.extend([fault, fault])
    assert opened.read(5, 100) == CONTENT[5:105]
    assert not web.faults


@pytest.mark.parametrize("fault", PASSING)
def test_what_stays_is_told(file, fault):
    web, opened = file(timeout=0.3)
    web.faults.extend([fault] * 9)
    with pytest.raises(
        DataError, match=r"a\.rec: bytes 1048576 to 2097152: .*\(tried 3 times in .*; check the network"
    ):
        opened.read(BLOCK + 5, 100)
    # The library repeats a request by itself, once, when a connection breaks.
    assert len(web.faults) == 6 or fault == "reset" and len(web.faults) == 3


@pytest.mark.parametrize("fault", ["reset", "hang", 500])
def test_opening_survives_too(web, remote, fault):
    web.files["/a.rec"] = CONTENT
    web.faults.append(fault)
    assert remote(timeout=0.4).open(f"{web.address}/a.rec").size() == len(CONTENT)


@pytest.mark.parametrize(
    ("fault", "says"),
    [(403, "access denied .*netrc"), (401, "access denied"), (404, "nothing is there .*check the path"),
     (400, "status 400"), ("whole", "does not serve ranges of bytes; copy the file")],
)  # fmt: skip
def test_what_does_not_pass_is_told_at_once(file, fault, says):
    web, opened = file()
    web.faults.append(fault)
    with pytest.raises(DataError, match=says):
        opened.read(5, 100)
    assert len(web.asked) == 2
    assert opened.read(5, 100) == CONTENT[5:105]


def test_missing_and_unable(web, remote):
    with pytest.raises(DataError, match="cannot be opened: nothing is there"):
        remote().open(f"{web.address}/b.rec")
    web.files["/a.rec"] = CONTENT
    web.faults.append("whole")
    with pytest.raises(DataError, match="does not serve ranges"):
        remote().open(f"{web.address}/a.rec")
    with pytest.raises(DataError, match="does not list its files; name each"):
        remote().find(f"{web.address}/*.rec")
    assert remote().look(f"{web.address}/a.idx") is None


def test_nobody_listens(remote, serve):
    gone = serve()
    gone.socket.close()
    with pytest.raises(DataError, match="cannot be opened: .*tried 3 times"):
        remote(timeout=1).open(f"http://127.0.0.1:{gone.server_port}/a.rec")


@pytest.mark.parametrize("change", ["tag", "size"])
def test_a_file_that_changes(file, web, change):
    _, opened = file()
    assert opened.read(0, 10) == CONTENT[:10]
    if change == "tag":
        web.tags["/a.rec"] = '"2"'
    else:
        web.files["/a.rec"] = CONTENT + b"x"
    with pytest.raises(DataError, match="bytes 2097152 to 3145728: .* when it was opened, .*; the file was replaced"):
        opened.read(2 * BLOCK, 10)


def test_empty(web, remote):
    web.files["/a.rec"] = b""
    opened = remote().open(f"{web.address}/a.rec")
    assert opened.size() == 0 and opened.read(0, 0) == b""


def test_an_interrupted_wait_ends_with_closing(file, web):
    _, opened = file(timeout=20)
    web.faults.append("hang")
    opened.will_need(0, 10)
    begun = time.monotonic()
    opened.close()
    with pytest.raises(DataError, match="closed already"):
        opened.read(0, 10)
    assert time.monotonic() - begun < 2
