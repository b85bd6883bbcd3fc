"""Makes the spoken material in the repository: the bench's questions and the demo conversation.

Run as ``python tests/data/make_clips.py`` from the repository's root. It needs the synthesizers of
Debian bookworm, ``apt-get install flite festival festvox-kallpc16k festvox-us-slt-hts espeak-ng``, and
writes the same samples every time. What it writes is described in README.md beside it.
"""

import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr

from edge_audio.audio.frame import AUDIBLE, INPUT_RATE_HZ, Samples

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "edge_audio" / "bench" / "questions"
DEMO = ROOT / "edge_audio" / "demo"

SPEECH_DBFS = -23.0
"""Level of the audible part of a clip: that of a near talker at a well set microphone."""

NOISE_DBFS = -65.0
"""Level of the pink noise under every clip: a quiet room. Digital silence would be too easy."""

NOISE_PEAK = 10.0 ** (-53 / 20)
"""Noise is clipped here, below `AUDIBLE`, so that a silence is silent for whoever measures it."""

LEAD_S = 0.3
TAIL_S = 0.1
FADE_S = 0.01
"""Fade at each edge of a piece of speech, outside its audible part where there is room."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of one of the synthesizers; not one of them is the product's own."""

    engine: Literal["flite", "festival", "espeak-ng"]
    name: str
    speed: float = 1.0
    pitch: int | None = None
    """flite: mean F0 in Hz; espeak-ng: 0 to 99; None for the voice's own."""

    def __str__(self) -> str:
        pitch = "" if self.pitch is None else f", pitch {self.pitch}"
        return f"{self.engine} {self.name}, speed {self.speed}{pitch}"


@dataclass(frozen=True, slots=True)
class Line:
    """A clip to make."""

    file: str
    voice: Voice
    text: str
    """``|`` marks a hesitation: the utterance is cut there and held apart. Without a mark and with a
    `pause_s`, the pause that the synthesizer makes at the comma is brought to that length."""
    pause_s: float = 0.0
    cue: str = ""
    """Demo only: when the clip is played, in the script's own syntax."""

    @property
    def spoken(self) -> str:
        """The text without marks."""
        return self.text.replace(" |", "")


SLT_HTS = "cmu_us_slt_arctic_hts"
SLT = Voice("flite", "slt")
RMS = Voice("flite", "rms")
AWB = Voice("flite", "awb")
KAL = Voice("festival", "kal_diphone", 0.95)
HTS = Voice("festival", SLT_HTS)

LINES = (
    Line("01.flac", SLT, "What is the capital of Italy?"),
    Line("02.flac", RMS, "What is the | capital of France?", 0.40),
    Line("03.flac", Voice("espeak-ng", "en-us", 0.9), "How many legs does a spider have?"),
    Line("04.flac", HTS, "Can you tell me | how many days are in a week?", 0.52),
    Line("05.flac", Voice("festival", "kal_diphone", 0.9), "What is the biggest animal in the world?"),
    Line("06.flac", AWB, "Please tell me | how many is two plus two?", 0.65),
    Line("07.flac", Voice("espeak-ng", "en-gb", 0.9), "If I am hungry, what should I eat?", 0.77),
    Line("08.flac", Voice("flite", "slt", 1.15, 200), "What is the color of the sky?"),
    Line("09.flac", Voice("flite", "kal16", 0.95), "What is the | largest country in the world?", 0.89),
    Line("10.flac", Voice("festival", SLT_HTS, 0.9), "What do cows like to eat?"),
    Line("11.flac", Voice("flite", "rms", 1.1, 105), "Which planet is the | biggest of them all?", 1.02),
    Line("12.flac", Voice("espeak-ng", "en-gb+f3", 0.9), "What do people eat for breakfast?"),
    Line("13.flac", KAL, "What is the | tallest mountain in the world?", 1.14),
    Line("14.flac", Voice("flite", "awb", 1.05), "Where do penguins live?"),
    Line("15.flac", Voice("espeak-ng", "en-us", 0.95, 35), "When I am tired, what should I do?", 1.20),
    Line("16.flac", Voice("flite", "slt", 0.95), "When it is hot, what should I drink?", 0.46),
    Line("17.flac", Voice("flite", "rms", 0.95), "How do I make a cup of tea?"),
    Line("18.flac", Voice("festival", SLT_HTS, 1.1), "Do you know | what time the sun sets?", 0.58),
    Line("19.flac", Voice("espeak-ng", "en-gb-scotland", 0.95), "What is the capital of Germany?"),
    Line("20.flac", Voice("flite", "awb", 0.95, 120), "What is the | first month of the year?", 0.71),
    Line("21.flac", Voice("flite", "kal16", 1.0, 110), "How many people live in London?"),
    Line("22.flac", Voice("espeak-ng", "en-gb+f3", 0.95), "Before I go to bed, what should I do?", 0.83),
    Line("23.flac", Voice("festival", "kal_diphone", 1.05), "What is the name of | the largest ocean?", 0.95),
    Line("24.flac", Voice("flite", "slt", 1.05, 165), "I would like to know | how do birds fly?", 1.08),
    Line("25.flac", Voice("flite", "rms", 1.2), "What is a good name for a cat?"),
    Line("26.flac", Voice("festival", SLT_HTS), "How many months are in a year?"),
)  # fmt: skip

