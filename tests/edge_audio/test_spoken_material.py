import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import edge_audio
from edge_audio.audio.frame import AUDIBLE, INPUT_RATE_HZ, Samples

PACKAGE = Path(edge_audio.__file__).parent
QUESTIONS = PACKAGE / "bench" / "questions"
DEMO = PACKAGE / "demo"

EDGE_S = 0.01
"""Around an edge the fade and the noise add up: there the measured edge may lie this far off."""


def read_toml(path: Path) -> Any:
    return tomllib.loads(path.read_text())


def read_clip(path: Path) -> Samples:
    info = soundfile.info(str(path))
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", INPUT_RATE_HZ, 1)
    pcm: Samples = soundfile.read(path, dtype="float32")[0]
    return pcm


def between(pcm: Samples, start_s: float, end_s: float) -> Samples:
    return pcm[round(start_s * INPUT_RATE_HZ) : round(end_s * INPUT_RATE_HZ)]


def audible_edges_s(pcm: Samples) -> tuple[float, float]:
    audible = np.flatnonzero(np.abs(pcm) > AUDIBLE)
    return audible[0] / INPUT_RATE_HZ, (audible[-1] + 1) / INPUT_RATE_HZ


def longest_silence_s(pcm: Samples) -> float:
    audible = np.flatnonzero(np.abs(pcm) > AUDIBLE)
    return float(np.diff(audible).max()) / INPUT_RATE_HZ


def level_dbfs(pcm: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(pcm**2))))


Question = dict[str, Any]
questions: list[Question] = read_toml(QUESTIONS / "questions.toml")["question"]
clips: list[dict[str, Any]] = read_toml(DEMO / "conversation.toml")["clip"]


def of_file(entry: dict[str, Any]) -> str:
    return str(entry["file"])


def test_there_are_enough_questions_and_hesitations() -> None:
    pauses_s = sorted(p["end_s"] - p["start_s"] for q in questions for p in q["pauses"])
    assert len(questions) >= 24
    assert len(pauses_s) >= 12
    assert pauses_s[0] == pytest.approx(0.4, abs=0.001)
    assert pauses_s[-1] == pytest.approx(1.2, abs=0.001)
    assert np.diff(pauses_s).max() < 0.1, "the pauses are spread evenly"


def test_several_voices_ask() -> None:
    speakers = {question["voice"].split(",")[0] for question in questions}
    assert len(speakers) >= 8
    assert {speaker.split()[0] for speaker in speakers} == {"flite", "festival", "espeak-ng"}


@pytest.mark.parametrize(
    ("folder", "entries"), [(QUESTIONS, questions), (DEMO, clips)], ids=["questions", "demo"]
)
def test_the_manifest_names_every_clip_once(folder: Path, entries: list[dict[str, Any]]) -> None:
    assert sorted(map(of_file, entries)) == sorted(path.name for path in folder.glob("*.flac"))


def test_the_material_stays_small() -> None:
    assert sum(path.stat().st_size for folder in (QUESTIONS, DEMO) for path in folder.iterdir()) < 2_000_000


@pytest.mark.parametrize("question", questions, ids=of_file)
def test_the_speech_lies_where_the_manifest_says(question: Question) -> None:
    pcm = read_clip(QUESTIONS / question["file"])
    start_s, end_s = audible_edges_s(pcm)
    assert start_s == pytest.approx(question["speech_start_s"], abs=EDGE_S)
    assert end_s == pytest.approx(question["speech_end_s"], abs=EDGE_S)
    assert question["speech_start_s"] == pytest.approx(0.3, abs=0.001)
    assert len(pcm) / INPUT_RATE_HZ == pytest.approx(question["speech_end_s"] + 0.1, abs=0.001)


@pytest.mark.parametrize("question", [q for q in questions if q["pauses"]], ids=of_file)
def test_a_pause_is_silent_and_speech_surrounds_it(question: Question) -> None:
    pcm = read_clip(QUESTIONS / question["file"])
    (pause,) = question["pauses"]
    silence = between(pcm, pause["start_s"] + EDGE_S, pause["end_s"] - EDGE_S)
    assert np.abs(silence).max() < AUDIBLE
    assert longest_silence_s(pcm) == pytest.approx(pause["end_s"] - pause["start_s"], abs=EDGE_S)
    assert question["speech_start_s"] + 0.2 < pause["start_s"]
    assert pause["end_s"] + 0.3 < question["speech_end_s"]


@pytest.mark.parametrize("question", [q for q in questions if not q["pauses"]], ids=of_file)
def test_a_question_without_a_pause_is_said_in_one_go(question: Question) -> None:
    assert longest_silence_s(read_clip(QUESTIONS / question["file"])) < 0.2


@pytest.mark.parametrize("question", questions, ids=of_file)
def test_a_quiet_room_is_heard_before_the_speech(question: Question) -> None:
    room = read_clip(QUESTIONS / question["file"])[: round(0.28 * INPUT_RATE_HZ)]
    assert level_dbfs(room) == pytest.approx(-65, abs=3)
    assert np.abs(room).max() < AUDIBLE


def test_the_demo_is_a_conversation_with_a_hesitation_and_an_interruption() -> None:
    cues = [[key for key in clip if key not in ("file", "text")] for clip in clips]
    assert 5 <= len(clips) <= 6
    assert cues[0] == ["at"]
    assert all(cue in (["after_reply"], ["during_reply"]) for cue in cues[1:])
    assert cues.count(["during_reply"]) == 1
    silences_s = [longest_silence_s(read_clip(DEMO / clip["file"])) for clip in clips]
    assert [s for s in silences_s if s > 0.5] == [pytest.approx(0.8, abs=EDGE_S)]
