"""A recorder beside a conversation: what it keeps, and that it is in nobody's way."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge_audio.audio.device import AudioDevice
from edge_audio.audio.frame import FRAME_SAMPLES, INPUT_RATE_HZ, Frame
from edge_audio.audio.playout import Playout
from edge_audio.config import Config
from edge_audio.events import Event, Level, Notice
from edge_audio.recording.folder import HEARD, PLAYED, claim_folder, read_recording
from edge_audio.recording.lines import ByHand, Happening, TimedEvent
from edge_audio.recording.recorder import Recorder
from edge_audio.recording.session import Session, describe
from edge_audio.recording.tap import RecordedCommands, RecordedDevice
from edge_audio.testing import VirtualLane
from edge_audio.timeline.model import from_recording
from edge_audio.timeline.picture import draw
from runtime import clock
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel
from runtime.errors import UserError
from runtime.worker import Lane, ThreadLane

RATE_HZ = 24_000


def session() -> Session:
    models = {"asr": "whisper-tiny.en", "llm": "m", "tts": "hibari"}
    config = Config()
    return describe(config, models, device="test", rate_hz=RATE_HZ, latency_s=0.02, treated=False)


class Device(AudioDevice):
    """Hears a constant, hands out the playout, and loses its input for a while."""

    name = "test"
    output_rate_hz = RATE_HZ

    def __init__(self, seconds: float, lost: range = range(0)) -> None:
        """`lost` holds the numbers of the frames that never come."""
        self._frames = round(seconds * 50)
        self._lost = lost

    async def run(self, frames: Channel[Frame], playout: Playout, notify: Callable[[Event], None]) -> None:
        began_s = clock.now()
        block = np.zeros(RATE_HZ // 50, np.float32)
        for number in range(self._frames):
            playout.read_into(block)
            await clock.sleep_until(began_s + (number + 1) / 50)
            if number not in self._lost:
                await frames.put(Frame(np.full(FRAME_SAMPLES, 0.25, np.float32), number * FRAME_SAMPLES))


async def record(folder: Path, device: Device, lane: Lane, told: list[Event], playout: Playout) -> int:
    """Record while `device` runs; return how many frames came through."""
    began_s = clock.now()
    recorder = Recorder(folder, session, lane)
    frames: Channel[Frame] = Channel(10_000)
    async with ActorGroup() as group:
        group.start(Actor("recorder", partial(recorder.run, told.append)))
        recorder.note(clock.now() - began_s, Level(0.5, 0.5))
        await RecordedDevice(device, recorder).run(frames, playout, told.append)
        recorder.note(clock.now() - began_s, ByHand("stop"))
    return len(list(frames.drain()))


def test_what_is_heard_played_and_told_is_kept_on_one_time_line(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    claim_folder(folder)
    playout = Playout(RATE_HZ, 10.0)

    async def main() -> int:
        task = asyncio.ensure_future(
            record(folder, Device(3.0, range(50, 60)), VirtualLane("disk"), [], playout)
        )
        await clock.sleep_until(1.995)
        playout.begin()
        playout.write(np.full(RATE_HZ // 2, 0.5, np.float32))
        return await task

    assert clock.run_virtual(main()) == 140
    kept = read_recording(folder)
    assert kept.events == [TimedEvent(0.0, Level(0.5, 0.5)), TimedEvent(3.0, ByHand("stop"))]
    heard = kept.heard()
    assert len(heard) == 3 * INPUT_RATE_HZ
    lost = slice(50 * FRAME_SAMPLES, 60 * FRAME_SAMPLES)
    assert not heard[lost].any()
    assert np.allclose(np.delete(heard, lost), 0.25, atol=1e-4)
    played = kept.played()
    sound = np.flatnonzero(played > 0.4) / RATE_HZ
    assert len(played) == 3 * RATE_HZ
    assert sound[0] == pytest.approx(2.0, abs=0.025)
    assert sound[-1] == pytest.approx(2.5, abs=0.025)
    assert kept.session == msgspec.structs.replace(session(), recorded_at=kept.session.recorded_at)
    assert kept.session.read_config() == Config()


def test_sound_that_was_played_stands_where_it_was_heard_when_the_speaker_was_away(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    playout = Playout(RATE_HZ, 10.0)

    async def main() -> None:
        task = asyncio.ensure_future(record(folder, Device(4.0), VirtualLane("disk"), [], playout))
        await clock.sleep_until(1.5)
        playout.offset_s = 1.0  # what is handed out from now on is heard a second later than the count says
        await clock.sleep_until(1.995)
        playout.write(np.full(RATE_HZ // 2, 0.5, np.float32))
        await task

    clock.run_virtual(main())
    sound = np.flatnonzero(read_recording(folder).played() > 0.4) / RATE_HZ
    assert sound[0] == pytest.approx(3.0, abs=0.025)
    assert sound[-1] == pytest.approx(3.5, abs=0.025)


def test_the_files_can_be_read_while_it_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "kept"

    async def main() -> float:
        task = asyncio.ensure_future(record(folder, Device(3.0), VirtualLane("disk"), [], Playout(RATE_HZ)))
        await clock.sleep_until(2.1)
        kept = read_recording(folder)
        assert len(kept.events) == 1
        length_s = len(kept.heard()) / INPUT_RATE_HZ
        task.cancel()
        await asyncio.wait((task,))
        return length_s

    assert clock.run_virtual(main()) == pytest.approx(2.0, abs=0.05)
    assert len(read_recording(folder).heard()) / INPUT_RATE_HZ == pytest.approx(2.1, abs=0.03)


def test_a_conversation_that_ended_at_once_can_be_read_too(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    clock.run_virtual(record(folder, Device(0.0), VirtualLane("disk"), [], Playout(RATE_HZ)))
    kept = read_recording(folder)
    assert len(kept.heard()) == len(kept.played()) == 0
    assert draw(from_recording(kept)).startswith("<svg")


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """Let no file of this process grow beyond `left` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_costs_the_rest_of_the_recording_and_one_notice(tmp_path: Path) -> None:
    folder, told = tmp_path / "kept", []
    lane = ThreadLane("disk")
    with full_disk(30_000):
        came = asyncio.run(record(folder, Device(1.6), lane, told, Playout(RATE_HZ)))
    lane.close()
    assert came == 80
    (notice,) = told
    assert isinstance(notice, Notice)
    assert notice.is_error
    assert str(folder) in notice.text
    kept = read_recording(folder)
    assert 0 < len(kept.heard()) * 2 <= 30_000
    assert 0 < len(kept.played()) * 2 <= 30_000


