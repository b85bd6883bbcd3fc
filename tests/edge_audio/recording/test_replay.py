"""What was recorded is spoken again, as it was heard then."""

import io
import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console

from edge_audio.audio.files import WavWriter, read_audio
from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.bench.conversation.material import read_questions
from edge_audio.commands import replay as replay_command
from edge_audio.config import Config
from edge_audio.events import TurnEnded, TurnFinished, TurnReport
from edge_audio.recording.folder import EVENTS, HEARD, PLAYED, SESSION, RecordedConversation
from edge_audio.recording.lines import TimedEvent, to_line
from edge_audio.recording.session import describe
from runtime.errors import UserError
from tests.edge_audio.recording.replaying import heard_again
from tests.support.command import completed

RATE_HZ = 24_000
QUESTION = read_questions()[0]


def recorded(folder: Path, heard: Samples, played: Samples, *, treated: bool) -> RecordedConversation:
    for name, pcm, rate_hz in ((HEARD, heard, INPUT_RATE_HZ), (PLAYED, played, RATE_HZ)):
        with WavWriter(folder / name, rate_hz) as file:
            file.write(pcm)
    session = describe(Config(), {}, device="test", rate_hz=RATE_HZ, latency_s=0.02, treated=treated)
    return RecordedConversation(folder, session, [])


def echoing(seconds: float) -> tuple[Samples, Samples]:
    """Noise that was played, and what of it came back to the microphone."""
    played = 0.2 * np.random.default_rng(0).standard_normal(round(seconds * INPUT_RATE_HZ)).astype(np.float32)
    played *= np.repeat(np.random.default_rng(1).random(len(played) // 800 + 1) > 0.4, 800)[: len(played)]
    heard = np.concatenate((np.zeros(640, np.float32), 0.3 * played[:-640])).astype(np.float32)
    return np.repeat(played, 3)[::2], heard


def test_the_echo_of_what_was_played_then_is_taken_out(tmp_path: Path) -> None:
    played, heard = echoing(6.0)
    left = heard_again(recorded(tmp_path, heard, played, treated=True))
    late = slice(3 * INPUT_RATE_HZ, None)
    assert len(left) == len(heard)
    assert np.mean(np.square(left[late])) < 0.01 * np.mean(np.square(heard[late]))


def test_what_was_not_treated_then_is_heard_as_it_is(tmp_path: Path) -> None:
    played, heard = echoing(1.0)
    left = heard_again(recorded(tmp_path, heard, played, treated=False))
    assert np.abs(left - heard).max() < 1e-4


def test_a_config_that_is_none_today_is_told() -> None:
    session = describe(Config(), {}, device="test", rate_hz=RATE_HZ, latency_s=0.0, treated=False)
    session.config["tts"]["volume"] = 3
    with pytest.raises(UserError, match="--config"):
        session.read_config()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question and its answer, recorded by the command."""
    folder = tmp_path_factory.mktemp("recorded")
    run("talk", "--input", str(QUESTION.path), "--record", "kept", folder=folder)
    return folder / "kept"


def run(*arguments: str, folder: Path) -> str:
    done = completed(*arguments, folder=folder)
    assert (done.returncode, done.stderr) == (0, "") or "--json" in arguments, done.stderr
    return done.stdout


@pytest.mark.models
def test_a_question_is_recorded_replayed_and_drawn(kept: Path) -> None:
    replayed = json.loads(run("replay", "kept", "--json", folder=kept.parent))
    assert replayed["schema_version"] == 1
    (turn,) = replayed["turns"]
    assert "capital" in turn["then"]["user_text"]
    assert turn["then"]["user_text"] == turn["now"]["user_text"]
    assert replayed["now"]["figures"]["turns"] == replayed["then"]["figures"]["turns"] == 1
    heard = read_audio(kept / HEARD)
    asked = QUESTION.samples()
    assert np.abs(heard[: len(asked)] - asked).max() < 1e-4
    run("timeline", "kept", "--output", "kept.svg", folder=kept.parent)
    assert "capital" in (kept.parent / "kept.svg").read_text()


@pytest.mark.parametrize("width", [60, 120])
def test_a_replay_on_a_terminal_tells_both_time_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    def held(text: str, gap_ms: float, *, cut: bool) -> list[TimedEvent]:
        report = TurnReport(
            text,
            heard_text="Rome.",
            speech_end_s=2.0,
            response_gap_ms=gap_ms,
            speculations={"started": 2, "committed": 1, "superseded": 1},
            interrupted=cut,
            lead_ms=-20.0,
            interruption_ms=150.0 if cut else None,
        )
        return [TimedEvent(2.1, TurnEnded(text, 2.1, 1)), TimedEvent(4.0, TurnFinished(1, report))]

    then, now = held("What is the capital?", 450.0, cut=True), held("What is the capital?", 300.0, cut=False)
    recording = recorded(tmp_path, np.zeros(320, np.float32), np.zeros(480, np.float32), treated=False)
    (tmp_path / SESSION).write_bytes(msgspec.json.encode(recording.session))
    (tmp_path / EVENTS).write_bytes(b"".join(map(to_line, then)))

    async def replayed(*_: object) -> tuple[list[TimedEvent], dict[str, str]]:
        return now, {}

    monkeypatch.setattr(replay_command, "_replay", replayed)
    console = Console(file=io.StringIO(), width=width)
    replay_command.replay_recording(tmp_path, None, as_json=False, console=console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    shown = " ".join(" ".join(lines).split())
    assert lines[0].split() == ["then", "now"]
    assert shown.count("What is the capital?") == 2
    assert len(re.findall(r"gap \d+ ms", shown)) == 2
    assert "(-150)" in shown
    assert "150 ms" in shown
    assert ["interruptions", "1", "0"] in [line.split() for line in lines]
