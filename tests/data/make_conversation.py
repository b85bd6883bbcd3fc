"""Makes the material of `edge-audio bench conversation`: turns, sounds over replies, and noise.

Run as ``python tests/data/make_conversation.py`` from the repository's root. It needs the synthesizers that
make_clips.py beside it names, and writes the same samples every time. README.md describes the result.
"""

import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from tests.data.make_clips import (
    AWB,
    HTS,
    KAL,
    LEAD_S,
    RMS,
    ROOT,
    SLT,
    SLT_HTS,
    SPEECH_DBFS,
    TAIL_S,
    Voice,
    audible_part,
    faded,
    longest_gap,
    nearest_zero_crossing,
    pink_noise,
    run,
    speak_espeak,
    speak_festival,
    speak_flite,
)
from tests.data.noises import band, cough, cup, fan, keyboard, knocks, mixed, slam, street

CONVERSATION = ROOT / "edge_audio" / "bench" / "conversation" / "clips"

BED_S = 5.0
"""Length of a noise, which is heard again and again without a seam."""

NOISE_DBFS = SPEECH_DBFS - 10.0
"""Level of the noises: speech is 10 dB louder."""

ALONE = "alone"
"""Tag of a turn whose first part could stand alone."""


@dataclass(frozen=True, slots=True)
class Line:
    """A turn to make."""

    name: str
    voice: Voice
    text: str
    """``|`` marks a pause: the utterance is cut there and held apart. Without a mark and with one pause, that
    which the synthesizer makes at a comma is brought to that length."""
    pauses_s: tuple[float, ...] = ()
    tags: tuple[str, ...] = ()
    phones: str = ""
    """flite only: the phones to say in place of the text."""

    @property
    def spoken(self) -> str:
        """The text without marks."""
        return self.text.replace(" |", "")


GB = Voice("espeak-ng", "en-gb", 0.9)
US = Voice("espeak-ng", "en-us", 0.9)
F3 = Voice("espeak-ng", "en-gb+f3", 0.95)
FAST_SLT = Voice("flite", "slt", 1.15, 190)
SLOW_SLT = Voice("flite", "slt", 0.85)
FAST_RMS = Voice("flite", "rms", 1.25)
SLOW_RMS = Voice("flite", "rms", 0.9)
KAL16 = Voice("flite", "kal16", 0.9, 105)
FAST_HTS = Voice("festival", SLT_HTS, 1.15)

