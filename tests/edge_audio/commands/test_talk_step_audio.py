"""`edge-audio talk` on the Step-Audio models, in real time: tokenizer, chat model, voice, decoder, report."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.commands.talk import DEMO
from edge_audio.config import configs_folder
from tests.edge_audio.commands.step_chat_server import answering

pytestmark = pytest.mark.models

NANO = configs_folder() / "nano"
HELLO = DEMO.parent / "hello.flac"

Run = Callable[..., tuple[int, str]]


@contextmanager
def in_background(serve: Callable[[threading.Event, list[str]], None]) -> Iterator[str]:
    """Run a server on a thread of its own; yields its address."""
    stop, url = threading.Event(), []
    thread = threading.Thread(target=serve, args=(stop, url), daemon=True)
    thread.start()
    while not url:
        threading.Event().wait(0.01)
    try:
        yield url[0]
    finally:
        stop.set()
        thread.join()


def config_of(name: str, models: Path, *, without: str = "", **changes: str) -> str:
    """Return the config `name` with its models at `models`, less some tables, with other values of keys."""
    lines = []
    skip = False
    for line in (configs_folder() / name).read_text().splitlines():
        if line.startswith("["):
            skip = bool(without) and any(line.startswith(f"[{table}") for table in without.split())
        if not skip:
            key = line.partition(" = ")[0]
            value = {"models": str(models)} | changes
            lines.append(f'{key} = "{value[key]}"' if key in value else line)
    return "\n".join(lines)


def test_the_profile_converses_with_two_paths_changed_and_ends_with_a_report(
    run: Run, tmp_path: Path
) -> None:
    text = config_of("step-audio.toml", NANO / "models", voices=str(NANO / "voices"))
    (tmp_path / "my.toml").write_text(text)
    files = ("--input", HELLO, "--output", "out.wav", "--report", "report.json")
    status, told = run("talk", "--config", "my.toml", *files)
    assert status == 0, told
    report = json.loads((tmp_path / "report.json").read_text())
    [turn] = report["turns"]
    assert report["models"]["tts"] == "step-audio-tts"
    assert "hello" in turn["user_text"].lower()
    assert turn["heard_text"]
    assert turn["error"] is None
    assert turn["speech_end_s"] < turn["turn_end_s"] < turn["first_audio_s"] + 0.02
    assert set(turn["stages_ms"]) >= {"pause", "asr", "llm", "tts"}
    pcm, _ = soundfile.read(tmp_path / "out.wav")
    assert np.abs(pcm).max() > 0.001


def test_the_chat_model_on_a_server_hears_audio_tokens_and_tells_the_words_later(
    run: Run, tmp_path: Path
) -> None:
    prompts: list[str] = []

    def serve(stop: threading.Event, url: list[str]) -> None:
        asyncio.run(answering("Good.", prompts, stop, url))

    with in_background(serve) as url:
        text = config_of(
            "remote-step-chat.toml",
            NANO / "models",
            without="asr fallback",
            voices=str(NANO / "voices"),
            url=url,
        )
        (tmp_path / "my.toml").write_text(text)
        status, told = run("talk", "--config", "my.toml", "--input", HELLO, "--report", "report.json")
    assert status == 0, told
    report = json.loads((tmp_path / "report.json").read_text())
    [turn] = report["turns"]
    assert report["models"]["asr"] == "dual-codebook"
    assert (turn["user_text"], turn["heard_text"], turn["error"]) == ("Good.", "Good.", None)
    assert all(prompt.count("<audio_") >= 20 for prompt in prompts)
    assert "you: Good." in told
