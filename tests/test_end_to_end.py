"""Whole conversations with the real models, in real time."""

import asyncio
import json
import signal
import threading
import time
import tomllib
from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.adapters import Models, load_models
from edge_audio.assistant import Assistant
from edge_audio.audio.file_device import FileDevice
from edge_audio.audio.files import read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.audio.script import Clip, Script
from edge_audio.bench.conversation.material import read_questions
from edge_audio.bench.sessions import measure_together
from edge_audio.commands.talk import DEMO
from edge_audio.config import configs_folder, load_config
from edge_audio.events import Event, ReplyStarted, SpeculationStarted, SpeechStarted, TurnEnded
from edge_audio.llm.chat_model import UserTurn
from edge_audio.llm.llamacpp import LlamaCppModel
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import Style
from runtime.worker import ThreadLane
from tests.support.command import command
from tests.support.hearing import understood

pytestmark = pytest.mark.models


def words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c.isspace() else " " for c in text.lower()).split()


def likeness(first: str, second: str) -> float:
    """Share of words that two texts have in common, in order, in [0, 1]."""
    return SequenceMatcher(None, words(first), words(second)).ratio()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripted conversation, held by the command itself in a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    arguments = ("talk", "--input", str(DEMO), "--output", "reply.wav", "--report", "report.json")
    it = command(*arguments, folder=folder)
    _, error = it.communicate(timeout=240)
    assert (it.returncode, error) == (0, "")
    return folder


def test_the_scripted_conversation_is_held_to_its_end(demo: Path) -> None:
    report = json.loads((demo / "report.json").read_text())
    turns = report["turns"]
    assert report["schema_version"] == 1
    assert len(turns) == 6
    assert [turn["interrupted"] for turn in turns].count(True) == 1
    said = [clip["text"] for clip in tomllib.loads(DEMO.read_text())["clip"]]
    for turn, expected in zip(turns, said, strict=True):
        assert likeness(expected, turn["user_text"]) > 0.7, turn["user_text"]
        assert turn["error"] is None
        assert turn["heard_text"]
        assert turn["response_gap_ms"] > 0
        assert turn["speech_end_s"] < turn["turn_end_s"] < turn["first_audio_s"] + 0.02


def test_what_is_played_is_what_the_replies_say(demo: Path) -> None:
    """The reply's recording, recognized, matches the text that was heard of each reply."""
    turns = json.loads((demo / "report.json").read_text())["turns"]
    pcm = read_audio(demo / "reply.wav")
    starts = [round(turn["first_audio_s"] * INPUT_RATE_HZ) for turn in turns]
    parts = [pcm[max(0, start - 1600) : end] for start, end in pairwise([*starts, len(pcm)])]
    found = [
        likeness(heard, turn["heard_text"]) for heard, turn in zip(understood(*parts), turns, strict=True)
    ]
    assert np.mean(found) > 0.8, found
    assert min(found) > 0.3, found


