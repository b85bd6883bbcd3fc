"""The whole bench with the toy's voice, which makes noise as long as it may, and a transcriber of hums."""

import asyncio
import io
from collections.abc import Collection
from pathlib import Path

import msgspec
import pytest
import soundfile
from rich.console import Console

from edge_audio.bench.nano.bench import Findings, Plan, measure_nano
from edge_audio.bench.nano.part import Part
from edge_audio.config import Config
from edge_audio.step_audio.config import StepAudioConfig
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.voice_encoder import VoiceEncoder
from edge_audio.step_audio.voices import VoiceRegistry
from edge_audio.tts.step_audio_config import StepAudioVoiceConfig
from runtime.errors import UserError
from tests.edge_audio.bench.nano.humming import TEXTS, HumTranscriber, hum, length_of


@pytest.fixture(scope="module")
def voices(toy_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann and Ben's voices, made of hums."""
    folder = tmp_path_factory.mktemp("voices")
    for name, f0_hz in (("ann", 180.0), ("ben", 110.0)):
        recording = Recording(hum(1.2, f0_hz), 16_000)
        VoiceRegistry(folder).add(name, recording, "A hum.", VoiceEncoder(toy_models))
    return folder


@pytest.fixture
def config(toy_models: Path, voices: Path) -> Config:
    return Config(
        tts=StepAudioVoiceConfig(voices=str(voices), steps=1),
        step_audio=StepAudioConfig(models=str(toy_models), threads=1),
    )


def measured(config: Config, plan: Plan) -> tuple[Findings, str]:
    """What was found, and what was told meanwhile."""
    told = io.StringIO()
    findings = asyncio.run(measure_nano(config, plan, [HumTranscriber(*TEXTS)], Console(file=told)))
    return findings, told.getvalue()


def only(folder: Path, *parts: Part, sentences: int = 1, recordings: Path | None = None) -> Plan:
    return Plan(folder, sentences, parts, recordings)


def names(findings: Findings) -> Collection[tuple[str, str]]:
    return {(metric.name, metric.voice) for metric in findings.metrics}


def test_speech_is_made_again_and_from_text_and_held_against_the_original(
    config: Config, corpus_folder: Path
) -> None:
    findings, told = measured(config, only(corpus_folder, Part.RESYNTHESIS, Part.SPEECH, sentences=2))
    errors = [metric for metric in findings.metrics if metric.name == "word errors (stub)"]
    assert [(metric.part, metric.voice) for metric in errors] == [
        (part, voice) for part in ("resynthesis", "speech") for voice in ("ann", "ben", "all")
    ]
    assert all("original 0.0 %" in metric.note for metric in errors)
    assert [metric.passed for metric in errors if metric.part == "speech"] == [False] * 3
    again = findings.rows["resynthesis"]
    assert [row["text"] for row in again] == 2 * list(TEXTS[:2])
    for row in again:
        assert row["original_speech_s"] == pytest.approx(length_of(row["text"]), abs=0.03)
    assert "original (4) ..." in told
    assert "text to speech (4) ..." in told


def test_noise_that_never_ends_is_found_out(config: Config, corpus_folder: Path) -> None:
    findings, _ = measured(config, only(corpus_folder, Part.STEADINESS))
    found = {metric.name: metric.value for metric in findings.metrics}
    assert found["runaways"] == 5
    assert found["at the limit"] > 0
    assert found["cut off"] == 0


def test_a_process_of_its_own_tells_times_and_memory(config: Config, corpus_folder: Path) -> None:
    findings, _ = measured(config, only(corpus_folder, Part.EFFORT))
    (row,) = findings.rows["effort"]
    assert len(row["first_audio_ms"]) == 2
    assert 0 < row["first_audio_ms"][0] < 1000 * row["computing_s"]
    assert row["sound_s"] > 1
    assert 20 < row["resident_mb"] < 1000


def test_tags_are_measured_and_told_whether_the_voice_has_them_or_not(
    config: Config, corpus_folder: Path
) -> None:
    findings, _ = measured(config, only(corpus_folder, Part.TAGS))
    by_ability = {metric.name.split()[0]: metric for metric in findings.metrics}
    assert by_ability["speed"].passed is False
    assert "very fast" in by_ability["speed"].note
    assert by_ability["pitch"].value is None


def test_recordings_are_told_and_not_judged(config: Config, corpus_folder: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    soundfile.write(others / "mary.wav", hum(length_of(TEXTS[0])), 16_000)
    (others / "mary.txt").write_text(TEXTS[0])
    findings, _ = measured(config, only(corpus_folder, Part.RESYNTHESIS, recordings=others))
    (metric,) = [metric for metric in findings.metrics if metric.voice == "mary"]
    assert metric.bar is None
    assert "original 0.0 %" in metric.note
    assert [row["voice"] for row in findings.rows["recordings"]] == ["mary"]


def test_all_of_it_can_be_written_as_json(config: Config, corpus_folder: Path) -> None:
    findings, _ = measured(config, only(corpus_folder, Part.RESYNTHESIS))
    told = msgspec.json.decode(msgspec.json.encode(findings.as_dict()))
    assert told["schema_version"] == 1
    assert told["sentences"] == {"ann": 1, "ben": 1}
    assert told["load"]["cores"] >= 1
    assert told["figures"][0]["bar"] == {"limit": 8.0, "at_least": False}
    assert told["rows"]["resynthesis"][0]["heard_original"] == {"stub": TEXTS[0]}


def test_speakers_without_a_voice_are_left_out_and_told(
    config: Config, corpus_folder: Path, tmp_path: Path, voices: Path
) -> None:
    alone = tmp_path / "voices"
    alone.mkdir()
    (alone / "ben").symlink_to(voices / "ben")
    tts = StepAudioVoiceConfig(voices=str(alone), steps=1)
    plan = only(corpus_folder, Part.RESYNTHESIS)
    findings, told = measured(msgspec.structs.replace(config, tts=tts), plan)
    assert {metric.voice for metric in findings.metrics} == {"ben"}
    assert "No voice is called ann" in told
    (alone / "ben").rename(alone / "zoe")
    with pytest.raises(UserError, match="ann, ben"):
        measured(msgspec.structs.replace(config, tts=tts), plan)


def test_another_kind_of_voice_is_told(corpus_folder: Path) -> None:
    with pytest.raises(UserError, match="not Step-Audio's"):
        measured(Config(), only(corpus_folder, Part.TAGS))