BRITON = Voice("espeak-ng", "en-gb", 0.9)

CONVERSATION = (
    Line("hello.flac", SLT, "Hello, who are you?", cue="at = 1.0"),
    Line("capital.flac", KAL, "What is the | capital of France?", 0.8, cue="after_reply = 0.6"),
    Line("breakfast.flac", BRITON, "What do people eat for breakfast?", cue="after_reply = 0.6"),
    Line("story.flac", SLT, "Tell me a story about a dog.", cue="after_reply = 0.6"),
    Line("stop.flac", SLT, "Stop. What color is the sky?", cue="during_reply = 1.0"),
    Line("thanks.flac", KAL, "Thank you, that was very nice.", cue="after_reply = 0.6"),
)


def run(*command: str) -> str:
    """Run a synthesizer and return what it prints; ends the script where it is missing or fails."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        sys.exit(f"{command[0]} is missing; see the first lines of {__file__}.")


def speak_flite(voice: Voice, text: str, path: Path) -> list[float]:
    """Write `text` to the file `path` and return the end of each phone in seconds."""
    options = ["-voice", voice.name, "--setf", f"duration_stretch={1 / voice.speed}"]
    if voice.pitch is not None:
        options += ["--setf", f"int_f0_target_mean={voice.pitch}"]
    printed = run("flite", *options, "-psdur", "-t", text, "-o", str(path))
    phones = [phone.rsplit(":", 1) for phone in printed.split()]
    return [float(end_s) for phone, end_s in phones if phone != "pau"]


def speak_festival(voice: Voice, text: str, path: Path) -> list[float]:
    """Write `text` to the file `path` and return the end of each word in seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".scm") as script:
        script.write(f"""
            (voice_{voice.name})
            (Parameter.set 'Duration_Stretch {1 / voice.speed})
            (set! utt (utt.synth (Utterance Text "{text}")))
            (mapcar (lambda (w) (format t "%f\\n" (item.feat w "word_end"))) (utt.relation.items utt 'Word))
            (utt.save.wave utt "{path}" 'riff)
        """)
        script.flush()
        return [float(end_s) for end_s in run("festival", "-b", script.name).split()]


def speak_espeak(voice: Voice, text: str, path: Path) -> None:
    """Write `text` to the file `path`; its words' times are not known."""
    pitch = [] if voice.pitch is None else ["-p", str(voice.pitch)]
    run("espeak-ng", "-v", voice.name, "-s", str(round(175 * voice.speed)), *pitch, "-w", str(path), text)


def synthesize(line: Line, path: Path) -> tuple[Samples, int | None]:
    """Return the line's speech at `INPUT_RATE_HZ`, and the sample at which its mark (if any) cuts it."""
    before, mark, _ = line.text.partition(" |")
    cut_s: float | None = None
    match line.voice.engine:
        case "flite":
            # flite tells phones, not words: those of the first words spoken alone say how many to count.
            cut_index = len(speak_flite(line.voice, before, path)) - 1
            ends_s = speak_flite(line.voice, line.spoken, path)
            cut_s = ends_s[cut_index] if mark else None
        case "festival":
            ends_s = speak_festival(line.voice, line.spoken, path)
            cut_s = ends_s[len(before.split()) - 1] if mark else None
        case "espeak-ng":
            if mark:
                raise ValueError(f"{line.file}: espeak-ng doesn't tell where its words end; use a comma")
            speak_espeak(line.voice, line.spoken, path)
    pcm, rate_hz = soundfile.read(path, dtype="float32")
    pcm = soxr.resample(pcm, rate_hz, INPUT_RATE_HZ, quality="VHQ")
    pcm *= 10.0 ** (SPEECH_DBFS / 20) / np.sqrt(np.mean(pcm[np.abs(pcm) > 0.01] ** 2))
    return pcm, None if cut_s is None else nearest_zero_crossing(pcm, round(cut_s * INPUT_RATE_HZ))


def nearest_zero_crossing(pcm: Samples, index: int) -> int:
    """Return the first sample after the change of sign that is nearest to `index`."""
    crossings = np.flatnonzero(np.signbit(pcm[1:]) != np.signbit(pcm[:-1])) + 1
    return int(crossings[np.abs(crossings - index).argmin()])


def longest_gap(pcm: Samples) -> int:
    """Return the middle of the longest stretch between two audible samples."""
    audible = np.flatnonzero(np.abs(pcm) > AUDIBLE)
    widest = int(np.diff(audible).argmax())
    return int(audible[widest] + audible[widest + 1]) // 2


