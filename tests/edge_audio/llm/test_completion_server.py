"""Which addresses are taken, and where a key may go; the rest is proven through the chat models' clients."""

import pytest

from edge_audio.llm.completion_server import CompletionServer
from runtime.errors import UserError


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("", "is not the address"),
        ("localhost:8000/v1", "is not the address"),
        ("ftp://example.org", "is not the address"),
        ("http://", "is not the address"),
        ("http://[::1", "is not the address"),
        ("https://me:secret@example.org/v1", "holds a password"),
        ("http://example.org/v1", "not encrypted"),
        ("http://192.168.1.5:8000/v1", "not encrypted"),
        ("http://localhost.example.org/v1", "not encrypted"),
    ],
)
def test_an_address_that_is_wrong_or_would_give_the_key_away_is_refused(url: str, cause: str) -> None:
    with pytest.raises(UserError, match=cause) as caught:
        CompletionServer(url, api_key_env="KEY", environ={"KEY": "sesame"})
    assert "sesame" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:8000", "https://example.org/v1/"]
)
def test_a_key_may_go_to_this_machine_or_over_tls(url: str) -> None:
    CompletionServer(url, api_key_env="KEY", environ={"KEY": "sesame"})


def test_without_a_key_another_machine_may_be_asked_over_plain_http() -> None:
    CompletionServer("http://192.168.1.5:8000/v1")


@pytest.mark.parametrize("environ", [{}, {"KEY": ""}, {"KEY": " "}, {"KEY": "a\nb"}, {"KEY": "schlüssel"}])
def test_a_variable_without_a_usable_key_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(UserError, match="The environment variable KEY holds no API key"):
        CompletionServer("https://example.org/v1", api_key_env="KEY", environ=environ)
