"""A model hub over HTTPS: files by repository, revision and path."""

import os
from collections.abc import Generator
from urllib.parse import quote

import httpx

from runtime.artifact import HubRepository, SourceFailed

PUBLIC_HUB_URL = "https://huggingface.co"
CHUNK_BYTES = 1 << 18
TIMEOUT_S = 30.0
"""Longest wait for a connection, and for the next bytes of an answer."""


def default_hub_url() -> str:
    """The public hub, or ``$HF_ENDPOINT``: the variable by which its own tools are sent to a mirror."""
    return os.environ.get("HF_ENDPOINT") or PUBLIC_HUB_URL


def read_from_hub(hub_url: str, source: HubRepository, path: str) -> Generator[bytes, None, None]:
    """Yield the file at `path` in chunks; raises `SourceFailed` when the hub does not give all of it."""
    revision = quote(source.revision, safe="")
    url = f"{hub_url.rstrip('/')}/{source.repository}/resolve/{revision}/{quote(path)}"
    try:
        # Packed answers would hide a cut one: only a plain one has the length that it announces.
        headers = {"Accept-Encoding": "identity"}
        with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=TIMEOUT_S) as response:
            if not response.is_success:
                raise SourceFailed(f"{url} answers with status {response.status_code}")
            yield from response.iter_bytes(CHUNK_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceFailed(f"{url}: {error or type(error).__name__}") from error