def faded(piece: Samples) -> tuple[Samples, int, int]:
    """Return `piece` faded to zero around its audible part, and that part's begin and end in it."""
    fade = round(FADE_S * INPUT_RATE_HZ)
    start, end = audible_part(piece)
    piece = piece[max(0, start - fade) : end + fade].copy()
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    piece[:fade] *= ramp
    piece[-fade:] *= ramp[::-1]
    return piece, *audible_part(piece)


def audible_part(pcm: Samples) -> tuple[int, int]:
    """Return the index of the first audible sample and that after the last one."""
    audible = np.flatnonzero(np.abs(pcm) > AUDIBLE)
    return int(audible[0]), int(audible[-1]) + 1


def pink_noise(count: int, seed: int) -> Samples:
    """Return `count` samples of noise with 3 dB less power for each octave up, at `NOISE_DBFS`."""
    white = np.random.default_rng(seed).standard_normal(count)
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(count, 1 / INPUT_RATE_HZ)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 20.0)), count)
    pink *= 10.0 ** (NOISE_DBFS / 20) / pink.std()
    return np.clip(pink, -NOISE_PEAK, NOISE_PEAK).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip; its edges are those of the speech's audible part, before the noise was added."""

    line: Line
    pcm: Samples
    edges_s: tuple[tuple[float, float], ...]
    """Begin and end of each piece of speech; the pauses lie in between."""


def make(line: Line) -> Clip:
    """Synthesize one line, with its pause, over noise."""
    with tempfile.TemporaryDirectory() as folder:
        speech, cut = synthesize(line, Path(folder) / "speech.wav")
    if line.pause_s and cut is None:
        cut = longest_gap(speech)
    pcm = np.zeros(round((LEAD_S + line.pause_s + TAIL_S) * INPUT_RATE_HZ) + len(speech), np.float32)
    edges: list[tuple[int, int]] = []
    at = round(LEAD_S * INPUT_RATE_HZ)
    for piece in np.split(speech, [] if cut is None else [cut]):
        piece, first, last = faded(piece)
        pcm[at - first : at - first + len(piece)] += piece
        edges.append((at, at + last - first))
        at = edges[-1][1] + round(line.pause_s * INPUT_RATE_HZ)
    pcm = pcm[: edges[-1][1] + round(TAIL_S * INPUT_RATE_HZ)]
    pcm += pink_noise(len(pcm), seed=zlib.crc32(line.file.encode()))
    return Clip(line, pcm, tuple((start / INPUT_RATE_HZ, end / INPUT_RATE_HZ) for start, end in edges))


def save(clip: Clip, folder: Path) -> None:
    """Write the clip as 16-bit FLAC."""
    soundfile.write(folder / clip.line.file, clip.pcm, INPUT_RATE_HZ, "PCM_16", format="FLAC")


def questions_toml(clips: list[Clip]) -> Iterator[str]:
    """Yield the lines of the questions' manifest."""
    yield "# Made by tests/data/make_clips.py. Seconds from the file's begin, of the speech alone:"
    yield "# its first and last samples above -50 dBFS before the noise was added."
    for clip in clips:
        pauses = [
            f"{{ start_s = {end:.4f}, end_s = {start:.4f} }}"
            for (_, end), (start, _) in zip(clip.edges_s, clip.edges_s[1:], strict=False)
        ]
        yield ""
        yield "[[question]]"
        yield f'file = "{clip.line.file}"'
        yield f'text = "{clip.line.spoken}"'
        yield f'voice = "{clip.line.voice}"'
        yield f"speech_start_s = {clip.edges_s[0][0]:.4f}"
        yield f"speech_end_s = {clip.edges_s[-1][1]:.4f}"
        yield f"pauses = [{', '.join(pauses)}]"


def conversation_toml(lines: tuple[Line, ...]) -> Iterator[str]:
    """Yield the lines of the demo conversation's script."""
    yield "# Made by tests/data/make_clips.py. When each clip is played, in seconds:"
    yield "# at            from the start"
    yield "# after_reply   after the last reply was played to its end"
    yield "# during_reply  after the first sound of the reply to the clip before: an interruption"
    for line in lines:
        yield ""
        yield f"# {line.voice}" + (f", with a pause of {line.pause_s} s" if line.pause_s else "")
        yield "[[clip]]"
        yield f'file = "{line.file}"'
        yield f'text = "{line.spoken}"'
        yield line.cue


def main() -> None:
    """Make everything."""
    for folder, lines in ((QUESTIONS, LINES), (DEMO, CONVERSATION)):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.flac"):
            old.unlink()
        clips = [make(line) for line in lines]
        for clip in clips:
            save(clip, folder)
        if folder == QUESTIONS:
            (folder / "questions.toml").write_text("\n".join(questions_toml(clips)) + "\n")
        else:
            (folder / "conversation.toml").write_text("\n".join(conversation_toml(lines)) + "\n")


if __name__ == "__main__":
    main()
