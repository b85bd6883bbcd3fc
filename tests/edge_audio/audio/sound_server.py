"""A sound server without hardware: a microphone that a test speaks into, a speaker that it listens to.

Two private PulseAudio daemons, so that an unplugged microphone has no other to be moved to, and an ALSA
configuration that makes PortAudio find just these two devices.
"""

import ctypes.util
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from edge_audio.audio.frame import Samples

MICROPHONE = "edge_microphone"
SPEAKER = "edge_speaker"
ECHO = "edge_echo"
"""A microphone beside the speaker: it hears nothing but what the speaker plays."""
SPEAKER_RATE_HZ = 48_000

_CHUNK = 160


def what_is_missing() -> str:
    """Name the Debian packages that are needed and not there; empty if there are all."""
    missing = [
        package
        for package, program in (("pulseaudio", "pulseaudio"), ("pulseaudio-utils", "parec"))
        if shutil.which(program) is None
    ]
    if ctypes.util.find_library("portaudio") is None:
        missing.append("libportaudio2")
    if not any(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")):
        missing.append("libasound2-plugins")
    return " ".join(missing)


class Daemon:
    """One PulseAudio daemon of our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        self.address = f"unix:{folder}/native"
        self._process = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=60"),
                *("--disable-shm=yes", "--realtime=no", "--high-priority=no", "--log-level=error"),
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={folder}/native",
            ],
            env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 10
        while not (folder / "native").exists():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError("pulseaudio did not start")
            time.sleep(0.02)

    def control(self, *command: str) -> str:
        done = subprocess.run(
            ["pactl", "-s", self.address, *command], capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout.strip()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Microphone:
    """Something that speaks into a microphone at real-time pace: what it is told to, else silence."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._fifo = daemon.folder / "microphone"
        self._words: Samples = np.zeros(0, np.float32)
        self._lock = threading.Lock()
        self._pipe: int | None = None
        self._over = threading.Event()
        self.plug_in()
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def say(self, pcm: Samples) -> float:
        """Speak `pcm` (16 kHz) from now on; returns the time at which it begins, on the monotonic clock."""
        with self._lock:
            self._words = np.append(self._words, pcm)
            return time.monotonic()

    def plug_in(self) -> None:
        self._module = self._daemon.control(
            "load-module",
            "module-pipe-source",
            "source_name=microphone",
            f"file={self._fifo}",
            *("rate=16000", "channels=1", "format=s16le"),
        )
        with self._lock:
            self._pipe = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        with self._lock:
            pipe, self._pipe = self._pipe, None
        assert pipe is not None
        os.close(pipe)
        self._daemon.control("unload-module", self._module)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _speak(self) -> None:
        next_s = time.monotonic()
        while not self._over.is_set():
            with self._lock:
                words, self._words = self._words[:_CHUNK], self._words[_CHUNK:]
                pcm = np.zeros(_CHUNK, np.float32)
                pcm[: len(words)] = words
                if self._pipe is not None:
                    with suppress(BlockingIOError):  # nobody listens
                        os.write(self._pipe, (pcm * 32_767).astype("<i2").tobytes())
            next_s += _CHUNK / 16_000
            time.sleep(max(0.0, next_s - time.monotonic()))


class Speaker:
    """A loudspeaker with somebody beside it who hears everything."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._module = ""
        self._listener: subprocess.Popen[bytes] | None = None
        self._heard = daemon.folder / "heard"
        self.plug_in()

    def plug_in(self) -> None:
        self._module = self._daemon.control(
            "load-module", "module-null-sink", "sink_name=speaker", f"rate={SPEAKER_RATE_HZ}"
        )
        # A listener that wants it soon also makes the null sink ask for its samples in small pieces.
        with self._heard.open("wb") as heard:
            self._listener = subprocess.Popen(
                [
                    *("parec", "-s", self._daemon.address, "-d", "speaker.monitor", "--latency-msec=10"),
                    *("--raw", "--format=float32le", f"--rate={SPEAKER_RATE_HZ}", "--channels=1"),
                ],
                stdout=heard,
                stderr=subprocess.DEVNULL,
            )

    def unplug(self) -> None:
        self._daemon.control("unload-module", self._module)
        self.stop()

    def heard(self) -> Samples:
        """What came out so far, at 48 kHz."""
        raw = self._heard.read_bytes()
        return np.frombuffer(raw[: len(raw) // 4 * 4], np.float32)

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.terminate()
            self._listener.wait()
            self._listener = None


class SoundServer:
    """Both, and the environment in which a process finds them through ALSA."""

    def __init__(self, microphone: Microphone, speaker: Speaker, alsa_config: Path) -> None:
        self.microphone = microphone
        self.speaker = speaker
        self.environment = {"ALSA_CONFIG_PATH": str(alsa_config)}


@contextmanager
def sound_server() -> Iterator[SoundServer]:
    """Run a sound server in a folder of its own; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="edge-audio-") as name:
        yield from _run(Path(name))


def _run(folder: Path) -> Iterator[SoundServer]:
    near, far = Daemon(folder / "near"), Daemon(folder / "far")
    microphone = speaker = None
    try:
        alsa_config = folder / "alsa.conf"
        alsa_config.write_text(
            f'pcm.{MICROPHONE} {{ type pulse device "microphone" server "{near.address}" }}\n'
            f'pcm.{SPEAKER} {{ type pulse device "speaker" server "{far.address}" }}\n'
            f'pcm.{ECHO} {{ type pulse device "speaker.monitor" server "{far.address}" }}\n'
            # PortAudio's search for ALSA devices aborts unless there is one more that does not open.
            "pcm.default { type hw card 99 }\n"
        )
        microphone, speaker = Microphone(near), Speaker(far)
        time.sleep(2.0)  # what the null sink renders ahead before anybody asks it to be quick
        yield SoundServer(microphone, speaker, alsa_config)
    finally:
        for part in (microphone, speaker, near, far):
            if part is not None:
                part.stop()
