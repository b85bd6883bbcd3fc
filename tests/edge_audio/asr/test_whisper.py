"""The recognizer with its real model, at its edges: noise, monologues, cancelled calls, wrong files."""

import asyncio
import re
import shutil
import time
import tomllib
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from edge_audio.asr import whisper
from edge_audio.asr.recognizer import Transcript
from edge_audio.asr.whisper import WhisperRecognizer
from edge_audio.asr.whisper_decoder import SHORT_FRAMES, Hypothesis, WhisperDecoder
from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.models import WHISPER_BASE, WHISPER_TINY_EN
from runtime.errors import UserError
from runtime.store import Store, default_root
from runtime.worker import Cancelled, CancelToken, ThreadLane

pytestmark = pytest.mark.models

QUESTIONS = Path(whisper.__file__).parents[1] / "bench/questions"
MONOLOGUE = Path(__file__).parents[2] / "data/speech/monologue.flac"
SAID = """When I was a young boy, my father used to take me to the harbor every Sunday morning to watch the
big ships come in from the sea. He told me long stories about the sailors who lived on them and the distant
countries which they had seen, and because I believed every single word of it I decided that I wanted to
become a captain as soon as I was old enough to leave school."""

T = TypeVar("T")

rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def folder() -> Path:
    return Store(default_root()).path(WHISPER_TINY_EN)


@pytest.fixture(scope="module")
def decoder(folder: Path) -> WhisperDecoder:
    return WhisperDecoder(folder, threads=2, language="en")


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def word_errors(said: str, heard: str) -> int:
    """Words to insert, delete or replace (Levenshtein's distance)."""
    reference, found = words_of(said), words_of(heard)
    row = list(range(len(found) + 1))
    for i, word in enumerate(reference, 1):
        previous, row[0] = row[:], i
        for j, other in enumerate(found, 1):
            row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (word != other))
    return row[-1]


def with_recognizer(folder: Path, use: Callable[[WhisperRecognizer], Awaitable[T]], **options: bool) -> T:
    async def run() -> T:
        recognizer = WhisperRecognizer(folder, ThreadLane("asr"), **options)
        try:
            return await use(recognizer)
        finally:
            await recognizer.close()

    return asyncio.run(run())


def test_questions_are_understood(decoder: WhisperDecoder) -> None:
    questions = tomllib.loads((QUESTIONS / "questions.toml").read_text("utf-8"))["question"][:8]
    errors = total = 0
    for question in questions:
        heard = decoder.decode(read_audio(QUESTIONS / question["file"]), CancelToken())
        errors += word_errors(question["text"], heard.text)
        total += len(words_of(question["text"]))
    assert errors / total <= 0.08


def noise(level: float, seconds: float) -> Samples:
    return rng.normal(0.0, level, round(seconds * INPUT_RATE_HZ)).astype(np.float32)


def cough() -> Samples:
    """Two bursts of noise around 700 Hz that die away."""
    burst = np.fft.rfft(rng.normal(size=6000))
    hz = np.fft.rfftfreq(6000, 1 / INPUT_RATE_HZ)
    sound = np.fft.irfft(burst * np.exp(-(((hz - 700) / 600) ** 2)), 6000)
    sound *= np.exp(-np.arange(6000) / 1500) / np.abs(sound).max()
    pcm = noise(0.001, 2.0)
    pcm[4000:10000] += (0.5 * sound).astype(np.float32)
    pcm[12000:18000] += (0.3 * sound).astype(np.float32)
    return pcm


def hum() -> Samples:
    time_s = np.arange(2 * INPUT_RATE_HZ) / INPUT_RATE_HZ
    return (0.1 * np.sin(2 * np.pi * 50 * time_s)).astype(np.float32) + noise(0.001, 2.0)


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(0, np.float32),
        np.zeros(INPUT_RATE_HZ, np.float32),
        noise(0.0005, 3.0),
        noise(0.01, 1.0),
        noise(0.1, 4.0),
        cough(),
        hum(),
        np.full(INPUT_RATE_HZ, 0.5, np.float32),
    ],
    ids=["nothing", "zeros", "quiet room", "hiss", "roar", "cough", "hum", "constant"],
)
def test_what_is_no_speech_has_no_text(decoder: WhisperDecoder, pcm: Samples) -> None:
    assert decoder.decode(pcm, CancelToken()).text == ""


def test_silence_around_speech_adds_no_words(decoder: WhisperDecoder) -> None:
    question = read_audio(QUESTIONS / "01.flac")
    pcm = np.concatenate((noise(0.0005, 2.0), question, noise(0.0005, 3.0)))
    assert words_of(decoder.decode(pcm, CancelToken()).text) == words_of("What is the capital of Italy?")


