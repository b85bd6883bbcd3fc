from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio.audio.frame import FRAME_SAMPLES
from edge_audio.audio.script import REPLY_PATIENCE_S, Clip, Script, read_script
from edge_audio.events import Event, ReplyStarted, TurnFinished, TurnReport
from runtime.errors import UserError

REPORT = TurnReport("u")


def clip(seconds: float = 1.0, **cue: float) -> Clip:
    return Clip(np.ones(round(seconds * 16_000), np.float32), **cue)


def speech(
    script: Script, seconds: float, events: dict[float, Event] | None = None
) -> list[tuple[float, float]]:
    """Play the script, telling it events at their times; return begin and end of each clip."""
    found, since = [], None
    waiting = sorted((events or {}).items())
    for index in range(round(seconds * 50)):
        now_s = index * 0.02
        while waiting and waiting[0][0] <= now_s:
            script.watch(waiting.pop(0)[1], now_s)
        loud = script.frame(index * FRAME_SAMPLES).any()
        if loud and since is None:
            since = now_s
        if not loud and since is not None:
            found.append((round(since, 2), round(now_s, 2)))
            since = None
    return found


def test_a_clip_is_spoken_at_its_time() -> None:
    script = Script([clip(at_s=0.5)])
    assert speech(script, 3) == [(0.5, 1.5)]
    assert script.exhausted
    assert script.began_s == [0.5]


def test_a_clip_waits_for_the_end_of_the_reply_to_the_one_before() -> None:
    script = Script([clip(at_s=0.0), clip(after_reply_s=0.6)])
    events = {1.5: ReplyStarted(1, 1.5, 1.5), 4.0: TurnFinished(1, REPORT)}
    assert speech(script, 8, events) == [(0.0, 1.0), (4.6, 5.6)]


def test_a_clip_speaks_into_the_reply() -> None:
    script = Script([clip(at_s=0.0), clip(during_reply_s=1.0)])
    assert speech(script, 8, {2.0: ReplyStarted(1, 2.0, 2.0)}) == [(0.0, 1.0), (3.0, 4.0)]


def test_the_end_of_an_interrupted_reply_is_no_answer_to_the_interruption() -> None:
    script = Script([clip(at_s=0.0), clip(during_reply_s=1.0), clip(after_reply_s=0.5)])
    events = {
        2.0: ReplyStarted(1, 2.0, 2.0),
        3.4: TurnFinished(1, REPORT),
        4.5: ReplyStarted(2, 4.5, 4.5),
        6.0: TurnFinished(2, REPORT),
    }
    assert speech(script, 9, events) == [(0.0, 1.0), (3.0, 4.0), (6.5, 7.5)]


def test_a_reply_that_starts_before_the_clip_is_over_counts() -> None:
    script = Script([clip(3.0, at_s=0.0), clip(after_reply_s=0.5)])
    events = {2.0: ReplyStarted(1, 2.0, 2.0), 2.8: TurnFinished(1, REPORT)}
    speech(script, 6, events)
    assert script.began_s == [0.0, pytest.approx(3.3, abs=0.03)]


def test_a_reply_that_never_comes_is_not_waited_for_for_ever() -> None:
    script = Script([clip(at_s=0.0), clip(after_reply_s=0.5)])
    found = speech(script, 20)
    assert found[1][0] == pytest.approx(1.0 + REPLY_PATIENCE_S, abs=0.03)


def write(folder: Path, text: str) -> Path:
    soundfile.write(folder / "a.wav", np.zeros(1600, np.float32), 16_000)
    path = folder / "script.toml"
    path.write_text(text)
    return path


def test_a_script_is_read_with_clips_beside_it(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, '[[clip]]\nfile = "a.wav"\nat = 1.0\n'))
    assert not script.exhausted


def test_an_audio_file_is_a_script_of_one_clip(tmp_path: Path) -> None:
    write(tmp_path, "")
    script = read_script(tmp_path / "a.wav")
    speech(script, 0.2)
    assert script.began_s == [0.0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[clip]]\nfile = "a.wav"\n', "needs one cue"),
        ('[[clip]]\nfile = "a.wav"\nat = 1.0\nafter_reply = 1.0\n', "needs one cue"),
        ('[[clip]]\nfile = "a.wav"\nwhen = 1.0\n', "when"),
        ('[[clip]]\nfile = "b.wav"\nat = 1.0\n', "b.wav"),
        ('[[clip]]\nfile = "a.wav"\nat = -1.0\n', ">= 0"),
        ("clip = []", "length >= 1"),
        ("[[clip", "not a script"),
    ],
)
def test_what_is_wrong_with_a_script_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_script(write(tmp_path, text))


def test_a_missing_script_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no script"):
        read_script(tmp_path / "none.toml")
