from __future__ import annotations

import errno
import logging
import os

import pytest

from mxtrain.base.errors import CheckpointError, ConfigError, EnvironmentFault, OutOfSpace
from mxtrain.train.checkpoint_io import Policy, latest, open_checkpoint, prepare, rewind, write
from mxtrain.train.file_system import LOCAL

RUN = "0123456789abcdef"
FILES = {"net-0001.params": b"p" * 100, "state.json": b"{}"}
ALL = Policy(keep_last=None)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "run" / "checkpoints"


def save(root, *steps, run_id=RUN, prune=ALL, **kwargs):
    for step in steps:
        write(root, step, {**FILES, "step.txt": b"%d" % step}, run_id=run_id, prune=prune, **kwargs)


def names(root):
    return sorted(os.listdir(root))


def test_write_then_read(root):
    def params(file):
        file.write(b"ab")
        assert file.tell() == 2
        file.write(memoryview(b"cd"))

    path = write(root, 7, {"a.params": params, "empty": b""}, run_id=RUN, prune=ALL)
    assert path == root / "step-00000007" and names(path) == ["a.params", "empty", "manifest.json"]
    found = latest(root)
    assert found.step == 7 and found.manifest.run_id == RUN and found.names == ("a.params", "empty")
    assert found.read("a.params") == b"abcd" and found.read("empty") == b""
    assert os.readlink(root / "last") == "step-00000007" and not (root / "best").exists()


def test_committed_is_logged_after_the_rename_and_before_anything_is_removed(root, fault_fs, caplog):
    caplog.set_level(logging.INFO)
    save(root, 1)
    faults = fault_fs()
    handler = logging.Handler()
    handler.emit = lambda record: faults.log.append(("said", record.getMessage()))
    logging.getLogger("mxtrain.train.checkpoint_io").addHandler(handler)
    try:
        save(root, 2, prune=Policy(keep_last=1), fs=faults.fs())
    finally:
        logging.getLogger("mxtrain.train.checkpoint_io").removeHandler(handler)
    said = faults.log.index(("said", "checkpoint committed step=2"))
    assert [c[0] for c in faults.log[said - 3 : said]] == ["fsync_dir", "rename", "fsync_dir"]
    before, after = faults.log[:said], faults.log[said:]
    assert not [c for c in before if c[0] in ("unlink", "rmdir")] and [c for c in after if c[0] == "rmdir"]
    last = next(i for i, c in enumerate(after) if c[0] == "rename" and c[2].name == "last")
    trash = next(i for i, c in enumerate(after) if c[0] == "rename" and c[2].name.startswith(".trash"))
    assert last < trash
    writes = [c[1].name for c in before if c[0] == "write"]
    assert writes[-1] == "manifest.json"


def test_the_temporary_directory_is_private(root):
    save(root, 1)
    assert (root / "step-00000001").stat().st_mode & 0o777 == 0o700


def test_keep_last_and_keep_best(root):
    for step, value in enumerate([0.5, 0.9, 0.9, float("nan"), 0.1, None, 0.2], 1):
        prune = Policy(keep_last=2, keep_best=2, monitor="accuracy", value=value)
        write(root, step, FILES, run_id=RUN, prune=prune)
    kept = [n for n in names(root) if n.startswith("step")]
    assert kept == [f"step-{s:08d}" for s in (2, 3, 6, 7)]
    assert os.readlink(root / "best") == "step-00000002"
    assert not [n for n in names(root) if n.startswith(".")]


def test_smaller_is_better_when_the_mode_says_so(root):
    for step, value in enumerate([3.0, 1.0, 2.0], 1):
        prune = Policy(keep_last=1, keep_best=1, monitor="loss", mode="min", value=value)
        write(root, step, FILES, run_id=RUN, prune=prune)
    assert os.readlink(root / "best") == "step-00000002" and os.readlink(root / "last") == "step-00000003"
    assert open_checkpoint(root / "best").manifest.score == ("loss", 1.0, "min")


def test_scores_of_another_mode_are_not_ranked(root):
    for step, mode in enumerate(["max", "min", "min"], 1):
        prune = Policy(keep_last=1, keep_best=1, monitor="m", mode=mode, value=float(step))
        write(root, step, FILES, run_id=RUN, prune=prune)
    assert os.readlink(root / "best") == "step-00000002"


def test_what_another_run_wrote_is_neither_counted_nor_removed(root):
    save(root, 1, 2, run_id="other")
    save(root, 3, 4, prune=Policy(keep_last=1))
    assert [n for n in names(root) if n.startswith("step")] == ["step-00000001", "step-00000002", "step-00000004"]


