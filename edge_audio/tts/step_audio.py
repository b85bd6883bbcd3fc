"""The voice of Step-Audio: a language model writes audio tokens while a decoder turns them into sound."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, Self

import msgspec
import numpy as np

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.component import MUSIC, RECORD
from edge_audio.step_audio.decoder.exported import exported_decoder
from edge_audio.step_audio.decoder.speech import Chunking, SpeechDecoder, Utterance
from edge_audio.step_audio.instruction import music, prompt_speaker, without_brackets
from edge_audio.step_audio.language_model.generation import Group, generate
from edge_audio.step_audio.language_model.model import MAX_LENGTH, PIECE, LanguageModel
from edge_audio.step_audio.placement import ALL_ON_CPU, Placement
from edge_audio.step_audio.prompts import speech_prompt
from edge_audio.step_audio.sampler import SPEECH, PhaseRule, RandomSampler
from edge_audio.step_audio.speakers import TINGTING, speakers
from edge_audio.step_audio.text_tokenizer import TextTokenizer
from edge_audio.step_audio.tokens import GROUP, AudioTokens
from edge_audio.step_audio.voices import StoredVoice
from edge_audio.text.clauses import Clause
from edge_audio.text.speakable import speakable
from edge_audio.tts.clause_sound import ClauseSound, longest_speech_s
from edge_audio.tts.step_audio_tags import known_tags, style_tag
from edge_audio.tts.voice import SpokenChunk, Style, Voice, VoiceError
from runtime.errors import UserError
from runtime.worker import Cancelled, CancelToken, Emit, Lane

CODE_S = 0.12 / GROUP
"""Duration of one audio token's sound."""

_GROUPS_AHEAD = 4
"""How many groups, 0.5 s, may wait for the decoder: as many as a large language model writes while a chunk is
decoded. A small one would write all of the next chunk, and on a single core delay the first sound."""

_MOST_PIECES = 10_000
"""More pieces of sound than one call of the decoder makes, so that it never waits for them to be taken: a
clause started ahead would block the decoder for the one before it, which is taken first."""

Decode = Callable[[CancelToken], Iterator[Samples]]
"""Decodes codes, piece by piece."""


