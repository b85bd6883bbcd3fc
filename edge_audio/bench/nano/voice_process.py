"""A process with nothing but a voice in it, on one core, to measure its speed and memory.

The bench starts `python -m edge_audio.bench.nano.voice_process`, which reads a `Task` from standard input and
writes a `Speed` to standard output, both in JSON.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import msgspec

from edge_audio.adapters import load_voice
from edge_audio.bench.nano.synthesis import clauses_of
from edge_audio.config import Config
from edge_audio.machine import resident_mb
from edge_audio.tables import read_table
from edge_audio.tts.ahead import Line, speak_ahead
from edge_audio.tts.voice import Style, Voice, VoiceError
from runtime.errors import UserError
from runtime.memory import give_back, keep_heap_small


class Task(msgspec.Struct, frozen=True):
    """What to speak, and with which voice."""

    config: dict[str, Any]
    """The tables of the config."""
    lines: tuple[tuple[str, str], ...]
    """Speakers and texts."""


class Speed(msgspec.Struct, frozen=True):
    """How long it took, and how much memory."""

    first_audio_ms: list[float]
    """For each text, from its arrival to the first sound."""
    computing_s: float
    """Time to speak all texts."""
    sound_s: float
    """Length of that speech."""
    resident_mb: float
    """Resident memory of the process at its end, in MB (10^6 bytes)."""
    one_core: bool
    """True if the process was pinned to one core, which only Linux can do."""


async def measure_in_process(task: Task) -> Speed:
    """Do `task` in a process of its own. Raises `UserError` if that fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    try:
        output, errors = await process.communicate(msgspec.json.encode(task))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2].rstrip(".")
        raise UserError(
            f"A process with the voice alone failed: {last or process.returncode}.",
            "Try the voice with `edge-audio say`.",
        )
    return msgspec.json.decode(output, type=Speed)


async def measure_here(task: Task) -> Speed:
    """Do `task` in this process, which is pinned to one core from now on."""
    one_core = _keep_to_one_core()
    voice = load_voice(_on_one_thread(read_table(Config, task.config)))
    try:
        await voice.warm_up()
        give_back()
        first_ms, computing_s, sound_s = [], 0.0, 0.0
        for speaker, text in task.lines:
            began_s = time.perf_counter()
            first_s = None
            async for seconds in _sound(voice, speaker, text):
                first_s = first_s or time.perf_counter()
                sound_s += seconds
            computing_s += time.perf_counter() - began_s
            if first_s is not None:
                first_ms.append(1000 * (first_s - began_s))
    finally:
        await voice.close()
    return Speed(first_ms, computing_s, sound_s, resident_mb(), one_core)


async def _sound(voice: Voice, speaker: str, text: str) -> AsyncIterator[float]:
    """Speak `text` as `edge-audio say` does; yields the seconds of each piece."""

    async def lines() -> AsyncIterator[Line]:
        for clause in clauses_of(text):
            yield clause, Style(speaker=speaker)

    with suppress(VoiceError):  # what can't be spoken counts in another part
        async with aclosing(speak_ahead(voice, lines())) as chunks:
            async for chunk in chunks:
                yield len(chunk.pcm) / voice.sample_rate_hz


def _on_one_thread(config: Config) -> Config:
    assert config.step_audio is not None  # the bench looked
    return msgspec.structs.replace(config, step_audio=msgspec.structs.replace(config.step_audio, threads=1))


def _keep_to_one_core() -> bool:
    if not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return True


def main() -> None:
    """Do the `Task` on standard input."""
    keep_heap_small()
    try:
        task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
        speed = asyncio.run(measure_here(task))
    except UserError as error:
        sys.exit(str(error))
    sys.stdout.write(msgspec.json.encode(speed).decode())
    sys.stdout.flush()
    os._exit(0)  # as `edge_audio.cli.run`: a lane may be in the midst of native code


if __name__ == "__main__":
    main()