@pytest.mark.parametrize(
    "wrong", [{"keep_last": 0}, {"keep_best": -1}, {"keep_best": 1}], ids=["keep_last", "keep_best", "monitor"]
)
def test_a_policy_that_cannot_be(wrong):
    with pytest.raises(ConfigError, match="checkpoint.keep_"):
        Policy(**wrong)


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../x", "a b", "é", "x" * 129, "manifest.json", "a\n"])
def test_names_that_are_no_file_names(root, name):
    with pytest.raises(CheckpointError, match="file name"):
        write(root, 1, {name: b""}, run_id=RUN, prune=ALL)
    assert not root.exists()


def test_names_that_differ_in_case_only(root):
    with pytest.raises(CheckpointError, match="taken by 'a'"):
        write(root, 1, {"a": b"", "A": b""}, run_id=RUN, prune=ALL)


@pytest.mark.parametrize(("step", "run_id"), [(-1, RUN), (10**18, RUN), (1, "a-b"), (1, "")])
def test_steps_and_run_ids_that_cannot_be(root, step, run_id):
    with pytest.raises(CheckpointError, match="expected"):
        write(root, step, FILES, run_id=run_id, prune=ALL)


def test_steps_are_ordered_as_numbers(root):
    save(root, 99_999_999, 100_000_000, 5)
    assert latest(root).step == 100_000_000


def test_a_bad_step_is_kept_aside_when_it_is_saved_again(root, caplog):
    save(root, 1, 2)
    (root / "step-00000002" / "state.json").write_bytes(b"xx")
    assert latest(root).step == 1
    assert "state.json: offset 0 to 2: expected sha256" in caplog.text
    save(root, 2)
    assert latest(root).step == 2
    (bad,) = [n for n in names(root) if n.startswith(".bad-step-00000002-")]
    assert (root / bad / "state.json").read_bytes() == b"xx" and bad in caplog.text


def test_a_good_step_is_replaced(root):
    save(root, 2)
    write(root, 2, {"a": b"new"}, run_id=RUN, prune=ALL)
    assert latest(root).read("a") == b"new"
    assert names(root) == ["last", "step-00000002"]


def test_an_error_of_the_callers_function_leaves_nothing(root):
    save(root, 1)

    def broken(file):
        file.write(b"half")
        raise ValueError("bug")

    with pytest.raises(ValueError, match="bug"):
        write(root, 2, {"a": broken}, run_id=RUN, prune=ALL)
    assert names(root) == ["last", "step-00000001"]


def test_out_of_space_names_the_bytes_needed(root, fault_fs):
    save(root, 1)
    with pytest.raises(OutOfSpace, match=r"checkpoint step 2 needs 103 bytes, \d+ are free.*on_full: prune"):
        save(root, 2, fs=fault_fs(5, errno.ENOSPC).fs())
    assert names(root) == ["last", "step-00000001"]


def test_on_full_prune_removes_one_that_is_not_the_best_and_tries_once_more(root, fault_fs):
    for step, value in [(1, 0.9), (2, 0.1), (3, 0.2)]:
        save(root, step, prune=Policy(None, 0, "accuracy", value=value))
    prune = Policy(None, 0, "accuracy", value=0.3, on_full="prune")
    save(root, 4, prune=prune, fs=fault_fs(5, errno.ENOSPC).fs())
    assert [n for n in names(root) if n.startswith("step")] == ["step-00000001", "step-00000003", "step-00000004"]
    with pytest.raises(OutOfSpace):
        save(root, 5, prune=prune, fs=fault_fs(5, errno.ENOSPC, lasting=True).fs())
    assert [n for n in names(root) if n.startswith("step")] == ["step-00000001", "step-00000004"]


def test_on_full_prune_spares_the_last_good_one(root, fault_fs):
    save(root, 1, 2)
    (root / "step-00000002" / "state.json").unlink()
    (root / "step-00000001").rename(root / "step-00000003")  # its manifest says 1: bad too
    save(root, 4)
    for step in (2, 3):
        assert (root / f"step-{step:08d}").exists()
    prune = Policy(None, on_full="prune")
    save(root, 5, prune=prune, fs=fault_fs(5, errno.ENOSPC).fs())  # 2, whose manifest reads, makes room
    assert latest(root).step == 5
    assert [n for n in names(root) if n.startswith("step")] == [f"step-{s:08d}" for s in (3, 4, 5)]
    (root / "step-00000005").rename(root / "elsewhere")
    with pytest.raises(OutOfSpace):
        save(root, 6, prune=prune, fs=fault_fs(5, errno.ENOSPC).fs())
    assert latest(root).step == 4


def test_eio_once_is_tried_again_in_new_files_and_twice_is_an_error(root, fault_fs):
    save(root, 1)
    once = fault_fs(5, errno.EIO)
    save(root, 2, fs=once.fs())
    made = [c[1] for c in once.log if c[0] == "mkdir" and c[1].name.startswith(".tmp-step")]
    assert len(made) == 2 and latest(root).step == 2
    with pytest.raises(CheckpointError, match="Input/output error: checkpoint step 3 could not be written"):
        save(root, 3, fs=fault_fs(5, errno.EIO, lasting=True).fs())
    assert latest(root).step == 2


