import errno
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runtime.artifact import Artifact, Folder, ModelFile
from runtime.errors import UserError
from runtime.store import Store, default_root

CONTENT = {"config.json": b"{}", "weights/model.bin": bytes(range(256)) * 4000}


def model_file(path: str, content: bytes) -> ModelFile:
    return ModelFile(path, len(content), hashlib.sha256(content).hexdigest())


def artifact(*folders: Path, name: str = "echo-1") -> Artifact:
    return Artifact(
        name=name,
        files=tuple(model_file(path, content) for path, content in CONTENT.items()),
        sources=tuple(Folder(folder) for folder in folders),
        licence="MIT",
        summary="a model for tests",
    )


def fill(folder: Path, content: dict[str, bytes] = CONTENT) -> Path:
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def left_in(root: Path) -> list[str]:
    """What lies in the store, its lock apart."""
    return sorted(entry.name for entry in root.iterdir() if entry.name != ".lock")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return fill(tmp_path / "origin")


def test_a_fetched_artifact_lies_complete_in_its_folder(store: Store, origin: Path) -> None:
    echo = artifact(origin)
    store.fetch(echo)
    assert store.find(echo) == store.path(echo) == store.root / "echo-1"
    assert {path: (store.path(echo) / path).read_bytes() for path in CONTENT} == CONTENT
    assert store.verify(echo) == []
    assert left_in(store.root) == ["echo-1"]


