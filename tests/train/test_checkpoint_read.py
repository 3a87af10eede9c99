from __future__ import annotations

import os

import pytest

from mxtrain.base.errors import CheckpointError, EnvironmentFault
from mxtrain.train.checkpoint_io import Policy, write
from mxtrain.train.checkpoint_read import latest, open_checkpoint, problem
from mxtrain.train.file_system import LOCAL

RUN = "0123456789abcdef"
FILES = {"net-0001.params": bytes(range(60)), "state.json": b'{"step": 2}'}


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "run" / "checkpoints"
    for step in (1, 2):
        write(root, step, FILES, run_id=RUN, prune=Policy())
    return root


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_every_truncation_is_seen_and_fallen_back_from(root, name):
    file = root / "step-00000002" / name
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert latest(root).step == 1
        with pytest.raises(CheckpointError, match=f"{name}: "):
            open_checkpoint(root / "step-00000002")
    file.write_bytes(whole + b"\n")
    assert latest(root).step == 1
    file.unlink()
    assert latest(root).step == 1
    file.write_bytes(whole)
    assert latest(root).step == 2


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_every_flipped_bit_is_seen(root, name):
    path = root / "step-00000002"
    whole = (path / name).read_bytes()
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        (path / name).write_bytes(flipped)
        found = problem(path, LOCAL)
        assert found is not None and name in str(found)
    assert latest(root).step == 1


def test_errors_say_where_what_was_expected_and_what_came(root):
    checkpoint = latest(root)
    file = checkpoint.path / "state.json"
    file.write_bytes(b'{"step"')
    with pytest.raises(CheckpointError, match=r"state.json: offset 7: expected 11 bytes, got 7"):
        checkpoint.read("state.json")
    file.write_bytes(b'{"step": 3}')
    with pytest.raises(
        CheckpointError, match=r"state.json: offset 0 to 11: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}"
    ):
        checkpoint.read("state.json")
    file.unlink()
    with pytest.raises(CheckpointError, match=r"state.json: No such file"):
        checkpoint.read("state.json")
    with pytest.raises(CheckpointError, match=r"no file '../run.lock'; there are: net-0001.params, state.json"):
        checkpoint.read("../run.lock")


@pytest.mark.timeout(10)
def test_links_fifos_and_directories_are_not_read(root, tmp_path):
    file = root / "step-00000002" / "state.json"
    (tmp_path / "elsewhere").write_bytes(file.read_bytes())
    for replace in (
        lambda: file.symlink_to(tmp_path / "elsewhere"),
        lambda: os.mkfifo(file),
        lambda: file.symlink_to("/dev/zero"),
        lambda: file.mkdir(),
    ):
        file.unlink()
        replace()
        assert latest(root).step == 1


def test_a_manifest_without_end_is_not_read(root):
    file = root / "step-00000002" / "manifest.json"
    with open(file, "r+b") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(CheckpointError, match="expected at most 16777216 bytes, got 1099511627776"):
        open_checkpoint(root / "step-00000002")


@pytest.mark.parametrize("way", ["run", "checkpoints", "step", "last", "relative"])
def test_open_takes_a_run_its_checkpoints_or_one(root, way, monkeypatch):
    monkeypatch.chdir(root)
    paths = {"run": root.parent, "checkpoints": root, "step": root / "step-00000001", "last": root / "last"}
    found = open_checkpoint(paths[way] if way in paths else root.relative_to(root))
    assert found.step == (1 if way == "step" else 2)
    assert found.path == root / f"step-{found.step:08d}"


def test_open_takes_a_copy_by_another_name(root, tmp_path):
    (root / "step-00000002").rename(tmp_path / "best-model")
    assert open_checkpoint(tmp_path / "best-model").step == 2


def test_open_says_what_is_there_instead(root, tmp_path):
    with pytest.raises(EnvironmentFault, match="got nothing"):
        open_checkpoint(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="got a file"):
        open_checkpoint(tmp_path / "file")
    for name in ("001", "012", "last"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    with pytest.raises(EnvironmentFault, match="expected a run or a checkpoint; it holds the runs 001, 012"):
        open_checkpoint(tmp_path / "runs")
    (tmp_path / "others" / "x").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="expected a checkpoint that verifies, got none; the directory holds x"):
        open_checkpoint(tmp_path / "others")
    for step in (1, 2):
        (root / f"step-{step:08d}" / "state.json").write_bytes(b"")
    with pytest.raises(CheckpointError) as raised:
        open_checkpoint(root.parent)
    assert str(raised.value).count("offset 0: expected 11 bytes, got 0") == 2


def test_a_directory_named_after_another_step_is_bad(root):
    (root / "step-00000002").rename(root / "step-00000003")
    with pytest.raises(CheckpointError, match="expected step 3, as the directory is named, got step 2"):
        open_checkpoint(root / "step-00000003")
    assert latest(root).step == 1


def test_latest_without_any(tmp_path):
    assert latest(tmp_path) is None
    assert latest(tmp_path / "missing") is None
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="readable directory"):
        latest(tmp_path / "file")


def test_files_that_nobody_wrote_are_ignored(root):
    (root / "step-00000002" / "note.txt").write_text("mine")
    (root / "step-x").mkdir()
    (root / "step-000000009").mkdir()
    (root / "step-00000004").write_text("a file")
    assert latest(root).step == 2 and latest(root).names == ("net-0001.params", "state.json")


def test_a_checkpoint_removed_while_looking(root):
    """Another process lists 1 and 2, while the run commits 3 and removes them."""
    stale = [["step-00000001", "step-00000002"]]
    fs = LOCAL.__class__(**{**vars(LOCAL), "listdir": lambda path: stale.pop() if stale else os.listdir(path)})
    write(root, 3, FILES, run_id=RUN, prune=Policy(keep_last=1))
    assert latest(root, fs).step == 3


@pytest.mark.parametrize(
    "name",
    [b"a b", b"new\nline", b"\xff\xfe", "\u00e9\u4e2d".encode(), b"x" * 255],
    ids=["blank", "newline", "no text", "not ascii", "long"],
)
def test_any_name_of_the_directory(tmp_path, name, caplog):
    root = tmp_path / os.fsdecode(name)
    for step in (1, 2):
        write(root, step, FILES, run_id=RUN, prune=Policy())
    (root / "step-00000002" / "state.json").unlink()
    assert latest(root).step == 1 and open_checkpoint(root).read("state.json") == FILES["state.json"]
    assert "state.json" in caplog.text