TURNS = (
    # With pauses inside.
    Line("walk", SLT, "So I was thinking, um | where could I go for a walk on Sunday?", (0.7,), ("filler",)),
    Line("pie", RMS, "What do I need | to bake an apple pie?", (0.6,), (ALONE,)),
    Line("number", KAL, "My number is five five five | two one | zero nine.", (0.55, 0.65), ("spelled",)),
    Line("pantry", AWB, "I have eggs, butter, | some flour | and a little milk. What can I cook?",
         (0.5, 0.6), ("list",)),
    Line("night", HTS, "Where does the sun go | at night?", (0.45,), (ALONE,)),
    Line("elephants", SLOW_SLT, "Tell me something | about elephants.", (0.9,)),
    Line("friend", SLOW_RMS, "I saw an old friend yesterday | and we talked about school. What do I ask her?",
         (0.8,), (ALONE,)),
    Line("egg", KAL, "How long does it take | to boil an egg?", (0.5,), (ALONE,)),
    Line("read", AWB, "Is it better | to read in the morning or in the evening?", (1.0,)),
    Line("spelling", FAST_HTS, "My name is spelled m, a | r, k.", (0.6,), ("spelled",)),
    Line("letters", SLT, "When my grandmother was young | how did people send letters?", (0.95,)),
    Line("rain", US, "Because of the rain we stayed at home, what game can we play?", (0.85,)),
    Line("lake", FAST_RMS, "What's the difference between | a lake and a river?", (0.4,)),
    Line("leaves", KAL16, "Could you explain to me | why leaves turn red?", (1.15,)),
    Line("present", FAST_SLT, "I want to buy | a present for my sister. Any idea?", (0.75,)),
    Line("sleep", HTS, "Which animal, uh | sleeps the most?", (0.65,), ("filler",)),
    # Said in one go, not always straight.
    Line("spain", SLT, "What is the capital of France, no, of Spain?", (), ("correction",)),
    Line("tower", AWB, "How tall is, um, the Eiffel Tower?", (), ("filler",)),
    Line("alarm", RMS, "Wake me at six, sorry, I mean at seven.", (), ("correction",)),
    Line("telephone", KAL, "Um, who invented the telephone?", (), ("filler",)),
    Line("tomato", GB, "Is a tomato a vegetable, or a fruit?"),
    Line("cats", FAST_HTS, "Do cats, I mean dogs, like water?", (), ("correction",)),
    # Answered at some length, and interrupted.
    Line("bicycle", SLT, "Explain how a bicycle works."),
    Line("london", RMS, "Tell me about the history of London."),
    Line("beach", HTS, "Describe a day at the beach."),
    Line("ocean", AWB, "Tell me about the ocean."),
    Line("bread", KAL, "Tell me how bread is made."),
    Line("moon", FAST_SLT, "What should I know about the moon?"),
    Line("music", SLOW_RMS, "Why do people like music?"),
    Line("volcano", F3, "Can you explain what a volcano is?"),
    Line("museum", FAST_HTS, "What can I see in a museum?"),
    Line("farm", KAL16, "Tell me about life on a farm."),
    # Interruptions.
    Line("stop", SLT, "Stop. What color is grass?"),
    Line("trains", RMS, "No wait, tell me about trains instead."),
    Line("cost", HTS, "Okay, but how much does it cost?"),
    Line("motorbike", AWB, "Hang on, I meant a motorbike."),
    Line("simple", KAL, "Sorry, can you say that in simple words?"),
    Line("sun", FAST_SLT, "And what about the sun?"),
    Line("enough", SLOW_RMS, "Thank you, that is enough."),
    Line("told", F3, "Who told you that?"),
    Line("prime", FAST_HTS, "Wait, I have another question. What is a prime number?"),
    Line("quiet", KAL16, "Please be quiet now."),
    # Before an open loudspeaker.
    Line("winter", SLT, "What is the weather like in winter?"),
    Line("fish", AWB, "How do fish breathe?"),
    Line("chocolate", RMS, "Where does chocolate come from?"),
    Line("season", HTS, "Tell me about your favorite season."),
    Line("bees", KAL, "What do bees do all day?"),
    Line("far", FAST_SLT, "How far away is the moon?"),
    Line("asked", SLT, "Stop, that is not what I asked."),
    Line("food", RMS, "Let us talk about food."),
)  # fmt: skip

BACKCHANNELS = (
    Line("mmhm-slt", SLT, "Mm-hm.", phones="m m hh m m m"),
    Line("mmhm-rms", RMS, "Mm-hm.", phones="m m hh ah m m"),
    Line("uhhuh-awb", AWB, "Uh-huh.", phones="ah hh ah"),
    Line("yeah-slt", HTS, "Yeah."),
    Line("yeah-kal", KAL, "Yeah."),
    Line("okay-rms", FAST_RMS, "Okay."),
    Line("okay-f3", F3, "Okay."),
    Line("right-slt", FAST_SLT, "Right."),
    Line("isee-awb", AWB, "I see."),
)


def synthesize(line: Line, path: Path) -> tuple[Samples, list[int]]:
    """Return the line's speech at `INPUT_RATE_HZ`, and the samples at which its pauses cut it."""
    heads = line.text.split(" |")[:-1]
    befores = ["".join(heads[: count + 1]) for count in range(len(heads))]
    cuts_s: list[float] = []
    match line.voice.engine:
        case "flite" if line.phones:
            run("flite", "-voice", line.voice.name, "-p", f"pau {line.phones} pau", "-o", str(path))
        case "flite":
            counts = [len(speak_flite(line.voice, before, path)) for before in befores]
            ends_s = speak_flite(line.voice, line.spoken, path)
            cuts_s = [ends_s[count - 1] for count in counts]
        case "festival":
            ends_s = speak_festival(line.voice, line.spoken, path)
            cuts_s = [ends_s[len(before.split()) - 1] for before in befores]
        case "espeak-ng":
            if befores:
                raise ValueError(f"{line.name}: espeak-ng doesn't tell where its words end; use a comma")
            speak_espeak(line.voice, line.spoken, path)
    pcm, rate_hz = soundfile.read(path, dtype="float32")
    pcm = at_level(soxr.resample(pcm, rate_hz, INPUT_RATE_HZ, quality="VHQ"), SPEECH_DBFS)
    return pcm, [nearest_zero_crossing(pcm, round(cut_s * INPUT_RATE_HZ)) for cut_s in cuts_s]