@pytest.mark.parametrize("every_s", [1.0, 100.0], ids=["asked every second", "asked once"])
def test_a_monologue_longer_than_the_window_comes_out_whole(folder: Path, every_s: float) -> None:
    pcm = read_audio(MONOLOGUE)

    async def listen(recognizer: WhisperRecognizer) -> Transcript:
        utterance = recognizer.open()
        step = round(every_s * INPUT_RATE_HZ)
        for start in range(0, len(pcm), step):
            utterance.feed(pcm[start : start + step])
            transcript = await utterance.transcribe()
        return transcript

    transcript = with_recognizer(folder, listen, word_times=True)
    assert word_errors(SAID, transcript.text) <= 0.06 * len(words_of(SAID))
    assert " ".join(word.text for word in transcript.words) == transcript.text
    starts = [word.start_s for word in transcript.words]
    assert starts == sorted(starts)
    assert transcript.words[-1].end_s == pytest.approx(len(pcm) / INPUT_RATE_HZ - 0.3, abs=0.5)


def test_a_recording_comes_in_segments_with_times_and_words(folder: Path) -> None:
    async def listen(recognizer: WhisperRecognizer) -> None:
        segments = [segment async for segment in recognizer.transcribe(read_audio(MONOLOGUE))]
        assert word_errors(SAID, " ".join(segment.text for segment in segments)) <= 4
        assert all(before.end_s <= after.start_s + 0.1 for before, after in pairwise(segments))
        assert " ".join(word.text for word in segments[0].words) == segments[0].text
        assert [segment async for segment in recognizer.transcribe(noise(0.001, 2.0))] == []

    with_recognizer(folder, listen)


class ScriptedDecoder(WhisperDecoder):
    """Finds what it is told to with short padding, and "Where is it?" with full padding."""

    short: Hypothesis

    def _attempt(
        self, pcm: Samples, frames: int, language: str | None, prefix: str, token: CancelToken
    ) -> Hypothesis:
        full = Hypothesis(" Where is it?", -0.1, 0.0, "en", (1, 2), None, 100)
        return self.short if frames == SHORT_FRAMES else full


@pytest.mark.parametrize(
    ("text", "logprob", "ran_on", "retries"),
    [
        (" Where is it? Where is it?", -0.1, False, 1),
        (" Weather is hit.", -1.2, False, 1),
        (" Where is it a it of it or it", -0.1, True, 1),
        (" Where is it?", -0.1, False, 0),
    ],
    ids=["in circles", "unsure", "more words than anybody can say", "fine"],
)
def test_a_doubtful_transcript_is_made_again_with_full_padding(
    folder: Path, text: str, logprob: float, ran_on: bool, retries: int
) -> None:
    decoder = ScriptedDecoder(folder, threads=1, language="en")
    decoder.short = Hypothesis(text, logprob, 0.0, "en", (1, 2), None, 100, ran_on)
    assert decoder.decode(noise(0.1, 1.0), CancelToken()).text == " Where is it?"
    assert decoder.retries == retries


def test_a_cancelled_call_ends_after_its_current_step_and_is_counted_apart(folder: Path) -> None:
    async def cancel(recognizer: WhisperRecognizer) -> None:
        await recognizer.warm_up()
        assert recognizer.dropped_s == 0.0
        utterance = recognizer.open()
        utterance.feed(read_audio(MONOLOGUE))
        task = asyncio.create_task(utterance.transcribe())
        await asyncio.sleep(0.02)
        begin_s = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.perf_counter() - begin_s < 0.02
        await recognizer._lane.run(lambda token: None)
        assert time.perf_counter() - begin_s < 0.5
        assert 0.0 < recognizer.dropped_s < 0.5

    with_recognizer(folder, cancel)


def test_a_token_cancelled_before_computes_nothing(decoder: WhisperDecoder) -> None:
    token = CancelToken()
    token.cancel()
    before_s = decoder.dropped_s
    with pytest.raises(Cancelled):
        decoder.decode(noise(0.1, 1.0), token)
    assert decoder.dropped_s == before_s


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json"])
def test_an_incomplete_folder_is_named_with_what_it_lacks(folder: Path, tmp_path: Path, missing: str) -> None:
    for file in folder.iterdir():
        if file.is_file() and file.name != missing:
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(UserError, match=rf"lacks {missing}\."):
        WhisperDecoder(tmp_path, threads=1, language="en")


@pytest.mark.parametrize("broken", ["model.bin", "config.json", "tokenizer.json"])
def test_a_broken_file_is_told_in_one_line(folder: Path, tmp_path: Path, broken: str) -> None:
    for file in folder.iterdir():
        if file.name == broken:
            (tmp_path / broken).write_bytes(b"\x07nonsense")
        elif file.is_file():
            shutil.copy(file, tmp_path)
    with pytest.raises(UserError, match="can't be loaded") as caught:
        WhisperDecoder(tmp_path, threads=1, language="en")
    assert "\n" not in str(caught.value)


def test_a_language_that_the_model_does_not_know_is_refused(folder: Path) -> None:
    for language in ("de", "auto", "xx"):
        with pytest.raises(UserError, match=rf"doesn't know the language '{language}'\. Choose en"):
            WhisperDecoder(folder, threads=1, language=language)


def test_the_multilingual_model_tells_the_language() -> None:
    base = Store(default_root()).find(WHISPER_BASE)
    if base is None:
        pytest.skip("whisper-base is not fetched")
    decoder = WhisperDecoder(base, threads=2, language="auto")
    heard = decoder.decode(read_audio(QUESTIONS / "01.flac"), CancelToken())
    assert heard.language == "en"
    assert words_of(heard.text) == words_of("What is the capital of Italy?")
