"""The features that the stages are trained on: spectra, phones and pitch of a corpus, kept on disk."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_audio.audio.frame import INPUT_RATE_HZ, Samples
from edge_audio.audio.log_mel import LogMel
from edge_audio.step_audio.features.kaldi import INT16_SCALE, Fbank
from edge_audio.step_audio.features.loudness import energy_norm
from edge_audio.step_audio.features.prompt_mel import PromptMel
from edge_audio.step_audio.features.resampler import SincResampler
from export.nano.corpus import FILE_NAMES, Corpus, Example
from export.nano.pitch import f0_of
from export.progress import Progress
from runtime.atomic import AtomicFile
from runtime.errors import UserError

PHONES = (
    *(
        "pau",
        "aa",
        "ae",
        "ah",
        "ao",
        "aw",
        "ax",
        "ay",
        "b",
        "ch",
        "d",
        "dh",
        "eh",
        "er",
        "ey",
        "f",
        "g",
        "hh",
    ),
    *(
        "ih",
        "iy",
        "jh",
        "k",
        "l",
        "m",
        "n",
        "ng",
        "ow",
        "oy",
        "p",
        "r",
        "s",
        "sh",
        "t",
        "th",
        "uh",
        "uw",
        "v",
    ),
    *("w", "y", "z", "zh"),
)
"""The phones of flite's English voices; silence comes first."""

MEL_RATE_HZ = 22050
"""Sample rate of the speech decoder's spectrogram, as in the release."""

MEL_HOP = 256
"""Samples from one frame of that spectrogram to the next."""

MEL_BANDS = 80
"""Bands of that spectrogram."""

SEMANTIC_BANDS = 128
"""Bands of the semantic encoder's spectrogram, as in the release."""

LABEL_HOP = 160
"""Samples at 16 kHz for a phone label: 10 ms."""

_BEFORE_S = 0.06
"""Silence that is kept before speech; synthetic sentences have more."""

_AFTER_S = 0.16
"""Silence that is kept after speech."""

_NARROW = np.float16


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence as the stages read it. All arrays begin at the same sample."""

    text: str
    speaker: str
    tag: str
    held_out: bool
    phones: tuple[tuple[str, float], ...]
    """Names, and ends in seconds from the first sample of `pcm`."""
    arrays: dict[str, NDArray[Any]]
    """By the names in `ARRAYS`."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


ARRAYS = ("pcm", "fbank", "log_mel", "mel", "f0", "labels")
"""pcm: int16 at 16 kHz, at its own level. fbank (frames, 80) and log_mel (hops, 128): the input of the
linguistic and the semantic encoder, levelled, 100 a second. mel (frames, 80) and f0 (frames,) in Hz, 0 where
unvoiced: for the speech decoder, 86 a second. labels: a phone's index in `PHONES`, 100 a second."""


class FeatureStore:
    """A folder with the features of a corpus, part by part; a part appears when it is complete."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def parts(self) -> list[int]:
        """Return the numbers of the parts that are there, in order."""
        return sorted(int(path.stem) for path in self._folder.glob("[0-9]*.json"))

    def compute(self, corpus: Corpus, jobs: int, progress: Progress, most_parts: int | None = None) -> None:
        """Compute the missing parts of `corpus`, or of its first `most_parts`. Raises `UserError`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        wanted = corpus.parts()[:most_parts]
        missing = sorted(set(wanted) - set(self.parts()))
        done = len(wanted) - len(missing)
        progress("features", done, len(wanted))
        # A forked process may wait for ever for a thread of its parent.
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            work = pool.map(self._compute_part, [corpus.folder] * len(missing), missing)
            for number, _ in enumerate(work, start=1):
                progress("features", done + number, len(wanted))

    def read(self, names: Sequence[str], parts: Sequence[int] | None = None) -> Iterator[Sentence]:
        """Yield all sentences with the arrays `names`. Raises `UserError` if a part is damaged."""
        for number in self.parts() if parts is None else parts:
            try:
                lines = msgspec.json.decode(
                    (self._folder / f"{number:05d}.json").read_bytes(), type=list[_Line]
                )
                arrays_of_part = {name: np.load(self._file(number, name), mmap_mode="r") for name in names}
            except (OSError, ValueError, msgspec.MsgspecError) as error:
                raise UserError(
                    f"Part {number} of {self._folder} is damaged.", "Remove its files, and compute it again."
                ) from error
            for line in lines:
                arrays = {name: arrays_of_part[name][slice(*line.spans[name])] for name in names}
                yield Sentence(line.text, line.speaker, line.tag, line.held_out, line.phones, arrays)

    def _compute_part(self, corpus: Path, number: int) -> None:
        lines: list[_Line] = []
        kept: dict[str, list[NDArray[Any]]] = {name: [] for name in ARRAYS}
        lengths = dict.fromkeys(ARRAYS, 0)
        for example in Corpus(corpus).examples(number):
            sentence = features_of(example)
            if sentence is None:
                continue
            spans = {}
            for name, array in sentence.arrays.items():
                kept[name].append(array)
                spans[name] = (lengths[name], lengths[name] + len(array))
                lengths[name] += len(array)
            lines.append(
                _Line(
                    sentence.text, sentence.speaker, sentence.tag, sentence.held_out, sentence.phones, spans
                )
            )
        for name, arrays in kept.items():
            np.save(self._file(number, name), np.concatenate(arrays))
        with AtomicFile(self._folder / f"{number:05d}.json") as file:  # last: a part is there when this is
            file.write(msgspec.json.encode(lines))

    def _file(self, number: int, name: str) -> Path:
        return self._folder / f"{number:05d}.{name}.npy"