def at_level(pcm: Samples, dbfs: float) -> Samples:
    """Return `pcm` with its audible part at the level `dbfs`."""
    pcm = pcm / np.abs(pcm).max()
    louder = 10.0 ** (dbfs / 20) / np.sqrt(np.mean(pcm[np.abs(pcm) > 0.03] ** 2))
    return (pcm * louder).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip; its edges are those of what is audible in it, before the room's noise was added."""

    name: str
    pcm: Samples
    edges_s: tuple[tuple[float, float], ...]
    """Begin and end of each piece; the pauses lie in between."""


def make(line: Line) -> Clip:
    """Synthesize one line, with its pauses, in a quiet room."""
    with tempfile.TemporaryDirectory() as folder:
        speech, cuts = synthesize(line, Path(folder) / "speech.wav")
    if line.pauses_s and not cuts:
        cuts = [longest_gap(speech)]
    if len(cuts) != len(line.pauses_s):
        raise ValueError(f"{line.name}: {len(cuts)} marks, but {len(line.pauses_s)} pauses")
    return laid_out(line.name, np.split(speech, cuts), line.pauses_s)


def laid_out(name: str, pieces: list[Samples], pauses_s: tuple[float, ...]) -> Clip:
    """Put `pieces` one after the other, `pauses_s` apart, into a quiet room."""
    pcm = np.zeros(
        round((LEAD_S + sum(pauses_s) + TAIL_S) * INPUT_RATE_HZ) + sum(map(len, pieces)), np.float32
    )
    edges: list[tuple[int, int]] = []
    at = round(LEAD_S * INPUT_RATE_HZ)
    for piece, pause_s in zip(pieces, (*pauses_s, 0.0), strict=True):
        piece, first, last = faded(piece)
        pcm[at - first : at - first + len(piece)] += piece
        edges.append((at, at + last - first))
        at = edges[-1][1] + round(pause_s * INPUT_RATE_HZ)
    pcm = pcm[: edges[-1][1] + round(TAIL_S * INPUT_RATE_HZ)]
    pcm += pink_noise(len(pcm), seed=zlib.crc32(name.encode()))
    return Clip(name, pcm, tuple((start / INPUT_RATE_HZ, end / INPUT_RATE_HZ) for start, end in edges))


def voice_of(voice: Voice, phones: str) -> Samples:
    """Return what a synthesizer's throat adds to a cough, at a peak of 1."""
    with tempfile.TemporaryDirectory() as folder:
        pcm, _ = synthesize(Line("", voice, "", phones=phones), Path(folder) / "sound.wav")
    first, last = audible_part(pcm)
    return pcm[first:last] / np.abs(pcm).max()


def sounds() -> Iterator[tuple[str, str, Samples, float]]:
    """Yield each sound: its name, what it is, its samples, and its level in dBFS."""
    nothing: Samples = np.zeros(1, np.float32)
    man, woman, other = voice_of(RMS, "hh ah hh hh"), voice_of(SLT, "hh ah hh"), voice_of(AWB, "hh ah hh hh")
    yield "cough-1", "a cough, of breath alone", cough(11, 0.35, nothing), -20.0
    two = mixed(1.0, (0.0, cough(21, 0.4, man)), (0.45, 0.8 * cough(24, 0.45, man)))
    yield "cough-2", "a man coughs twice", two, -20.0
    yield "cough-3", "a woman coughs", cough(31, 0.4, woman), -22.0
    yield "cough-4", "a man coughs", cough(41, 0.45, 1.5 * other), -20.0
    yield "throat", "somebody clears their throat", mixed(0.8, (0.0, voice_of(KAL16, "ah hh hh m m"))), -25.0
    yield "slam", "a door slams", slam(), -18.0
    yield "keyboard", "typing", keyboard(51, 8), -28.0
    yield "knock", "three knocks on the door", knocks(61, (0.0, 0.22, 0.44)), -22.0
    yield "cup", "a cup is put down", cup(), -24.0


