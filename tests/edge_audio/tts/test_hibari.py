"""The embedded voice with its real model, which lies in its package."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import hibari
import numpy as np
import pytest
from hibari import voices

from edge_audio.audio.frame import AUDIBLE
from edge_audio.text.clauses import Clause
from edge_audio.tts.hibari import DEFAULT, PIECE_CHARS, SAMPLE_RATE_HZ, HibariVoice
from edge_audio.tts.voice import SpokenChunk, Style, VoiceError
from runtime.errors import UserError
from runtime.worker import ThreadLane

pytestmark = pytest.mark.models

RATE_HZ = 24_000
LONG = "Once upon a time there was a little dog who loved to swim in the lake near his house with his friends"


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """An empty cache for hibari's other voices, and a list of those it would have fetched."""
    fetched: list[str] = []
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    monkeypatch.setattr(voices, "download", lambda url, *_: fetched.append(url))
    yield fetched
    assert not fetched


@asynccontextmanager
async def loaded() -> AsyncGenerator[tuple[HibariVoice, ThreadLane]]:
    lane = ThreadLane("tts")
    voice = HibariVoice(lane)
    await voice.warm_up()
    try:
        yield voice, lane
    finally:
        await voice.close()


def spoken(text: str, style: Style = Style(), start: int = 0) -> list[SpokenChunk]:  # noqa: B008  frozen
    async def main() -> list[SpokenChunk]:
        async with loaded() as (voice, _):
            return [chunk async for chunk in voice.speak(Clause(text, start), style)]

    return asyncio.run(main())


def seconds(chunks: list[SpokenChunk]) -> float:
    return sum(len(chunk.pcm) for chunk in chunks) / RATE_HZ


@pytest.mark.parametrize(
    ("text", "pause_ms"),
    [
        ("The capital of France is Paris.", 250),
        ("What happened?", 250),
        ("He said “yes.”", 250),
        ("Once upon a time,", 90),
        ("Let me think:", 90),
        ("Because air scatters blue light", 40),
    ],
)
def test_a_clause_begins_at_once_and_is_followed_by_the_pause_of_its_last_mark(
    text: str, pause_ms: int
) -> None:
    (chunk,) = spoken(text, start=7)
    audible = np.flatnonzero(np.abs(chunk.pcm) >= AUDIBLE)
    assert audible[0] < RATE_HZ * 0.010
    assert (len(chunk.pcm) - 1 - audible[-1]) * 1000 / RATE_HZ == pytest.approx(pause_ms, abs=1)
    assert chunk.pcm[0] == 0.0
    assert chunk.pcm[-1] == 0.0
    assert chunk.pcm.dtype == np.float32
    assert (chunk.text_start, chunk.text_end) == (7, 7 + len(text))


def test_every_clause_is_about_as_loud() -> None:
    levels_db = []
    for text in ("Yes.", "The sky is blue.", "She sells sea shells by the sea shore.", LONG, "Why not?"):
        pcm = np.concatenate([chunk.pcm for chunk in spoken(text)])
        rms = np.sqrt((pcm[: len(pcm) // 480 * 480].reshape(-1, 480) ** 2).mean(1))
        levels_db.append(20 * np.log10(np.sqrt((rms[rms > 0.01] ** 2).mean())))
        assert np.abs(pcm).max() < 1.0
    assert max(levels_db) - min(levels_db) < 3.0
    assert statistics.mean(levels_db) == pytest.approx(-25, abs=2)


def test_the_same_clause_sounds_the_same() -> None:
    (one,), (other,) = spoken("It is always the same."), spoken("It is always the same.")
    assert np.array_equal(one.pcm, other.pcm)


@pytest.mark.parametrize("text", ["", "...", "😀", "- * #", "你好"])
def test_where_nothing_can_be_said_there_is_no_chunk(text: str) -> None:
    assert spoken(text) == []


def test_markup_is_not_spoken_but_counted_in_the_offsets() -> None:
    (marked,) = spoken("**Yes**, `it` is 😀.")
    (plain,) = spoken("Yes, it is.")
    assert np.array_equal(marked.pcm, plain.pcm)
    assert marked.text_end == len("**Yes**, `it` is 😀.")


def test_speed_changes_the_length() -> None:
    text = "The capital of France is Paris."
    slow, normal, fast = (seconds(spoken(text, Style(speed=speed))) for speed in (0.5, 1.0, 2.0))
    assert slow / normal == pytest.approx(2, rel=0.3)
    assert normal / fast == pytest.approx(2, rel=0.3)


@pytest.mark.parametrize("speed", [0.4, 2.1, 0.0, float("nan")])
def test_a_speed_beyond_its_range_is_refused(speed: float) -> None:
    with pytest.raises(VoiceError, match=r"0\.5 to 2\.0"):
        spoken("Hello.", Style(speed=speed))


@pytest.mark.parametrize(
    "text", [", ".join([LONG] * 6), f"{LONG} " * 6, "Yes! " * 100, "x" * 400, "word " * 150]
)
def test_a_long_clause_comes_in_pieces_that_cover_it(text: str) -> None:
    text = text.strip()
    chunks = spoken(text, start=5)
    end = 5
    for chunk in chunks:
        assert not text[end - 5 : chunk.text_start - 5].strip()
        end = chunk.text_end
        piece = text[chunk.text_start - 5 : end - 5]
        assert piece == piece.strip()
        assert len(piece) <= PIECE_CHARS or " " not in piece
        assert len(chunk.pcm) > RATE_HZ * 0.01 * len(piece)
    assert end == 5 + len(text)


def test_an_unknown_speaker_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"no voice called bob. Choose one of: heart\."):
        HibariVoice(ThreadLane("tts"), speaker="bob")
    with pytest.raises(UserError, match=r"no voice called bob. Choose one of: heart\."):
        spoken("Hello.", Style(speaker="bob"))


def test_a_speaker_that_is_not_here_is_not_fetched_in_silence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"emma is not on this machine. Put it at .*bf_emma") as caught:
        spoken("Hello.", Style(speaker="emma"))
    assert str(tmp_path) in caught.value.remedy
    assert HibariVoice(ThreadLane("tts")).speakers == ("heart",)


def test_a_damaged_speaker_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / voices.VOICES["emma"]["file"]).write_bytes(b"no network at all")
    assert HibariVoice(ThreadLane("tts")).speakers == ("heart", "emma")
    with pytest.raises(UserError, match="is damaged"):
        spoken("Hello.", Style(speaker="emma"))


def test_a_cancelled_clause_frees_the_lane() -> None:
    async def main() -> list[float]:
        times_s = []
        async with loaded() as (voice, lane):
            for n in range(12):
                speech = voice.speak(Clause(LONG, 0), Style())
                chunk = asyncio.ensure_future(anext(speech))
                await asyncio.sleep(n * 0.006)
                begin_s = time.perf_counter()
                chunk.cancel()
                with suppress(asyncio.CancelledError):
                    await chunk
                await speech.aclose()
                while lane.busy:  # noqa: ASYNC110  a lane tells nobody
                    await asyncio.sleep(0.0005)
                times_s.append(time.perf_counter() - begin_s)
        return times_s

    # 50 ms on a machine that does nothing else; this one runs tests.
    assert statistics.median(asyncio.run(main())) < 0.1


def test_the_library_agrees_with_what_is_said_of_it() -> None:
    assert (SAMPLE_RATE_HZ, DEFAULT) == (hibari.SAMPLE_RATE, voices.DEFAULT)
