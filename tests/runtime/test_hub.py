import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runtime.artifact import Artifact, HubRepository, ModelFile
from runtime.errors import UserError
from runtime.hub import PUBLIC_HUB_URL, default_hub_url
from runtime.store import Store

CONTENT = b"weights " * 100_000
SOURCE = HubRepository("ada/echo", "0123abc")
ECHO = Artifact(
    name="echo",
    files=(ModelFile("onnx/model 1.onnx", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()),),
    sources=(SOURCE,),
    licence="MIT",
    summary="a model for tests",
)


class Hub(SimpleHTTPRequestHandler):
    """Serves a folder; what lies under /cut/ is cut short, and /moved/ leads elsewhere."""

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.end_headers()
        elif self.path.startswith("/cut/"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:1000])
        else:
            super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def hub_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    file = tmp_path / "hub/ada/echo/resolve/0123abc/onnx/model 1.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, directory=str(tmp_path / "hub"))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("prefix", ["", "/", "/moved"])
def test_a_file_is_fetched_by_repository_revision_and_path(tmp_path: Path, hub_url: str, prefix: str) -> None:
    store = Store(tmp_path / "models", hub_url=hub_url + prefix)
    seen: list[tuple[int, int]] = []
    store.fetch(ECHO, lambda done, total: seen.append((done, total)))
    assert (store.path(ECHO) / "onnx/model 1.onnx").read_bytes() == CONTENT
    assert len(seen) > 2
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("prefix", "reason"), [("/nowhere", "status 404"), ("/cut", "without sending complete message body")]
)
def test_what_the_hub_does_not_give_in_full_is_told_and_not_kept(
    tmp_path: Path, hub_url: str, prefix: str, reason: str
) -> None:
    store = Store(tmp_path / "models", hub_url=hub_url + prefix)
    with pytest.raises(UserError, match=reason):
        store.fetch(ECHO)
    assert [entry.name for entry in store.root.iterdir()] == [".lock"]


def test_a_changed_file_on_the_hub_is_refused(tmp_path: Path, hub_url: str) -> None:
    file = tmp_path / "hub/ada/echo/resolve/0123abc/onnx/model 1.onnx"
    file.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(UserError, match="has sha256"):
        Store(tmp_path / "models", hub_url=hub_url).fetch(ECHO)


@pytest.mark.parametrize("hub_url", ["http://127.0.0.1:9", "nonsense"])
def test_a_hub_out_of_reach_is_told(tmp_path: Path, hub_url: str) -> None:
    with pytest.raises(UserError, match=f"echo cannot be fetched: {hub_url}"):
        Store(tmp_path / "models", hub_url=hub_url).fetch(ECHO)


def test_the_hubs_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert default_hub_url() == PUBLIC_HUB_URL
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    assert default_hub_url() == "https://hub.example"