def babble(count: int) -> Samples:
    """Return many people who talk at once at some distance: none of them can be understood."""
    total = np.zeros(count, np.float32)
    random = np.random.default_rng(104)
    for line in TURNS[:24]:
        speech = make(line).pcm
        speech = np.resize(speech, count)
        total += np.roll(speech, int(random.integers(count)))
    return band(total, 150, 3000)


def noises() -> Iterator[tuple[str, Samples]]:
    """Yield each noise by its name."""
    count = round(BED_S * INPUT_RATE_HZ)
    for make_noise in (fan, street, babble):
        pcm = make_noise(count)
        yield make_noise.__name__, (pcm * 10.0 ** (NOISE_DBFS / 20) / pcm.std()).astype(np.float32)


def save(name: str, pcm: Samples) -> None:
    """Write 16-bit FLAC."""
    soundfile.write(CONVERSATION / f"{name}.flac", pcm, INPUT_RATE_HZ, "PCM_16", format="FLAC")


def clips_toml(lines: tuple[Line, ...], clips: list[Clip], table: str) -> Iterator[str]:
    """Yield the manifest of what is said."""
    for line, clip in zip(lines, clips, strict=True):
        pauses = [
            f"{{ start_s = {end:.4f}, end_s = {start:.4f} }}"
            for (_, end), (start, _) in zip(clip.edges_s, clip.edges_s[1:], strict=False)
        ]
        yield f"\n[[{table}]]"
        yield f'file = "{line.name}.flac"'
        yield f'text = "{line.spoken}"'
        yield f'voice = "{line.voice}"'
        yield from edges_toml(clip)
        if pauses:
            yield f"pauses = [{', '.join(pauses)}]"
        if line.tags:
            yield f"tags = [{', '.join(f'{tag!r}' for tag in line.tags)}]".replace("'", '"')


def edges_toml(clip: Clip) -> Iterator[str]:
    """Yield where the sound of a clip begins and ends."""
    yield f"speech_start_s = {clip.edges_s[0][0]:.4f}"
    yield f"speech_end_s = {clip.edges_s[-1][1]:.4f}"


def main() -> None:
    """Make everything."""
    CONVERSATION.mkdir(parents=True, exist_ok=True)
    for old in CONVERSATION.glob("*.flac"):
        old.unlink()
    turns, backchannels = [make(line) for line in TURNS], [make(line) for line in BACKCHANNELS]
    made = list(sounds())
    noises_of_things = [laid_out(name, [at_level(pcm, dbfs)], ()) for name, _, pcm, dbfs in made]
    for clip in (*turns, *backchannels, *noises_of_things):
        save(clip.name, clip.pcm)
    for name, pcm in noises():
        save(name, pcm)
    manifest = [
        "# Made by tests/data/make_conversation.py. Seconds from the file's begin, of what is heard: first",
        "# and last sample above -50 dBFS before the room's noise was added. The tag `alone`: what is said",
        "# before the pause could stand alone, as it does now and then when people hesitate.",
        *clips_toml(TURNS, turns, "turn"),
        *clips_toml(BACKCHANNELS, backchannels, "backchannel"),
    ]
    for (name, what, _, _), clip in zip(made, noises_of_things, strict=True):
        manifest += ["\n[[sound]]", f'file = "{name}.flac"', f'text = "{what}"', *edges_toml(clip)]
    (CONVERSATION / "clips.toml").write_text("\n".join(manifest) + "\n")


if __name__ == "__main__":
    main()
