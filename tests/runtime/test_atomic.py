import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.atomic import AtomicFile, atomic_folder, remove_folder, replace_folder
from runtime.errors import UserError
from tests.support.limits import as_nobody, disk_of


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter (pytest's own are private)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def fill(folder: Path, content: bytes) -> None:
    with atomic_folder(folder) as part:
        (part / "a").write_bytes(content)


def test_a_file_appears_complete_and_replaces_the_old_one_at_once(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    for text in ('{"said": "schön"}', '{"said": "好"}'):
        before = path.read_bytes() if path.exists() else None
        report = AtomicFile(path)
        report.write(text.encode())
        assert (path.read_bytes() if path.exists() else None) == before
        report.commit()
        report.abort()
        assert path.read_text() == text
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_file_is_committed_at_the_end_of_its_block(tmp_path: Path) -> None:
    with AtomicFile(tmp_path / "report.json") as file:
        file.write(b"{}")
    assert (tmp_path / "report.json").read_bytes() == b"{}"


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_file_whose_block_fails_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"precious")
    with pytest.raises(failure), AtomicFile(path) as file:
        file.write(b"half")
        raise failure
    assert path.read_bytes() == b"precious"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_file_on_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    report = AtomicFile(tmp_path / "report.json")
    with disk_of(1_000), pytest.raises(UserError, match="could not be written"):
        report.write(b"x" * 20_000)
    report = AtomicFile(tmp_path / "report.json")
    with disk_of(1_000), pytest.raises(UserError, match="could not be written"):
        report.write(b"x" * 2_000)  # fits into the buffer, fails when it is emptied
        report.commit()
    assert os.listdir(tmp_path) == []


def test_a_file_where_nothing_can_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"folder .*no.* does not exist"):
        AtomicFile(tmp_path / "no" / "report.json")
    with pytest.raises(UserError, match="is a folder"):
        AtomicFile(tmp_path)
    with pytest.raises(UserError, match="device or a pipe"):
        AtomicFile("/dev/null")
    assert os.listdir(tmp_path) == []


def test_a_file_that_may_not_be_written_is_not_replaced(open_folder: Path) -> None:
    protected = open_folder / "report.json"
    protected.write_bytes(b"precious")
    protected.chmod(0o444)
    with as_nobody(), pytest.raises(UserError, match=r"can't be written.*Permission denied"):
        AtomicFile(protected)
    assert protected.read_bytes() == b"precious"


def test_a_link_to_a_file_or_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "lm").mkdir(parents=True)
    file, folder = tmp_path / "report.json", tmp_path / "lm"
    file.symlink_to(tmp_path / "real" / "report.json")
    folder.symlink_to(tmp_path / "real" / "lm")
    with AtomicFile(file) as report:
        report.write(b"{}")
    fill(folder, b"graph")
    assert file.is_symlink()
    assert folder.is_symlink()
    assert (tmp_path / "real" / "report.json").read_bytes() == b"{}"
    assert (tmp_path / "real" / "lm" / "a").read_bytes() == b"graph"
    assert sorted(os.listdir(tmp_path / "real")) == ["lm", "report.json"]


def test_what_was_written_has_the_permissions_of_any_new_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    (tmp_path / "plain_folder").mkdir()
    AtomicFile(tmp_path / "file").commit()
    fill(tmp_path / "folder", b"graph")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "plain_folder").stat().st_mode


def test_a_long_name_is_no_longer_while_it_is_written(tmp_path: Path) -> None:
    name = "好" * 80 + ".json"
    with AtomicFile(tmp_path / name) as file:
        file.write(b"{}")
    assert os.listdir(tmp_path) == [name]


def test_a_folder_appears_complete_and_replaces_the_old_one_at_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "lm"
    fill(folder, b"first")
    with atomic_folder(folder) as part:
        (part / "b").write_bytes(b"second")
        assert os.listdir(folder) == ["a"]
    assert os.listdir(folder) == ["b"]
    assert os.listdir(tmp_path / "models") == ["lm"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_folder_whose_block_fails_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    fill(tmp_path / "lm", b"first")
    with pytest.raises(failure), atomic_folder(tmp_path / "lm") as part:
        (part / "b").write_bytes(b"half")
        raise failure
    assert os.listdir(tmp_path) == ["lm"]
    assert (tmp_path / "lm" / "a").read_bytes() == b"first"


def test_a_folder_that_can_not_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"can't be written.*Not a directory"):
        fill(tmp_path / "file" / "lm", b"graph")
    with disk_of(1_000), pytest.raises(UserError, match="can't be written"):
        fill(tmp_path / "lm", b"x" * 20_000)
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_may_not_replace_another_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "tom", b"first")
    with (
        pytest.raises(UserError, match="can't be written"),
        atomic_folder(tmp_path / "tom", replace=False) as part,
    ):
        (part / "a").write_bytes(b"second")
    assert os.listdir(tmp_path) == ["tom"]
    assert (tmp_path / "tom" / "a").read_bytes() == b"first"


def test_two_writers_of_one_target_do_not_disturb_each_other(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "lm") as first:
        (first / "a").write_bytes(b"first")
        fill(tmp_path / "lm", b"second")
        assert (tmp_path / "lm" / "a").read_bytes() == b"second"
    assert (tmp_path / "lm" / "a").read_bytes() == b"first"
    with AtomicFile(tmp_path / "a") as one:
        one.write(b"first")
        with AtomicFile(tmp_path / "a") as other:
            other.write(b"second")
        assert (tmp_path / "a").read_bytes() == b"second"
    assert (tmp_path / "a").read_bytes() == b"first"
    assert sorted(os.listdir(tmp_path)) == ["a", "lm"]


def test_a_folder_that_can_not_take_its_place_leaves_the_old_one(tmp_path: Path) -> None:
    fill(tmp_path / "lm", b"first")
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "missing", tmp_path / "lm")
    assert os.listdir(tmp_path) == ["lm"]
    assert (tmp_path / "lm" / "a").read_bytes() == b"first"


def test_a_removed_folder_leaves_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "tom", b"first")
    remove_folder(tmp_path / "tom")
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        remove_folder(tmp_path / "tom")


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    killed = """
import os, signal
from runtime.atomic import AtomicFile, atomic_folder
with AtomicFile("report.json"), atomic_folder("lm") as part:
    (part / "a").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", killed], cwd=tmp_path, env=environment, check=False)
    assert len(os.listdir(tmp_path)) == 2
    AtomicFile(tmp_path / "report.json").commit()
    fill(tmp_path / "lm", b"graph")
    assert sorted(os.listdir(tmp_path)) == ["lm", "report.json"]


def test_what_a_running_process_is_writing_stays(tmp_path: Path) -> None:
    running = tmp_path / f".lm.{os.getppid()}-0123abcd.part"
    running.mkdir()
    fill(tmp_path / "lm", b"graph")
    assert running.is_dir()
