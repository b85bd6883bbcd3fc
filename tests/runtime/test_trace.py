import asyncio

import pytest

from runtime.clock import run_virtual
from runtime.trace import Trace


def test_a_span_takes_as_long_as_its_block_also_when_it_fails() -> None:
    async def main() -> Trace:
        trace = Trace()
        with trace.span("asr", epoch=3):
            await asyncio.sleep(0.25)
        with pytest.raises(ValueError, match="no"), trace.span("llm"):
            await asyncio.sleep(1)
            raise ValueError("no")
        return trace

    first, second = run_virtual(main()).spans
    assert (first.name, first.epoch, first.duration_ms) == ("asr", 3, pytest.approx(250))
    assert (second.name, second.epoch, second.duration_ms) == ("llm", None, pytest.approx(1000))


def test_the_ring_keeps_the_latest_spans() -> None:
    async def main() -> Trace:
        trace = Trace(capacity=2)
        for name in ("a", "b", "c"):
            trace.record(name, 0.0)
        return trace

    assert [span.name for span in run_virtual(main()).spans] == ["b", "c"]