class Voices(Protocol):
    """Voices made of recordings: `VoiceRegistry`."""

    def names(self) -> tuple[str, ...]:
        """Return the names of all voices."""
        ...

    def load(self, name: str) -> StoredVoice:
        """Return the voice called `name`. Raises `UserError`."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechModels:
    """What a `StepAudioVoice` computes with."""

    tokenizer: TextTokenizer
    language_model: LanguageModel
    decoder: SpeechDecoder
    music_decoder: Callable[[], SpeechDecoder] | None
    """Loads the decoder for rap and humming; None where there is none. Blocks."""

    @classmethod
    def load(
        cls,
        folder: Path,
        placement: Placement = ALL_ON_CPU,
        chunking: Chunking | None = None,
        steps: int | None = None,
    ) -> Self:
        """Load what `python -m export` wrote into `folder`: `lm`, `flow` and `hift`.

        `flow-music` and `hift-music` may be missing. `steps` are those of the flow, by default the release's.
        Blocks. Raises `UserError`.
        """
        decoder = partial(exported_decoder, folder, placement, chunking, steps=steps)
        has_music = all((folder / name / RECORD).is_file() for name in (f"flow{MUSIC}", f"hift{MUSIC}"))
        return cls(
            TextTokenizer.open(folder / "lm"),
            LanguageModel.load(folder / "lm", placement.of("lm")),
            decoder(),
            partial(decoder, suffix=MUSIC) if has_music else None,
        )


class StepAudioVoice(Voice):
    """A `Voice`: Step-Audio-TTS in the voices of recordings. The same clause always sounds the same.

    The language model writes on one lane while the decoder computes on the other. When the sound isn't
    taken, the decoder waits, and soon the language model does too.
    """

    name = "step-audio-tts"

    def __init__(
        self,
        models: SpeechModels,
        voices: Voices,
        *,
        writing: Lane,
        sounding: Lane,
        speaker: str | None = None,
        temperature: float | None = None,
        seed: int = 0,
    ) -> None:
        """Speak as `speaker`, by default as Tingting, or else the first of `voices`.

        Ids are sampled as the language model's record says, at `temperature` if that isn't None. The lanes
        belong to the voice and are closed with it. Raises `UserError` if there is no voice to speak with, or
        the tokenizer is not that of a speech model.
        """
        if models.tokenizer.audio is None:
            raise UserError("The speech model's tokenizer has no tokens for sound.", "Export it again.")
        self._tokens: AudioTokens = models.tokenizer.audio
        self._models = models
        self._voices = voices
        self._writing = writing
        self._sounding = sounding
        model = models.language_model.settings
        self._tags = known_tags(model.control_tags)
        self._sampling = model.sampling or SPEECH
        if temperature is not None:
            self._sampling = msgspec.structs.replace(self._sampling, temperature=temperature)
        self._phase = PhaseRule(self._tokens, model.end_of_turn) if model.phase_rule else None
        self._seed = seed
        self.speakers = speakers(voices.names(), speaker)
        self.sample_rate_hz = models.decoder.sample_rate_hz
        abilities = {"speaker", *(tag.ability for tag in self._tags)}
        self.abilities = frozenset(abilities if models.music_decoder else abilities - {"music"})
        self.skipped_ids = 0
        """How many ids the language model wrote so far that stand for no sound."""
        self._cache = models.language_model.new_cache()
        self._loaded: dict[str, StoredVoice] = {}
        self._music: SpeechDecoder | None = None

    async def speak(self, clause: Clause, style: Style) -> AsyncGenerator[SpokenChunk, None]:
        """See `Voice.speak`. Raises `UserError` for an unknown speaker or style, or a missing file."""
        if text := without_brackets(speakable(clause.text, clause.language)):
            limit = round(longest_speech_s(text) / CODE_S)
            tag = style_tag(style, self._tags)
            async with aclosing(self._sound(clause, tag + text, style.speaker, limit)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def warm_up(self) -> None:
        """See `Voice.warm_up`. It also reads the part of the prompt that all clauses share."""
        async with aclosing(self._sound(Clause("Hello.", 0), "Hello.", None, GROUP)) as chunks:
            async for _ in chunks:
                pass

    async def close(self) -> None:
        """See `Voice.close`."""
        self._writing.close()
        self._sounding.close()
        self._loaded.clear()
        self._music = None

    async def _sound(
        self, clause: Clause, text: str, speaker: str | None, limit: int
    ) -> AsyncGenerator[SpokenChunk, None]:
        """Speak `text` for `clause`, with at most `limit` ids."""
        sound = ClauseSound(clause, self.sample_rate_hz)
        try:
            voice, utterance = await self._sounding.run(partial(self._begin, text, speaker))
            write = partial(self._write, text, voice, limit)
            async with aclosing(self._writing.stream(write, capacity=_GROUPS_AHEAD)) as groups:
                async for group in groups:
                    codes = self._tokens.codes([number for number in group if number in self._tokens.ids])
                    self.skipped_ids += len(group) - len(codes)
                    sound.written_s += len(codes) * CODE_S
                    async with aclosing(self._decoded(partial(utterance.feed, codes), sound)) as chunks:
                        async for chunk in chunks:
                            yield chunk
            if not sound.written_s:
                raise VoiceError(f"The voice has no sound for {clause.text!r}.")
            sound.complete = True
            async with aclosing(self._decoded(utterance.finish, sound)) as chunks:
                async for chunk in chunks:
                    yield chunk
            if last := sound.finish():
                yield last
        except (VoiceError, UserError, Cancelled):
            raise
        except Exception as failure:  # whatever odd text or a driver does to the models
            raise VoiceError(f"The voice can't say {clause.text!r}: {failure}.") from failure

    async def _decoded(self, decode: Decode, sound: ClauseSound) -> AsyncGenerator[SpokenChunk, None]:
        """Yield what `decode` makes as it is made."""

        def compute(token: CancelToken, emit: Emit[Samples]) -> None:
            for piece in decode(token):
                emit(piece)

        async with aclosing(self._sounding.stream(compute, capacity=_MOST_PIECES)) as pieces:
            async for piece in pieces:
                if chunk := sound.push(piece):
                    yield chunk

    # On the lanes' threads.

    def _begin(self, text: str, speaker: str | None, token: CancelToken) -> tuple[StoredVoice, Utterance]:
        """Return the voice that prompts for `text`, and its utterance in the decoder that `text` wants."""
        name = speaker or self.speakers[0]
        special = prompt_speaker(name, text)
        # A voice without a recording of its own for rap or humming does it after its only one, as released.
        name = special if special in self._voices.names() else name
        if name not in self._loaded:
            self._loaded[name] = self._voices.load(name)
        voice = self._loaded[name]
        decoder = self._music_decoder() if music(text) else self._models.decoder
        return voice, decoder.begin(voice.prompt, self._seed)

    def _music_decoder(self) -> SpeechDecoder:
        if self._models.music_decoder is None:
            raise VoiceError("The voice can neither rap nor hum: the decoder for music is not exported.")
        if self._music is None:
            self._music = self._models.music_decoder()
        return self._music

    def _write(
        self, text: str, voice: StoredVoice, limit: int, token: CancelToken, emit: Emit[Group]
    ) -> None:
        """Emit at most `limit` ids that say `text` as `voice`."""
        model, cache = self._models.language_model, self._cache
        prompt = speech_prompt(
            self._models.tokenizer,
            text,
            voice.name if voice.name == TINGTING else "",
            voice.text,
            [int(code) + self._tokens.first_id for code in voice.prompt.codes],
        )
        # Positions are read in the same pieces whatever is in the cache: their rounding decides what is said.
        cache.keep(cache.shared_prefix(prompt) // PIECE * PIECE)
        generator = np.random.default_rng(self._seed)
        sampler = RandomSampler(generator, self._sampling, phase=self._phase, columns=model.output_ids)
        generate(model, prompt, sampler, cache, token, emit, min(MAX_LENGTH, len(prompt) + limit))