def test_prepare_removes_what_is_ours_and_leaves_the_rest(root, fault_fs, killed, caplog):
    save(root, 1)
    with pytest.raises(killed):
        save(root, 2, fs=fault_fs(9, "torn").fs())
    with pytest.raises(killed):
        save(root, 2, run_id="other", fs=fault_fs(9, "torn").fs())
    (root / ".strange").mkdir()
    link = root / f".tmp-last-{RUN}-00000000"
    link.symlink_to("step-00000001")
    (mine,) = [n for n in names(root) if n.startswith(".tmp-step") and RUN in n]
    (other,) = [n for n in names(root) if "-other-" in n]
    prepare(root, run_id=RUN)
    assert names(root) == sorted([".strange", other, "last", "step-00000001"])
    assert names(root / "step-00000001") == ["manifest.json", "net-0001.params", "state.json", "step.txt"]
    assert mine not in caplog.text and f"{other}: not of this run" in caplog.text and ".strange: not" in caplog.text


def test_prepare_leaves_a_directory_within_a_leftover(root, caplog):
    save(root, 1)
    (root / f".trash-step-00000001-{RUN}-00000000" / "mine").mkdir(parents=True)
    prepare(root, run_id=RUN)
    assert (root / f".trash-step-00000001-{RUN}-00000000" / "mine").exists()
    assert "could not be cleared" in caplog.text


def test_what_was_displaced_counts_until_its_replacement_is_there(root):
    save(root, 1, 2)
    old = root / f".old-step-00000002-{RUN}-00000000"
    (root / "step-00000002").rename(old)
    assert latest(root).step == 2
    prepare(root, run_id=RUN)
    assert names(root) == ["last", "step-00000001", "step-00000002"]
    # The replacement is there but bad: the old one is put back.
    (root / "step-00000002").rename(old)
    (root / "step-00000002").mkdir()
    assert latest(root).path == old
    prepare(root, run_id=RUN)
    assert latest(root).path == root / "step-00000002"
    # The replacement is good: the old one goes.
    (root / "step-00000002").rename(old)
    save(root, 3)
    write(root, 2, {"a": b"new"}, run_id="other", prune=ALL)
    assert old.exists()
    prepare(root, run_id=RUN)
    assert not old.exists() and open_checkpoint(root / "step-00000002").read("a") == b"new"


def test_read_only_at_start(root, fault_fs):
    save(root, 1)
    with pytest.raises(EnvironmentFault, match="expected a writable directory"):
        prepare(root, run_id=RUN, fs=fault_fs(0, errno.EROFS, lasting=True).fs())
    with pytest.raises(OutOfSpace):
        prepare(root, run_id=RUN, fs=fault_fs(0, errno.ENOSPC, lasting=True).fs())
    with pytest.raises(CheckpointError):
        prepare(root, run_id=RUN, fs=fault_fs(0, errno.EIO).fs())


def test_a_file_where_the_directory_should_be(root):
    root.parent.mkdir()
    root.write_text("mine")
    with pytest.raises(EnvironmentFault, match="checkpoints"):
        prepare(root, run_id=RUN)
    with pytest.raises(EnvironmentFault, match="checkpoints"):
        save(root, 1)
    assert root.read_text() == "mine"


def test_links_that_cannot_be_made_do_not_fail_the_save(root, caplog):
    root.mkdir(parents=True)
    (root / "last").mkdir()
    (root / "last" / "mine").write_text("")
    save(root, 1)
    assert latest(root).step == 1 and "tidying up after checkpoint step 1 failed" in caplog.text
    prepare(root, run_id=RUN)
    assert names(root) == ["last", "step-00000001"]


def test_rewind_sets_later_ones_aside(root, fault_fs, caplog):
    save(root, 1, 2, 3)
    rewind(root, 1)
    assert latest(root).step == 1
    assert len([n for n in names(root) if n.startswith(".aside-step-0000000")]) == 2
    caplog.set_level(logging.INFO)
    prepare(root, run_id=RUN)
    assert caplog.text.count("kept; remove it when nobody needs it") == 2
    with pytest.raises(EnvironmentFault):
        rewind(root, 0, fs=fault_fs(0, errno.EROFS, lasting=True).fs())


def test_a_full_disk(root, tmp_path):
    """The kernel's own ENOSPC, without a mock: /dev/full takes no byte."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    save(root, 1)

    def create(path):
        return open("/dev/full", "wb", buffering=0)

    full = LOCAL.__class__(**{**vars(LOCAL), "create": create})
    with pytest.raises(OutOfSpace, match="No space left"):
        save(root, 2, fs=full)
    assert names(root) == ["last", "step-00000001"]