def test_progress_rises_to_the_total(store: Store, origin: Path) -> None:
    seen: list[tuple[int, int]] = []
    echo = artifact(origin)
    store.fetch(echo, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen[-1] == (echo.size_bytes, echo.size_bytes)
    assert {total for _, total in seen} == {echo.size_bytes}


def test_a_missing_artifact_names_the_command_that_fetches_it(store: Store, origin: Path) -> None:
    assert store.find(artifact(origin)) is None
    with pytest.raises(UserError, match="echo-1 is missing") as error:
        store.path(artifact(origin))
    assert "edge-audio models fetch echo-1" in error.value.remedy


def test_an_artifact_with_a_short_file_is_incomplete(store: Store, origin: Path) -> None:
    store.fetch(artifact(origin))
    (store.root / "echo-1" / "config.json").write_bytes(b"{")
    with pytest.raises(UserError, match="echo-1 is incomplete"):
        store.path(artifact(origin))


def test_verify_tells_what_is_wrong_with_each_file(store: Store, origin: Path) -> None:
    echo = artifact(origin)
    assert store.verify(echo) == ["config.json is missing", "weights/model.bin is missing"]
    store.fetch(echo)
    folder = store.path(echo)
    (folder / "config.json").write_bytes(b"{ }")
    damaged = bytearray(CONTENT["weights/model.bin"])
    damaged[1000] ^= 1
    (folder / "weights/model.bin").write_bytes(damaged)
    found = hashlib.sha256(damaged).hexdigest()
    assert store.verify(echo) == [
        "config.json has 3 bytes, expected 2",
        f"weights/model.bin has sha256 {found}, expected {echo.files[1].sha256}",
    ]


def test_a_fetch_repairs_what_is_damaged(store: Store, origin: Path) -> None:
    echo = artifact(origin)
    store.fetch(echo)
    (store.path(echo) / "config.json").write_bytes(b"[]")
    store.fetch(echo)
    assert store.verify(echo) == []
    assert left_in(store.root) == ["echo-1"]


def test_what_is_here_and_right_is_not_fetched_again(store: Store, origin: Path) -> None:
    store.fetch(artifact(origin))
    (store.root / ".lock").unlink()
    store.fetch(artifact())  # which has no source at all
    assert not (store.root / ".lock").exists(), "a store that can only be read would not do"


def test_a_wrong_hash_is_told_with_both_hashes_and_nothing_is_kept(store: Store, origin: Path) -> None:
    (origin / "config.json").write_bytes(b"[]")
    echo = artifact(origin)
    with pytest.raises(UserError) as error:
        store.fetch(echo)
    for part in ("echo-1", "config.json", hashlib.sha256(b"[]").hexdigest(), echo.files[0].sha256):
        assert part in error.value.cause
    assert str(store.root / "echo-1") in error.value.remedy
    assert left_in(store.root) == []


@pytest.mark.parametrize(("content", "problem"), [(b"{", "has 1 bytes"), (b"{ }", "longer than its 2")])
def test_a_file_of_another_length_is_refused(
    store: Store, origin: Path, content: bytes, problem: str
) -> None:
    (origin / "config.json").write_bytes(content)
    with pytest.raises(UserError, match=problem):
        store.fetch(artifact(origin))
    assert left_in(store.root) == []


def test_the_next_source_is_tried_when_one_fails(store: Store, origin: Path, tmp_path: Path) -> None:
    wrong = fill(tmp_path / "wrong", {**CONTENT, "weights/model.bin": b"?" * 1_024_000})
    store.fetch(artifact(tmp_path / "nowhere", wrong, origin))
    assert store.verify(artifact()) == []
    assert left_in(store.root) == ["echo-1"]


def test_all_sources_that_failed_are_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        store.fetch(artifact(tmp_path / "here", tmp_path / "there"))
    assert str(tmp_path / "here") in error.value.cause
    assert str(tmp_path / "there") in error.value.cause


def test_an_interrupted_fetch_leaves_nothing_and_a_later_one_works(store: Store, origin: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch(artifact(origin), interrupt)
    assert left_in(store.root) == []
    store.fetch(artifact(origin))
    assert store.verify(artifact()) == []


def test_a_fetch_keeps_what_it_had_finished_when_a_later_artifact_fails(
    store: Store, origin: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="echo-2 cannot be fetched"):
        store.fetch_all([artifact(origin), artifact(tmp_path / "nowhere", name="echo-2")])
    assert left_in(store.root) == ["echo-1"]


def test_the_next_fetch_sweeps_up_after_a_killed_one(store: Store, origin: Path) -> None:
    killed = f"""
import os, signal
from pathlib import Path
from runtime.store import Store
from tests.runtime.test_store import artifact
Store(Path({str(store.root)!r})).fetch(
    artifact(Path({str(origin)!r})), lambda done, total: os.kill(os.getpid(), signal.SIGKILL)
)
"""
    project = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", killed], cwd=project, check=False)
    (left,) = left_in(store.root)
    assert left.startswith(".fetching-")
    store.fetch(artifact(origin))
    assert left_in(store.root) == ["echo-1"]
    assert store.verify(artifact()) == []


def test_of_two_fetches_at_once_one_works_and_the_other_waits(store: Store, origin: Path) -> None:
    entered, release = threading.Event(), threading.Event()
    second_saw: list[tuple[int, int]] = []

    def hold(done: int, total: int) -> None:
        entered.set()
        assert release.wait(10)

    first = threading.Thread(target=store.fetch, args=(artifact(origin), hold))
    second = threading.Thread(
        target=Store(store.root).fetch,
        args=(artifact(origin), lambda done, total: second_saw.append((done, total))),
    )
    first.start()
    assert entered.wait(10)
    second.start()
    second.join(0.2)
    assert second.is_alive()
    assert second_saw == []
    release.set()
    first.join(10)
    second.join(10)
    size_bytes = artifact().size_bytes
    assert second_saw == [(size_bytes, size_bytes)], "the second fetched it again"
    assert store.verify(artifact()) == []


def test_a_root_that_cannot_be_written_is_told_with_the_remedy(tmp_path: Path, origin: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"cannot be written to .*Not a directory") as error:
        Store(tmp_path / "file" / "models").fetch(artifact(origin))
    assert "EDGE_AUDIO_HOME" in error.value.remedy


def test_a_full_disk_is_told_and_nothing_is_kept(
    store: Store, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="is full"):
        store.fetch(artifact(origin))
    assert left_in(store.root) == []


@pytest.mark.parametrize("path", ["../model.bin", "/etc/model.bin", "a/../../b", ""])
def test_a_path_that_leaves_the_artifact_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="inside an artifact"):
        ModelFile(path, 1, "00")


def test_the_default_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("EDGE_AUDIO_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_root() == Path("/home/ada/.cache/edge-audio/models")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/ada")
    assert default_root() == Path("/var/cache/ada/edge-audio/models")
    monkeypatch.setenv("EDGE_AUDIO_HOME", "~/speech")
    assert default_root() == Path("/home/ada/speech/models")
