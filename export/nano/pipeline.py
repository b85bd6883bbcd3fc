"""The training pipeline: stage after stage in a work folder, from a corpus to trained weights.

Each stage trains on the results of stages before it, resumes where it stopped, and ends with its gate: a
metric on held-out sentences, which must reach what the next stage needs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.nano.codes import Coded, read_codes, write_codes
from export.nano.corpus import Corpus
from export.nano.features import FeatureStore, Sentence
from export.nano.style import SPEAKERS
from export.nano.training import Schedule, train, trained
from export.progress import Progress
from runtime.errors import UserError

SCHEDULES = {
    "tokenizers": Schedule(6000, 1.5e-3),
    "speaker": Schedule(600, 2e-3, warm_up=50),
    "vocoder": Schedule(5000, 2e-3, warm_up=100, decay=0.0),
    "flow": Schedule(8500, 1.5e-3),
    "lm": Schedule(13000, 1.5e-3, decay=0.05),
}
"""Each stage's schedule."""

_PARTS = {"tokenizers": 130, "speaker": 25, "vocoder": 70, "flow": 130}
"""Parts of the corpus, five minutes each, that a stage is trained on; the language model takes all."""

_HELD_OUT_SENTENCES = 60


@dataclass(frozen=True, slots=True)
class Gate:
    """A metric that a stage must reach."""

    metric: str
    value: float
    bar: float
    at_most: bool
    """True if values above the bar fail, False if those below it do."""

    @property
    def passed(self) -> bool:
        """True if the value reaches the bar."""
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def __str__(self) -> str:
        bar = f"{'at most' if self.at_most else 'at least'} {self.bar:g}"
        return f"{self.metric}: {self.value:.3g} ({bar}), {'passed' if self.passed else 'MISSED'}"


