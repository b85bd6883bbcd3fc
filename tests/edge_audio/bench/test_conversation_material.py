import math
import tomllib

import numpy as np
import pytest
import soundfile

from edge_audio.audio.frame import AUDIBLE, INPUT_RATE_HZ, Samples
from edge_audio.bench.conversation.material import (
    CLIPS,
    Clip,
    quiet_room,
    read_material,
    read_noise,
    read_questions,
)

EDGE_S = 0.02
"""Around an edge the fade and the noise add up: there the measured edge may lie this far off."""

DECAY_S = 0.05
"""So far off may be the end of a sound that dies away."""

material = read_material()
turns = [turn for part in material.parts for turn in part.turns]
own = [clip for clip in material.clips.values() if clip.folder == CLIPS]
spoken = [material.clips[turn.clip] for turn in turns]
NOISES = ("fan", "street", "babble")


def rms(pcm: Samples) -> float:
    return float(np.sqrt(np.mean(pcm**2)))


def by_name(clip: Clip) -> str:
    return clip.name


def test_the_script_has_what_people_do() -> None:
    assert material.turns == len(turns) >= 60
    assert sum(bool(clip.pauses) for clip in spoken) >= 20
    assert sum(turn.sound is not None for turn in turns) >= 20
    assert sum(turn.into_reply_s is not None for turn in turns) >= 10
    assert sum(len(part.turns) for part in material.parts if part.noise) >= 8
    assert sum(len(part.turns) for part in material.parts if part.echo) >= 5
    tags = [tag for clip in spoken for tag in clip.tags]
    assert {"filler", "correction", "list", "spelled"} <= set(tags)


def test_no_turn_is_heard_twice() -> None:
    names = [turn.clip for turn in turns]
    assert len(set(names)) == len(names)


def test_every_question_is_asked() -> None:
    assert {question.name for question in read_questions()} <= {turn.clip for turn in turns}


def test_an_interruption_follows_a_turn_of_its_part() -> None:
    assert all(part.turns[0].into_reply_s is None for part in material.parts)


def test_some_first_halves_could_stand_alone_as_they_do_in_life() -> None:
    paused = [clip for clip in spoken if clip.pauses]
    assert 0.1 <= sum("alone" in clip.tags for clip in paused) / len(paused) <= 0.2


def test_several_voices_speak_at_several_speeds() -> None:
    speakers = {clip.voice.split(",")[0] for clip in spoken}
    speeds = {clip.voice.split("speed ")[1].split(",")[0] for clip in spoken}
    assert len(speakers) >= 8
    assert len(speeds) >= 5


def test_the_manifest_names_every_clip_once() -> None:
    tables = tomllib.loads((CLIPS / "clips.toml").read_text("utf-8"))
    named = [clip["file"] for group in tables.values() for clip in group]
    noises = [f"{name}.flac" for name in NOISES]
    assert sorted(named + noises) == sorted(path.name for path in CLIPS.glob("*.flac"))
    heard = {turn.clip for turn in turns} | {turn.sound for turn in turns if turn.sound}
    assert {clip.name for clip in own} <= heard, "a clip that nobody hears"


def test_the_material_stays_small() -> None:
    assert sum(path.stat().st_size for path in CLIPS.iterdir()) < 3_000_000


@pytest.mark.parametrize("clip", own, ids=by_name)
def test_a_clip_sounds_where_the_manifest_says(clip: Clip) -> None:
    info = soundfile.info(str(clip.path))
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", INPUT_RATE_HZ, 1)
    pcm = clip.samples()
    audible_s = np.flatnonzero(np.abs(pcm) > AUDIBLE) / INPUT_RATE_HZ
    assert audible_s[0] == pytest.approx(clip.speech_start_s, abs=EDGE_S)
    assert audible_s[-1] == pytest.approx(clip.speech_end_s, abs=EDGE_S if clip.voice else DECAY_S)
    for pause in clip.pauses:
        assert 0.4 <= round(pause.end_s - pause.start_s, 3) <= 1.2
        inside = (audible_s > pause.start_s + EDGE_S) & (audible_s < pause.end_s - EDGE_S)
        assert not inside.any()


@pytest.mark.parametrize("name", NOISES)
def test_speech_is_10_db_louder_than_a_noise(name: str) -> None:
    assert 20 * math.log10(rms(read_noise(name))) == pytest.approx(-33.0, abs=0.2)
    for turn in (turn for part in material.parts if part.noise == name for turn in part.turns):
        pcm = material.clips[turn.clip].samples()
        assert 20 * math.log10(rms(pcm[np.abs(pcm) > 0.01])) == pytest.approx(-23.0, abs=1.0)


def test_a_quiet_room_is_not_audible() -> None:
    pcm = quiet_room(1.0)
    assert len(pcm) == INPUT_RATE_HZ
    assert 0 < np.abs(pcm).max() < AUDIBLE


@pytest.mark.parametrize("count", [1, 2, 9, 40, 10_000])
def test_a_shorter_script_has_the_beginning_of_each_part(count: int) -> None:
    short = material.first(count)
    assert short.turns == min(count, material.turns)
    whole = {part.name: part.turns for part in material.parts}
    assert all(part.turns == whole[part.name][: len(part.turns)] for part in short.parts)