def test_a_folder_that_cannot_be_made_costs_the_recording_and_one_notice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder, told = tmp_path / "file" / "kept", []
    claim_folder(folder)
    came = clock.run_virtual(record(folder, Device(1.0), VirtualLane("disk"), told, Playout(RATE_HZ)))
    assert came == 50
    assert len(told) == 1


def test_what_cannot_be_written_costs_the_recording_and_not_the_conversation(tmp_path: Path) -> None:
    told: list[Event] = []

    async def main() -> int:
        recorder = Recorder(tmp_path, session, VirtualLane("disk"))
        recorder.note(0.0, Notice("half a letter: \ud83d"))
        frames: Channel[Frame] = Channel(10_000)
        async with ActorGroup() as group:
            group.start(Actor("recorder", partial(recorder.run, told.append)))
            await RecordedDevice(Device(1.0), recorder).run(frames, Playout(RATE_HZ), told.append)
        return len(list(frames.drain()))

    assert clock.run_virtual(main()) == 50
    assert len(told) == 1


def test_a_disk_that_takes_nothing_neither_holds_up_the_sound_nor_the_end(tmp_path: Path) -> None:
    told: list[Event] = []
    folder = tmp_path / "kept"

    async def main() -> float:
        stuck = VirtualLane("disk", cost_s=1e6)
        assert await record(folder, Device(70.0), stuck, told, Playout(RATE_HZ)) == 3500
        return clock.now()

    assert clock.run_virtual(main()) < 71.0


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    claim_folder(tmp_path / "new")
    claim_folder(tmp_path / "new")  # empty is as good as new
    (tmp_path / "new" / HEARD).write_text("mine")
    for taken in (tmp_path / "new", tmp_path / "new" / HEARD):
        with pytest.raises(UserError, match="already exists"):
            claim_folder(taken)
    told: list[Event] = []
    clock.run_virtual(record(tmp_path / "new", Device(1.0), VirtualLane("disk"), told, Playout(RATE_HZ)))
    assert (tmp_path / "new" / HEARD).read_text() == "mine"
    assert len(told) == 1


def test_what_is_done_by_hand_is_kept_and_done() -> None:
    kept: list[ByHand] = []
    done: list[object] = []

    class Hands:
        def mute(self, on: bool) -> None:
            done.append(("mute", on))

        def push_to_talk(self, talking: bool) -> None:
            done.append(("push", talking))

        def interrupt(self) -> None:
            done.append("interrupt")

        def close(self) -> None:
            done.append("close")

        def user_typed(self, text: str) -> None:
            done.append(text)

        def now_s(self) -> float:
            return 7.0

    class Kept(Recorder):
        def __init__(self) -> None:
            pass

        def note(self, at_s: float, event: Happening) -> None:
            assert at_s == 7.0
            assert isinstance(event, ByHand)
            kept.append(event)

    commands = RecordedCommands(Hands(), Kept())
    commands.mute(True)
    commands.mute(False)
    commands.push_to_talk(True)
    commands.push_to_talk(False)
    commands.interrupt()
    commands.user_typed("hello")
    commands.close()
    assert done == [
        ("mute", True),
        ("mute", False),
        ("push", True),
        ("push", False),
        "interrupt",
        "hello",
        "close",
    ]
    assert [deed.what for deed in kept] == ["mute", "unmute", "press to talk", "let go", "stop", "type"]
    assert kept[-1].text == "hello"


@pytest.mark.parametrize("content", [None, "{}", '{"schema_version": 99}', "no json"])
def test_what_is_no_recording_is_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "session.json").write_text(content)
    with pytest.raises(UserError, match=r"session\.json"):
        read_recording(tmp_path)
    assert not (tmp_path / PLAYED).exists()