class _Line(msgspec.Struct, rename=FILE_NAMES):
    text: str
    speaker: str
    tag: str
    held_out: bool
    phones: tuple[tuple[str, float], ...]
    spans: dict[str, tuple[int, int]]


def features_of(example: Example) -> Sentence | None:
    """Return the features of `example`; None if it is too short to be of use."""
    saying = example.saying
    spoken = [end_s for name, end_s in saying.phones if name != "pau"]
    if not spoken:
        return None
    first_s = saying.phones[0][1] if saying.phones[0][0] == "pau" else 0.0
    start_s = max(0.0, first_s - _BEFORE_S)
    start, stop = int(start_s * INPUT_RATE_HZ), int((spoken[-1] + _AFTER_S) * INPUT_RATE_HZ)
    pcm = example.pcm[start:stop]
    if len(pcm) < INPUT_RATE_HZ // 5:
        return None
    phones = tuple((name, end_s - start_s) for name, end_s in saying.phones if end_s > start_s)
    arrays = spectra(pcm) | {
        "pcm": (pcm * 32767).astype(np.int16),
        "labels": frame_labels(phones, len(pcm) // LABEL_HOP),
    }
    return Sentence(saying.text, saying.speaker, saying.tag, saying.held_out, phones, arrays)


def spectra(pcm: Samples) -> dict[str, NDArray[Any]]:
    """Return the spectra of `pcm` at 16 kHz that encoders read and the decoder predicts, by their names."""
    levelled = energy_norm(pcm)
    fbank, log_mel, mel, resampler = _front_ends()
    decoded = mel(resampler(pcm))
    middles = (np.arange(len(decoded), dtype=np.float64) + 0.5) * (MEL_HOP * INPUT_RATE_HZ / MEL_RATE_HZ)
    return {
        "fbank": fbank(levelled).astype(_NARROW),
        "log_mel": np.ascontiguousarray(log_mel(levelled).T).astype(_NARROW),
        "mel": decoded.astype(_NARROW),
        "f0": f0_of(pcm, middles),
    }


def frame_labels(phones: Sequence[tuple[str, float]], count: int) -> NDArray[np.uint8]:
    """Return the index in `PHONES` of the phone in the middle of each of `count` labels."""
    ends = np.array([end_s for _, end_s in phones])
    names = np.array([PHONES.index(name) for name, _ in phones], np.uint8)
    middles_s = (np.arange(count) + 0.5) * LABEL_HOP / INPUT_RATE_HZ
    return names[np.minimum(np.searchsorted(ends, middles_s, side="right"), len(names) - 1)]


@cache
def _front_ends() -> tuple[Fbank, LogMel, PromptMel, SincResampler]:
    """Return what computes the spectra; once a process, as their filters take a while to build."""
    return (
        Fbank("hamming", INT16_SCALE),
        LogMel(SEMANTIC_BANDS),
        PromptMel(MEL_RATE_HZ, 1024, MEL_HOP, MEL_BANDS, 8000.0),
        SincResampler(INPUT_RATE_HZ, MEL_RATE_HZ),
    )
