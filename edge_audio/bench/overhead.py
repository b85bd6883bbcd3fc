"""The overhead of the runtime: frames through actors, interruptions, lag of the event loop under load."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np

from edge_audio.adapters import Models
from edge_audio.assistant import Assistant
from edge_audio.audio.frame import FRAME_SAMPLES, Frame
from edge_audio.bench.sound_card import SoundCard
from edge_audio.config import Config
from edge_audio.events import ReplyStarted
from edge_audio.llm.chat_model import Message, UserTurn
from edge_audio.machine import machine_load
from edge_audio.percentiles import percentile, percentiles
from edge_audio.testing import ScriptedChat, ToneVoice
from edge_audio.testing import models as scripted_models
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import Style
from runtime.actor import Actor, ActorGroup
from runtime.channel import Channel, Closed
from runtime.worker import ThreadLane

_STAGES = 6
_FLOOD_FRAMES = 60_000
_SINGLE_FRAMES = 3_000
_INTERRUPTIONS = 100
_SETTLE_S = 0.1
"""Time after an interruption until no more sound can follow."""


async def measure_overhead(models: Models) -> dict[str, Any]:
    """Return `frames_per_s`, `one_in_flight_p50_us`, `interrupt_p99_ms`, `loop_lag_p99_ms` and more."""
    frames_per_s = await _flood()
    singles_us = await _one_in_flight()
    async with _full_channels():
        full_ms = await _interruptions()
    async with _busy_models(models):
        busy_ms, lags_ms = await _together(_interruptions(), _loop_lag)
    return {
        "frames_per_s": round(frames_per_s),
        "one_in_flight_p50_us": percentile(singles_us, 50),
        "one_in_flight_us": percentiles(singles_us),
        "interrupt_p99_ms": {"busy": percentile(busy_ms, 99, 2), "full": percentile(full_ms, 99, 2)},
        "interrupt_ms": {"busy": percentiles(busy_ms, 2), "full": percentiles(full_ms, 2)},
        "loop_lag_p99_ms": percentile(lags_ms, 99, 2),
        "loop_lag_ms": percentiles(lags_ms, 2),
        "load": machine_load(),
    }


async def _relay(inbox: Channel[Frame], outbox: Channel[Frame]) -> None:
    async for frame in inbox:
        await outbox.put(frame)
    outbox.close()


@asynccontextmanager
async def _pass_through() -> AsyncGenerator[tuple[Channel[Frame], Channel[Frame]], None]:
    """Run six actors that forward frames; yield the first and the last channel."""
    channels: list[Channel[Frame]] = [Channel(64) for _ in range(_STAGES + 1)]
    async with ActorGroup() as group:
        for number in range(_STAGES):
            inbox, outbox = channels[number], channels[number + 1]
            group.start(Actor(f"relay {number}", partial(_relay, inbox, outbox)))
        yield channels[0], channels[-1]


def _frame(number: int) -> Frame:
    return Frame(np.zeros(FRAME_SAMPLES, np.float32), number * FRAME_SAMPLES)


async def _flood() -> float:
    """Return the highest rate of frames through six actors, per second."""
    frames = [_frame(number) for number in range(_FLOOD_FRAMES)]
    async with _pass_through() as (first, last):

        async def feed() -> None:
            for frame in frames:
                await first.put(frame)
            first.close()

        began_s = time.perf_counter()
        feeding = asyncio.ensure_future(feed())
        received = 0
        async for _ in last:
            received += 1
        took_s = time.perf_counter() - began_s
        await feeding
    return received / took_s


async def _one_in_flight() -> list[float]:
    """Return the times of single frames through six actors, in microseconds."""
    times_us = []
    async with _pass_through() as (first, last):
        for number in range(_SINGLE_FRAMES):
            began_s = time.perf_counter()
            await first.put(_frame(number))
            await last.get()
            times_us.append((time.perf_counter() - began_s) * 1e6)
    return times_us


async def _interruptions() -> list[float]:
    """Return the times from a key press to the last sound of a reply, in milliseconds, over many replies.

    A whole assistant talks, with a chat model and a voice that cost nothing, so that its held audio and its
    playout are full. The key is pressed on another thread, as in a terminal, and the time is taken there, so
    the lag of the loop counts too. The last sound is the last sample that isn't zero, fade included.
    """
    loop = asyncio.get_running_loop()
    rng = np.random.default_rng(0)
    started: Channel[ReplyStarted] = Channel(16, "drop-oldest")
    scripted = scripted_models(
        chat=ScriptedChat(["And then there is this to be said about it, my friend. "] * 20),
        voice=ToneVoice(character_s=1 / len("And then there is this to be said about it, my friend.")),
    )
    card = SoundCard()
    latencies_ms = []
    async with Assistant.open(Config(), models=scripted, device=card) as assistant:
        assistant.watch(lambda event: started.put_nowait(event) if isinstance(event, ReplyStarted) else None)
        await card.running.wait()
        for _ in range(_INTERRUPTIONS):
            assistant.user_typed("Talk.")
            await started.get()
            pressed = loop.create_future()

            def stop(at_s: float, pressed: asyncio.Future[float] = pressed) -> None:
                assistant.interrupt()
                pressed.set_result(at_s)

            def press(stop: Callable[[float], None] = stop) -> None:
                loop.call_soon_threadsafe(stop, time.perf_counter())

            threading.Timer(float(rng.uniform(0.05, 0.15)), press).start()
            pressed_s = await pressed
            await asyncio.sleep(_SETTLE_S)
            latencies_ms.append((card.silent_s() - pressed_s) * 1000)
    return latencies_ms


@asynccontextmanager
async def _full_channels() -> AsyncGenerator[None, None]:
    """Keep the channels of six actors full, drained by a stage that computes 2 ms a frame on its lane."""
    lane = ThreadLane("stage")

    async def fill(first: Channel[Frame]) -> None:
        number = 0
        while True:
            try:
                await first.put(_frame(number))
            except Closed:
                return
            number += 1

    async def drain(last: Channel[Frame]) -> None:
        async for _ in last:
            await lane.run(lambda _: _compute(0.002))

    try:
        async with _pass_through() as (first, last), ActorGroup() as group:
            group.start(Actor("fill", lambda: fill(first)))
            group.start(Actor("drain", lambda: drain(last)))
            await asyncio.sleep(0.2)  # full within milliseconds
            yield
    finally:
        lane.close()


def _compute(seconds: float) -> None:
    until_s = time.perf_counter() + seconds
    matrix = np.ones((64, 64), np.float32)
    while time.perf_counter() < until_s:
        matrix @ matrix


@asynccontextmanager
async def _busy_models(models: Models) -> AsyncGenerator[None, None]:
    """Keep every model computing."""
    speech = np.random.default_rng(0).normal(0, 0.05, FRAME_SAMPLES * 200).astype(np.float32)

    async def recognize() -> None:
        while True:
            utterance = models.recognizer.open()
            utterance.feed(speech)
            await utterance.transcribe()

    async def judge() -> None:
        while True:
            await models.end_of_turn.probability(speech)

    async def chat() -> None:
        context: Sequence[Message] = (Message("system", "You are a storyteller."),)
        while True:
            async for _ in models.chat.reply(context, UserTurn("Tell me a long story about a dog.")):
                pass

    async def speak() -> None:
        clause = Clause("Once upon a time there was a little dog that liked to swim in the lake.", 0)
        while True:
            async for _ in models.voice.speak(clause, Style()):
                pass

    async with ActorGroup() as group:
        for name, body in (("asr", recognize), ("judge", judge), ("chat", chat), ("speak", speak)):
            group.start(Actor(name, body))
        await asyncio.sleep(0.5)
        yield


async def _together(work: Any, background: Callable[[asyncio.Event], Any]) -> tuple[list[float], list[float]]:
    """Run `work` to its end, with `background` at the same time; return both results."""
    done = asyncio.Event()
    running = asyncio.ensure_future(background(done))
    result = await work
    done.set()
    return result, await running


async def _loop_lag(done: asyncio.Event) -> list[float]:
    """Return by how much timers of 5 ms were late, in milliseconds."""
    lags_ms = []
    while not done.is_set():
        began_s = time.perf_counter()
        await asyncio.sleep(0.005)
        lags_ms.append((time.perf_counter() - began_s - 0.005) * 1000)
    return lags_ms
