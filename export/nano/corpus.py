"""The corpus: a folder of speech in parts, each of which is a sound file and its transcript.

A part depends on the recipe's seed and on its own number alone. So an interrupted corpus resumes where it
stopped, a longer corpus begins with the shorter one, and the same recipe gives the same samples.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from export.nano.sentences import is_held_out
from export.nano.style import SPEAKERS, draw
from export.nano.synthesizer import Phone, SynthesisError, Synthesizer
from runtime.atomic import AtomicFile
from runtime.errors import UserError

PART_SENTENCES = 100
"""Sentences of a part: about five minutes."""

FILE_NAMES = {"speaker": "narrator", "speakers": "narrators"}
"""What fields are called in the files of a corpus, its features and its codes."""

_RECIPE = "recipe.json"


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename=FILE_NAMES):
    """What a corpus is made from."""

    seed: int
    sentences: int
    """How many sentences there are to draw from."""
    digest: str
    """SHA-256 of the sentences, in hexadecimal."""
    speakers: tuple[str, ...] = tuple(speaker.name for speaker in SPEAKERS)


class Saying(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename=FILE_NAMES):
    """A sentence in a part's transcript."""

    text: str
    speaker: str
    tag: str
    first: int
    """Its first sample in the part's sound."""
    samples: int
    phones: tuple[tuple[str, float], ...]
    """Names, and ends in seconds from the sentence's first sample."""
    held_out: bool
    """True if it is kept out of training."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A sentence with its sound."""

    saying: Saying
    pcm: Samples
    """At `INPUT_RATE_HZ`."""

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones and when they end."""
        return tuple(Phone(name, end_s) for name, end_s in self.saying.phones)


class Corpus:
    """A folder of parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, recipe: Recipe) -> None:
        """Write the recipe, or check that it is the one of the corpus that is already there.

        Raises `UserError` if it is another one, or if the folder can't be written.
        """
        path = self.folder / _RECIPE
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                with AtomicFile(path) as file:
                    file.write(msgspec.json.format(msgspec.json.encode(recipe), indent=2) + b"\n")
            elif msgspec.json.decode(path.read_bytes(), type=Recipe) != recipe:
                raise UserError(
                    f"{self.folder} holds speech of another recipe.",
                    "Give the same seed and files, or a new folder.",
                )
        except OSError as error:
            raise UserError(
                f"{path} can't be written ({error.strerror}).", "Choose another place."
            ) from error
        except msgspec.MsgspecError as error:
            raise UserError(f"{path} is no recipe: {error}.", "Choose a new folder.") from error

    def parts(self) -> list[int]:
        """Return the numbers of the complete parts, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("[0-9]*.jsonl"))

    def seconds(self) -> float:
        """Return the length of all parts together."""
        return float(sum(soundfile.info(self._sound(number)).duration for number in self.parts()))

    def examples(self, number: int) -> Iterator[Example]:
        """Read a part. Raises `UserError` if it is damaged."""
        try:
            pcm, rate_hz = soundfile.read(self._sound(number), dtype="float32")
            lines = self._transcript(number).read_bytes().splitlines()
            sayings = [msgspec.json.decode(line, type=Saying) for line in lines]
        except (OSError, soundfile.SoundFileError, msgspec.MsgspecError) as error:
            raise self._damaged(number) from error
        if rate_hz != INPUT_RATE_HZ or (sayings and sayings[-1].first + sayings[-1].samples != len(pcm)):
            raise self._damaged(number)
        for saying in sayings:
            yield Example(saying, pcm[saying.first : saying.first + saying.samples])

    def make_part(self, number: int, sentences: Sequence[str], seed: int, synthesizer: Synthesizer) -> float:
        """Synthesise a part and return its length in seconds.

        Sentences that `synthesizer` can't say are left out. Raises `UserError` if the disk is full.
        """
        rng = random.Random(f"{seed}/{number}")
        sayings: list[Saying] = []
        sounds: list[Samples] = []
        first = 0
        for _ in range(PART_SENTENCES):
            text, style = rng.choice(sentences), draw(rng)
            try:
                speech = synthesizer.say(text, style)
            except SynthesisError:
                continue
            phones = tuple((phone.name, phone.end_s) for phone in speech.phones)
            saying = Saying(
                text, style.speaker.name, style.tag, first, len(speech.pcm), phones, is_held_out(text)
            )
            sayings.append(saying)
            sounds.append(speech.pcm)
            first += len(speech.pcm)
        self._write(number, sayings, np.concatenate(sounds) if sounds else np.zeros(0, np.float32))
        return first / INPUT_RATE_HZ

    def _write(self, number: int, sayings: Sequence[Saying], pcm: Samples) -> None:
        flac = BytesIO()
        soundfile.write(flac, pcm, INPUT_RATE_HZ, "PCM_16", format="FLAC")
        # The outer one is committed last: a part is there when its transcript is.
        with AtomicFile(self._transcript(number)) as transcript, AtomicFile(self._sound(number)) as sound:
            transcript.write(b"".join(msgspec.json.encode(saying) + b"\n" for saying in sayings))
            sound.write(flac.getvalue())

    def _sound(self, number: int) -> Path:
        return self.folder / f"{number:05d}.flac"

    def _transcript(self, number: int) -> Path:
        return self.folder / f"{number:05d}.jsonl"

    def _damaged(self, number: int) -> UserError:
        path = self._transcript(number)
        return UserError(f"Part {number} of {self.folder} is damaged.", f"Remove {path}, and make it again.")