def test_before_the_first_audio_of_a_reply_the_speaker_is_silent(demo: Path) -> None:
    turns = json.loads((demo / "report.json").read_text())["turns"]
    pcm = read_audio(demo / "reply.wav")
    for turn in turns:
        before = pcm[
            round(turn["speech_end_s"] * INPUT_RATE_HZ) : round(turn["first_audio_s"] * INPUT_RATE_HZ)
        ]
        assert np.abs(before[: -INPUT_RATE_HZ // 100]).max(initial=0.0) < 0.01


def test_silence_ends_with_a_report_of_no_turns_and_a_line_that_says_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.flac", np.zeros((44_100, 2)), 44_100)
    it = command("talk", "--input", "silence.flac", "--report", "report.json", folder=tmp_path)
    out, error = it.communicate(timeout=60)
    assert (it.returncode, error) == (0, "")
    assert "no turns" in out
    assert json.loads((tmp_path / "report.json").read_text())["turns"] == []


def test_a_chat_server_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    text = (configs_folder() / "desktop.toml").read_text()
    before, after = text.split("[llm]")[0], "[tts]" + text.split("[tts]")[1]
    server = '[llm]\nadapter = "openai"\nurl = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    (tmp_path / "my.toml").write_text(before + server + after)
    question = read_questions()[0].path
    arguments = ("talk", "--input", str(question), "--config", "my.toml", "--output", "out.wav")
    it = command(*arguments, folder=tmp_path)
    _, error = it.communicate(timeout=60)
    assert it.returncode == 2
    assert error.count("\n") == 1
    assert "127.0.0.1:9" in error
    assert [path.name for path in tmp_path.iterdir()] == ["my.toml"]


@pytest.mark.parametrize("after_s", [0.7, 1.2, 4.0])
def test_ctrl_c_at_any_moment_leaves_no_traceback_and_no_half_written_file(
    tmp_path: Path, after_s: float
) -> None:
    arguments = ("talk", "--input", str(DEMO), "--output", "out.wav", "--report", "report.json")
    it = command(*arguments, folder=tmp_path)
    time.sleep(after_s)
    it.send_signal(signal.SIGINT)
    _, error = it.communicate(timeout=20)
    assert it.returncode in (0, 130)
    assert "Traceback" not in error
    assert "terminate" not in error
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == (["out.wav", "report.json"] if it.returncode == 0 else [])


@pytest.fixture(scope="module")
def models() -> Models:
    return asyncio.run(load_models(load_config()))


def lane_of(model: object) -> ThreadLane:
    lane = model._slots[0].lane if isinstance(model, LlamaCppModel) else model._lane
    assert isinstance(lane, ThreadLane)
    return lane


async def seconds_until_free(lane: ThreadLane) -> float:
    began_s = time.perf_counter()
    while lane.busy:
        assert time.perf_counter() - began_s < 5
        await asyncio.sleep(0.001)
    return time.perf_counter() - began_s


def test_a_cancelled_reply_frees_the_chat_model_within_50_ms(models: Models) -> None:
    async def main() -> list[float]:
        took = []
        for wait_s in (0.02, 0.1, 0.4, 0.8):

            async def reply() -> None:
                async for _ in models.chat.reply((), UserTurn("Tell me a long story about a dog and a cat.")):
                    pass

            task = asyncio.ensure_future(reply())
            await asyncio.sleep(wait_s)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            took.append(await seconds_until_free(lane_of(models.chat)))
        return took

    took = asyncio.run(main())
    assert np.median(took) <= 0.05, took


def test_a_cancelled_clause_and_judgement_free_their_lanes_within_50_ms(models: Models) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 8 * INPUT_RATE_HZ).astype(np.float32)

    async def speak() -> None:
        async for _ in models.voice.speak(Clause("Once upon a time there was a dog, who swam.", 0), Style()):
            pass

    async def judge() -> None:
        await models.end_of_turn.probability(noise)

    async def free_after(work: Callable[[], object], model: object) -> float:
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await seconds_until_free(lane_of(model))

    async def main() -> tuple[float, float]:
        speaking = [await free_after(speak, models.voice) for _ in range(5)]
        judging = [await free_after(judge, models.end_of_turn) for _ in range(5)]
        return float(np.median(speaking)), float(np.median(judging))

    assert max(asyncio.run(main())) <= 0.05


def test_a_cancelled_transcript_frees_the_recognizer_within_300_ms(models: Models) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 8 * INPUT_RATE_HZ).astype(np.float32)

    async def main() -> float:
        utterance = models.recognizer.open()
        utterance.feed(noise)
        task = asyncio.ensure_future(utterance.transcribe())
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await seconds_until_free(lane_of(models.recognizer))

    assert asyncio.run(main()) <= 0.3


def test_four_conversations_at_once_keep_apart() -> None:
    """Over one set of models, staggered; how long each waits is the bench's matter."""
    figures = asyncio.run(measure_together(load_config(), conversations=4, questions=2))
    assert figures["answered"] == 4
    assert figures["wrong_texts"] == 0


@pytest.mark.parametrize("moment", [None, SpeechStarted, SpeculationStarted, TurnEnded, ReplyStarted])
def test_quitting_at_any_moment_ends_within_a_second(models: Models, moment: type[Event] | None) -> None:
    """Before anything was said, while the user speaks, speculates, has ended, and while it answers."""

    async def main() -> float:
        script = Script([Clip(read_questions()[0].samples(), at_s=0.1)])
        quit_s: list[float] = []

        def watch(event: Event) -> None:
            script.watch(event, assistant.now_s())
            if moment is not None and isinstance(event, moment) and not quit_s:
                quit_s.append(time.perf_counter())
                assistant.close()

        device = FileDevice("test", script)
        async with asyncio.timeout(20), Assistant.open(models=models, device=device) as assistant:
            assistant.watch(watch)
            if moment is None:
                quit_s.append(time.perf_counter())
                assistant.close()
            await assistant.ended()
        assert quit_s
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        assert not tasks, f"left behind: {tasks}"
        return time.perf_counter() - quit_s[0]

    before = threading.active_count()
    assert asyncio.run(main()) <= 1.0
    assert threading.active_count() <= before + 5  # the five models' own lanes, once they have worked
