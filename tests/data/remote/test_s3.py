"""S3: a real server process, with a server in front of it that misbehaves as it is told."""

from __future__ import annotations

import logging

import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.remote.blocks import BLOCK

CONTENT = bytes(range(253)) * 12000
PASSING = ["reset", "hang", 500, 503, "truncate", "short"]


@pytest.fixture
def file(s3, put, remote):
    """``file(**options)``: (server in front, open file)."""

    def make(**options):
        url = put("folder/a b+c.rec", CONTENT)
        return s3, remote(endpoint=s3.address, **options).open(url)

    return make


def test_pieces(file):
    s3, opened = file()
    assert opened.size() == len(CONTENT) and opened.of.tag
    for start, length in ((0, 10), (BLOCK - 5, 10), (3, 2 * BLOCK), (len(CONTENT) - 1, 1), (0, len(CONTENT))):
        assert opened.read(start, length) == CONTENT[start : start + length]
    assert len(s3.asked) == 1 + -(-len(CONTENT) // BLOCK), "one HEAD, each block once"


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_survived(file, fault):
    s3, opened = file(timeout=0.5 if fault == "hang" else 5)
    s3.faults.extend([fault, fault])
    assert opened.read(5, 100) == CONTENT[5:105]
    assert not s3.faults


@pytest.mark.parametrize("fault", PASSING)
def test_what_stays_is_told(file, fault):
    s3, opened = file(timeout=0.5 if fault == "hang" else 5)
    s3.faults.extend([fault] * 9)
    with pytest.raises(
        DataError, match=r"c\.rec: bytes 1048576 to 2097152: .*\(tried 3 times in .*; check the network"
    ):
        opened.read(BLOCK + 5, 100)
    # The library repeats a request by itself, once, when a connection breaks.
    assert len(s3.faults) == 6 or fault == "reset" and len(s3.faults) == 3


@pytest.mark.parametrize("fault", ["reset", "hang", 500])
def test_opening_survives_too(s3, put, remote, fault):
    url = put("a.rec", CONTENT)
    s3.faults.append(fault)
    assert remote(endpoint=s3.address, timeout=1 if fault == "hang" else 5).open(url).size() == len(CONTENT)


def test_denied(file, s3, remote, credentials, caplog):
    caplog.set_level(logging.DEBUG, logger="mxtrain")
    _, opened = file()
    s3.faults.append(403)
    with pytest.raises(DataError, match="access denied .*aws configure.*remote.anonymous") as caught:
        opened.read(0, 10)
    assert not any(secret in str(caught.value) + caplog.text for secret in list(credentials.values())[:2])
    s3.faults.append(403)
    with pytest.raises(DataError, match="cannot be opened: access denied"):
        remote(endpoint=s3.address).open("s3://bucket/other.rec")
    assert len(s3.asked) == 3


def test_no_credentials(s3, put, remote, monkeypatch):
    url = put("a.rec", CONTENT, ACL="public-read")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(DataError, match="cannot be opened: Unable to locate credentials; check the credentials"):
        remote(endpoint=s3.address).open(url)
    assert remote(endpoint=s3.address, anonymous=True).open(url).read(0, 5) == CONTENT[:5]


def test_missing(s3, put, remote):
    url = put("a.rec", CONTENT)
    reader = remote(endpoint=s3.address)
    for wrong in ("s3://bucket/b.rec", "s3://no-such-bucket/a.rec"):
        with pytest.raises(DataError, match="cannot be opened: nothing is there .*the region and the endpoint"):
            reader.open(wrong)
        assert reader.look(wrong) is None
    assert reader.look(url).size() == len(CONTENT)


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT + b"x", b""])
def test_an_object_that_changes(file, put, content):
    _, opened = file()
    assert opened.read(0, 10) == CONTENT[:10]
    put("folder/a b+c.rec", content)
    assert opened.read(0, 10) == CONTENT[:10], "a block that is held"
    with pytest.raises(DataError, match="bytes 1048576 to 2097152: .*; the file was replaced while it was read"):
        opened.read(BLOCK, 10)


def test_an_object_that_goes(file, put, s3_process, credentials):
    boto3 = pytest.importorskip("boto3")
    _, opened = file()
    client = boto3.client("s3", endpoint_url=f"http://{s3_process[0]}:{s3_process[1]}")
    client.delete_object(Bucket="bucket", Key="folder/a b+c.rec")
    client.close()
    with pytest.raises(DataError, match="nothing is there"):
        opened.read(0, 10)


def test_nobody_listens(credentials, remote, serve):
    gone = serve()
    gone.socket.close()
    with pytest.raises(DataError, match="cannot be opened: .*tried 3 times"):
        remote(endpoint=gone.address, timeout=2).open("s3://bucket/a.rec")


def test_patterns(s3, put, remote):
    for name in ("a/x-1.rec", "a/x-0.rec", "a/y.rec", "a/b/x-2.rec"):
        put(name, b"")
    reader = remote(endpoint=s3.address)
    assert reader.find("s3://bucket/a/x-*.rec") == ["s3://bucket/a/x-0.rec", "s3://bucket/a/x-1.rec"]
    with pytest.raises(DataError, match="no file has such a name"):
        reader.find("s3://bucket/a/z*")


def test_an_endpoint_of_the_aws_configuration(s3, put, remote, monkeypatch):
    url = put("a.rec", CONTENT)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.address)
    assert remote().open(url).read(7, 7) == CONTENT[7:14]