class Pipeline:
    """A work folder with corpus, features, codes and the states of all stages."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self._seed = seed
        self.corpus = Corpus(folder / "corpus")
        self._features = FeatureStore(folder / "features")
        self._codes = folder / "codes.jsonl"
        self.language_model = folder / "lm"
        """The folder of the text tokenizer."""

    def features(self, jobs: int, progress: Progress) -> int:
        """Compute the features of the corpus and return how many parts there are. Raises `UserError`."""
        if not self.corpus.parts():
            raise UserError(f"{self.corpus.folder} holds no speech.", "Make it: python -m export nano data")
        self._features.compute(self.corpus, jobs, progress)
        return len(self._features.parts())

    def tokenizers(self, progress: Progress) -> Gate:
        """Train the tokenizers."""
        from export.nano.gates import phone_accuracy
        from export.nano.tokenizers import NAME, Tokenizers, TokenizersStage, stream

        arrays = ("fbank", "log_mel", "labels", "f0")
        schedule = SCHEDULES[NAME]
        stage = TokenizersStage(stream(self._learned(NAME, arrays)), schedule.steps)
        train(stage, schedule, self.folder, self._seed, progress)
        assert isinstance(stage.module, Tokenizers)
        return Gate(
            "phone accuracy of the codes",
            phone_accuracy(stage.module, self._held_out(arrays)),
            0.9,
            at_most=False,
        )

    def codes(self, progress: Progress) -> int:
        """Write the codes of all sentences and return how many sentences there are."""
        from export.nano.tokenizers import NAME, Tokenizers

        tokenizers = Tokenizers()
        trained(NAME, tokenizers, self.folder)
        return write_codes(self._codes, tokenizers, self._with_progress(("fbank", "log_mel"), progress))

    def speaker(self, progress: Progress) -> Gate:
        """Train the speaker model."""
        from export.nano.gates import speaker_accuracy
        from export.nano.speaker import NAME, SpeakerClassifier, SpeakerStage, voices

        stage = SpeakerStage(voices(self._learned(NAME, ("pcm",))))
        train(stage, SCHEDULES[NAME], self.folder, self._seed, progress)
        assert isinstance(stage.module, SpeakerClassifier)
        accuracy = speaker_accuracy(stage.module, voices(self._held_out(("pcm",))))
        return Gate("speaker accuracy", accuracy, 0.98, at_most=False)

    def vocoder(self, progress: Progress) -> Gate:
        """Train the vocoder."""
        from export.hift.generator import HiftGenerator
        from export.nano.gates import mel_error_of_vocoder
        from export.nano.vocoder import NAME, VocoderStage, recordings

        arrays = ("mel", "f0", "pcm")
        stage = VocoderStage(recordings(self._learned(NAME, arrays)))
        train(stage, SCHEDULES[NAME], self.folder, self._seed, progress)
        assert isinstance(stage.module, HiftGenerator)
        error = mel_error_of_vocoder(stage.module, recordings(self._held_out(arrays)))
        return Gate("log-mel error of the vocoder", error, 0.45, at_most=True)

    def flow(self, progress: Progress) -> Gate:
        """Train the flow."""
        from export.flow.flow import Flow
        from export.nano.decoder import NAME, FlowStage, spoken
        from export.nano.gates import mel_error_of_flow
        from export.nano.tokenizers import NAME as TOKENIZERS
        from export.nano.tokenizers import Tokenizers

        tokenizers = Tokenizers()
        trained(TOKENIZERS, tokenizers, self.folder)
        sentences = self._learned(NAME, ("mel",))
        known = self._coded()
        embeddings = self._embeddings()
        stage = FlowStage(spoken(sentences, known), embeddings, tokenizers.codebooks)
        train(stage, SCHEDULES[NAME], self.folder, self._seed, progress)
        assert isinstance(stage.module, Flow)
        error = mel_error_of_flow(stage.module, spoken(self._held_out(("mel",)), known), embeddings)
        return Gate("log-mel error of the flow", error, 0.8, at_most=True)

    def lm(self, progress: Progress) -> Gate:
        """Train text tokenizer and language model."""
        from export.lm.step1 import Step1
        from export.nano.gates import alignment_accuracy
        from export.nano.language_model import NAME, LanguageModelStage, utterances
        from export.nano.vocabulary import control_tags, write_vocabulary

        known = list(self._coded().values())
        learned = [each for each in known if not each.held_out]
        if not (self.language_model / "tokenizer.model").exists():
            write_vocabulary(self.language_model, [each.text for each in learned], control_tags())
        stage = LanguageModelStage(self.language_model, utterances(learned))
        train(stage, SCHEDULES[NAME], self.folder, self._seed, progress)
        assert isinstance(stage.module, Step1)
        held_out = LanguageModelStage(
            self.language_model, utterances([each for each in known if each.held_out])
        )
        return Gate("alignment accuracy", alignment_accuracy(stage.module, held_out), 0.9, at_most=False)

    def _learned(self, stage: str, arrays: Sequence[str]) -> list[Sentence]:
        parts = self._features.parts()[: _PARTS[stage]]
        found = [each for each in self._features.read(arrays, parts) if not each.held_out]
        if not found:
            raise UserError(f"{self.folder} has no features.", "Compute them: python -m export nano features")
        return found

    def _held_out(self, arrays: Sequence[str]) -> list[Sentence]:
        found = [each for each in self._features.read(arrays) if each.held_out]
        return found[:_HELD_OUT_SENTENCES]

    def _with_progress(self, arrays: Sequence[str], progress: Progress) -> Iterator[Sentence]:
        """Yield all sentences, and report the progress."""
        parts = self._features.parts()
        for done, part in enumerate(parts, start=1):
            yield from self._features.read(arrays, [part])
            progress("parts", done, len(parts))

    def _coded(self) -> dict[tuple[str, str, str], Coded]:
        if not self._codes.exists():
            raise UserError(f"{self.folder} has no codes.", "Make them: python -m export nano codes")
        return {(each.text, each.speaker, each.tag): each for each in read_codes(self._codes)}

    def _embeddings(self) -> dict[str, NDArray[np.float32]]:
        """Return the speaker embeddings of up to 200 sentences of each speaker."""
        from export.nano.speaker import NAME, SpeakerClassifier, embedding, voices

        classifier = SpeakerClassifier()
        trained(NAME, classifier, self.folder)
        found = voices(self._learned(NAME, ("pcm",)))
        return {
            speaker.name: np.stack(
                [embedding(classifier, each) for each in found if each.speaker == index][:200]
            )
            for index, speaker in enumerate(SPEAKERS)
        }
