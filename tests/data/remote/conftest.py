"""Servers for the tests of remote files: S3 as a process of its own, and a web server that misbehaves as it is told."""

from __future__ import annotations

import http.client
import http.server
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import replace

import pytest

from mxtrain.data.remote.options import Options
from mxtrain.data.remote.remote import Remote

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test-id-of-nobody",
    "AWS_SECRET_ACCESS_KEY": "test-secret-of-nobody",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Serves `files` (path -> bytes), or what another server holds; `faults` are used up, one per request.

    reset: the connection breaks; hang: no answer; truncate: the body breaks off; short: less than was asked for;
    other: other bytes announced; a number: that status; whole: ranges are not served.
    """

    daemon_threads = False

    def __init__(self, forward=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.tags, self.forward = {}, {}, forward
        self.faults, self.asked, self.stopped = deque(), [], threading.Event()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, address):
        """A client that went away is no news."""

    def answer(self, handler):
        """(status, headers, body)."""
        if self.forward:
            there = http.client.HTTPConnection(*self.forward, timeout=10)
            kept = {k: v for k, v in handler.headers.items() if k.lower() not in ("host", "connection")}
            there.request(handler.command, handler.path, headers=kept)
            got = there.getresponse()
            body = got.read()
            there.close()
            headers = {k: v for k, v in got.getheaders() if k.lower() not in ("connection", "transfer-encoding")}
            return got.status, headers, body
        content = self.files.get(handler.path)
        if content is None:
            return 404, {}, b"nothing"
        tag = {"ETag": self.tags.get(handler.path, '"1"')} if self.tags.get(handler.path, "x") else {}
        asked = handler.headers.get("Range")
        if asked is None:
            return 200, tag, content
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last) + 1, len(content))
        if start >= len(content):
            return 416, {"Content-Range": f"bytes */{len(content)}", **tag}, b""
        return 206, {"Content-Range": f"bytes {start}-{stop - 1}/{len(content)}", **tag}, content[start:stop]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.command, self.path, self.headers.get("Range")))
        fault = server.faults.popleft() if server.faults else None
        if fault == "hang":
            server.stopped.wait(20)
            return
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if isinstance(fault, int):
            self.reply(fault, {}, b"<Error><Code>Scripted</Code></Error>")
            return
        status, headers, body = server.answer(self)
        if fault == "whole":
            status, headers = 200, {}
        elif fault == "other":
            total = headers["Content-Range"].rpartition("/")[2]
            headers["Content-Range"] = f"bytes 7-8/{total}"
        elif fault == "short":
            body = body[:-1]
            headers["Content-Length"] = str(len(body))
        self.reply(status, headers, body, len(body) // 2 if fault == "truncate" else None)

    def do_HEAD(self):
        self.do_GET()

    def reply(self, status, headers, body, sent=None):
        self.send_response_only(status)
        names = {name.lower() for name in headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def background():
    """fsspec's own thread, which stays for as long as the process does."""
    pytest.importorskip("aiohttp", reason="needs the extra `remote`")
    asyn = pytest.importorskip("fsspec.asyn", reason="needs the extra `remote`")
    asyn.get_loop()


@pytest.fixture
def no_new_threads():
    """Fails if the test leaves a thread behind, besides fsspec's own and the few that look up names for it."""

    def running():
        return {t for t in threading.enumerate() if not t.name.startswith(("fsspecIO", "asyncio_"))}

    before = running()
    yield
    assert running() <= before


@pytest.fixture
def serve(background, no_new_threads):
    """``serve(forward)``: a running server; it ends with the test."""
    running = []

    def start(forward=None):
        server = Server(forward)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        running.append((server, thread))
        thread.start()
        return server

    yield start
    for server, thread in running:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def web(serve):
    return serve()


@pytest.fixture
def remote(tmp_path, background, no_new_threads):
    """``remote(**options)``: quick to give up, closed with the test."""
    opened = []

    def make(**options):
        made = Remote(Options(**{"cache": str(tmp_path / "cache"), "attempts": 3, "timeout": 5, **options}))
        made.policy = replace(made.policy, first_wait=0.01)
        opened.append(made)
        return made

    yield make
    for made in opened:
        made.close()


@pytest.fixture(scope="session")
def s3_process():
    """(host, port) of moto's S3 server, a process of its own."""
    pytest.importorskip("s3fs", reason="needs the extra `remote`")
    pytest.importorskip("moto.server", reason="needs the extra `remote-test`")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "moto's server does not start"
                time.sleep(0.05)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def credentials(monkeypatch, tmp_path):
    """Credentials of nobody, and no others."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no aws"))
    return CREDENTIALS


@pytest.fixture
def put(s3_process, credentials):
    """``put(key, content)`` -> s3 URL. The bucket is new."""
    boto3 = pytest.importorskip("boto3", reason="needs the extra `remote-test`")
    client = boto3.client("s3", endpoint_url=f"http://{s3_process[0]}:{s3_process[1]}")
    client.create_bucket(Bucket="bucket")

    def send(key, content, **options):
        client.put_object(Bucket="bucket", Key=key, Body=content, **options)
        return f"s3://bucket/{key}"

    yield send
    for found in client.list_objects_v2(Bucket="bucket").get("Contents", []):
        client.delete_object(Bucket="bucket", Key=found["Key"])
    client.delete_bucket(Bucket="bucket")
    client.close()


@pytest.fixture
def s3(serve, s3_process):
    """A server between the store and the test, which misbehaves as it is told."""
    return serve(s3_process)
