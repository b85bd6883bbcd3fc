"""Server-sent events from bytes in any pieces."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.llm.event_stream import MAX_LINE_BYTES, MAX_STREAM_BYTES, StreamTooLong, read_events


def events_of(*chunks: bytes) -> list[bytes]:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def main() -> list[bytes]:
        return [event async for event in read_events(body())]

    return asyncio.run(main())


def test_only_data_lines_are_events() -> None:
    body = b': hi\nevent: x\ndata: {"a": 1}\r\n\r\nid: 3\ndata:[DONE]\n\ndatax: 5\n'
    assert events_of(body) == [b'{"a": 1}', b"[DONE]"]


def test_an_unfinished_last_line_is_no_event() -> None:
    assert events_of(b"data: 1\ndata: 2") == [b"1"]


@given(
    st.lists(st.binary(max_size=20).map(lambda data: data.replace(b"\n", b""))), st.lists(st.integers(1, 7))
)
def test_it_does_not_matter_how_the_bytes_are_cut(lines: list[bytes], sizes: list[int]) -> None:
    body = b"".join(b"data:" + line + b"\n" for line in lines)
    chunks, rest = [], body
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    assert events_of(*chunks, rest) == [line.strip() for line in lines]


def test_a_line_without_end_is_given_up_at_its_bound() -> None:
    events_of(b"data: " + b"x" * (MAX_LINE_BYTES - 6))
    with pytest.raises(StreamTooLong):
        events_of(b"data: ", *[b"x" * 1000] * (MAX_LINE_BYTES // 1000 + 1))


def test_a_stream_without_end_is_given_up_at_its_bound() -> None:
    chunk = b"data: 1\n" * 1000
    with pytest.raises(StreamTooLong):
        events_of(*[chunk] * (MAX_STREAM_BYTES // len(chunk) + 1))
