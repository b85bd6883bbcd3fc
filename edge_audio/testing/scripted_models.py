"""Models that do what a script says, for every seam."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

import numpy as np

from edge_audio.adapters import Models
from edge_audio.asr.recognizer import Recognizer, Transcript, Utterance
from edge_audio.audio.frame import AUDIBLE, FILE_RATE_HZ, FRAME_SAMPLES, INPUT_RATE_HZ, Frame, Samples
from edge_audio.llm.chat_model import ChatModel, Message, TextDelta, UserTurn
from edge_audio.llm.function import ChatFunction, as_chat_model
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import SpokenChunk, Style, Voice
from edge_audio.turns.detectors import EndOfTurnModel, SpeechDetector, SpeechSession

T = TypeVar("T")

_LOUD = 0.5
"""The amplitude of tones."""


def models(
    *,
    detector: SpeechDetector | None = None,
    end_of_turn: EndOfTurnModel | None = None,
    recognizer: Recognizer | None = None,
    chat: ChatModel | ChatFunction | None = None,
    voice: Voice | None = None,
) -> Models:
    """Return models for `Assistant.open`: what is given, and else what stands here with its defaults."""
    return Models(
        detector or LoudnessDetector(),
        end_of_turn or ScriptedEndOfTurn(),
        recognizer or ScriptedRecognizer(),
        as_chat_model(chat or ScriptedChat()),
        voice or ToneVoice(),
    )


class LoudnessDetector(SpeechDetector, SpeechSession):
    """Takes every frame that is audible for speech."""

    window_samples = FRAME_SAMPLES

    def session(self) -> "LoudnessDetector":
        """See `SpeechDetector.session`."""
        return self

    async def feed(self, frame: Frame) -> tuple[float, ...]:
        """See `SpeechSession.feed`."""
        return (float(np.abs(frame.pcm).max() >= AUDIBLE),)


class ScriptedEndOfTurn(EndOfTurnModel):
    """Says at each pause how likely the turn is over, as a script has it."""

    def __init__(self, *probabilities: float | Exception, delay_s: float = 0.0) -> None:
        """`probabilities` are the answers, 1.0 if there are none; each takes `delay_s`."""
        self.asked: list[Samples] = []
        """The turns as far as they had come, at 16 kHz."""
        self._script = probabilities or (1.0,)
        self._delay_s = delay_s

    async def probability(self, pcm: Samples) -> float:
        """See `EndOfTurnModel.probability`."""
        answer = _entry(self._script, len(self.asked))
        self.asked.append(pcm)
        await asyncio.sleep(self._delay_s)
        return _unless_exception(answer)


class ScriptedRecognizer(Recognizer):
    """Hears what a script says, utterance by utterance, whatever the sound is."""

    name = "scripted"

    def __init__(
        self,
        *script: str | Transcript | Exception,
        language: str | None = "en",
        word_s: float = 0.0,
        delay_s: float = 0.0,
    ) -> None:
        """`script` has what each utterance says, `Hello.` if it is empty; its texts are in `language`.

        A word is heard once `word_s` of sound has come for it and for each one before; with 0, all are heard
        with the first sound. A transcript takes `delay_s`.
        """
        self.utterances: list[ScriptedUtterance] = []
        """Those that were begun."""
        self.closed = False
        self._script = script or ("Hello.",)
        self._language = language
        self._word_s = word_s
        self._delay_s = delay_s

    def open(self) -> "ScriptedUtterance":
        """See `Recognizer.open`."""
        said = _entry(self._script, len(self.utterances))
        said = Transcript(said, language=self._language) if isinstance(said, str) else said
        self.utterances.append(ScriptedUtterance(said, self._word_s, self._delay_s))
        return self.utterances[-1]

    async def close(self) -> None:
        """See `Recognizer.close`."""
        self.closed = True


class ScriptedUtterance(Utterance):
    """An utterance of a `ScriptedRecognizer`."""

    def __init__(self, said: Transcript | Exception, word_s: float, delay_s: float) -> None:
        self._said = said
        self._word_s = word_s
        self._delay_s = delay_s
        self._pcm: list[Samples] = []
        self._sound_samples = 0

    @property
    def pcm(self) -> Samples:
        """All of its sound so far, at 16 kHz."""
        return np.concatenate([np.zeros(0, np.float32), *self._pcm])

    def feed(self, pcm: Samples) -> None:
        """See `Utterance.feed`."""
        self._pcm.append(pcm)
        self._sound_samples += int(np.count_nonzero(np.abs(pcm) >= AUDIBLE))

    async def transcribe(self, *, partial: bool = False) -> Transcript:
        """See `Utterance.transcribe`."""
        words = self._words()
        await asyncio.sleep(self._delay_s)
        said = _unless_exception(self._said)
        text = None if said.text is None else " ".join(said.text.split()[:words])
        return replace(
            said, text=text, words=said.words[:words], audio_ids=None if partial else said.audio_ids
        )

    def _words(self) -> int | None:
        """Return how many words were heard so far; None for all."""
        if self._word_s and self._sound_samples:
            return round(self._sound_samples / INPUT_RATE_HZ * 1000) // round(self._word_s * 1000)
        return None if self._sound_samples else 0


class ScriptedChat(ChatModel):
    """Answers the conversation's turns as a script has it.

    All replies to one turn are the same, so that a speculation that is given up takes none away: the turn's
    number is that of the user's messages before it.
    """

    def __init__(
        self,
        *replies: str | Exception | Sequence[str | Exception],
        delay_s: float = 0.0,
        name: str = "scripted",
        hears: Literal["text", "codes"] = "text",
    ) -> None:
        """`replies` are the answers to the turns, `Hello.` if there are none.

        A text comes word by word, a sequence piece by piece; each takes `delay_s`.
        """
        self.name = name
        self.hears: Literal["text", "codes"] = hears
        self.prompts: list[tuple[tuple[Message, ...], UserTurn]] = []
        """Context and turn of each reply that was begun."""
        self.prefilled: list[str] = []
        """The words of turns that were read ahead."""
        self.running = 0
        """Replies that are being made."""
        self.closed = False
        self.replies = replies or ("Hello.",)
        """The script; it may be replaced."""
        self._delay_s = delay_s

    async def reply(self, context: Sequence[Message], turn: UserTurn) -> AsyncGenerator[TextDelta, None]:
        """See `ChatModel.reply`."""
        self.prompts.append((tuple(context), turn))
        self.running += 1
        try:
            reply = _entry(self.replies, sum(message.role == "user" for message in context))
            for piece in _pieces(reply):
                await asyncio.sleep(self._delay_s)
                yield TextDelta(_unless_exception(piece))
        finally:
            self.running -= 1

    async def prefill(self, context: Sequence[Message], heard: str = "") -> None:
        """See `ChatModel.prefill`."""
        self.prefilled.append(heard)

    async def close(self) -> None:
        """See `ChatModel.close`."""
        self.closed = True


class ToneVoice(Voice):
    """Speaks each clause as a tone, so long for each character; a clause without letters as nothing."""

    name = "tone"

    def __init__(
        self,
        *,
        rate_hz: int = FILE_RATE_HZ,
        character_s: float = 0.06,
        pitch_hz: float = 0.0,
        delay_s: float = 0.0,
        abilities: Sequence[str] = (),
        failing: Exception | None = None,
    ) -> None:
        """A clause takes `delay_s` to make, or raises `failing`.

        With a `pitch_hz` of 0 the tone is a constant: every sample is sound, and shows where it is faded.
        `abilities` are those of `Voice`.
        """
        self.sample_rate_hz = rate_hz
        self.speakers = ("one",) if "speaker" in abilities else ()
        self.abilities = frozenset(abilities)
        self.said: list[tuple[Clause, Style]] = []
        """What it was asked to say."""
        self.running = 0
        """Clauses that are being spoken."""
        self.closed = False
        self.character_samples = round(character_s * rate_hz)
        """Samples for each character, spaces included."""
        self._pitch_hz = pitch_hz
        self._delay_s = delay_s
        self._failing = failing

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        """See `Voice.speak`."""
        self.said.append((clause, style))
        self.running += 1
        try:
            await asyncio.sleep(self._delay_s)
            if self._failing is not None:
                raise self._failing
            if any(map(str.isalnum, clause.text)):
                pcm = self._tone(len(clause.text) * self.character_samples)
                yield SpokenChunk(pcm, clause.text_start, clause.text_start + len(clause.text))
        finally:
            self.running -= 1

    async def close(self) -> None:
        """See `Voice.close`."""
        self.closed = True

    def _tone(self, samples: int) -> Samples:
        if not self._pitch_hz:
            return np.full(samples, _LOUD, np.float32)
        phase = 2 * np.pi * self._pitch_hz / self.sample_rate_hz * np.arange(samples)
        pcm: Samples = (_LOUD * np.sin(phase)).astype(np.float32)
        return pcm


def _pieces(reply: str | Exception | Sequence[str | Exception]) -> Sequence[str | Exception]:
    """Return the pieces of a reply: those of a text are its words, each with the blanks after it."""
    if isinstance(reply, Exception):
        return (reply,)
    return re.findall(r"\S+\s*|\s+", reply) if isinstance(reply, str) else reply


def _entry(script: Sequence[T], number: int) -> T:
    """Return the entry of that number; the last one again after the end."""
    return script[min(number, len(script) - 1)]


def _unless_exception(entry: T | Exception) -> T:
    if isinstance(entry, Exception):
        raise entry
    return entry
