"""The Step-Audio voice with a tiny random release: what it says is noise, how it comes is real."""

import asyncio
import copy
import shutil
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edge_audio.audio.frame import Samples
from edge_audio.step_audio.component import RECORD
from edge_audio.step_audio.language_model.cache import KeyValueCache
from edge_audio.step_audio.language_model.model import LanguageModel, Logits
from edge_audio.step_audio.sampler import Sampling
from edge_audio.step_audio.tokens import GROUP
from edge_audio.text.clauses import Clause
from edge_audio.tts.clause_sound import longest_speech_s
from edge_audio.tts.step_audio import SpeechModels, StepAudioVoice
from edge_audio.tts.voice import SpokenChunk, Style, VoiceError
from runtime.errors import UserError
from runtime.worker import CancelToken, ThreadLane
from tests.support.toy_voice import LONG, SHORT, Voices, voice_of

END_OF_TURN = 3


class CountingModel(LanguageModel):
    """Counts how often it reads: once for each id that it writes."""

    reads = 0

    def read(self, ids: Sequence[int], cache: KeyValueCache, token: CancelToken | None = None) -> Logits:
        self.reads += 1
        return super().read(ids, cache, token)


class ScriptedModel(LanguageModel):
    """Writes `script`, then ends its turn."""

    script: tuple[int, ...] = ()

    def read(self, ids: Sequence[int], cache: KeyValueCache, token: CancelToken | None = None) -> Logits:
        super().read(ids, cache, token)
        said, *rest = (*self.script, END_OF_TURN)
        self.script = tuple(rest[:-1])
        logits = np.full(self.settings.vocabulary, -np.inf, np.float32)
        logits[said] = 0.0
        return logits


@pytest.fixture
def counting(models: SpeechModels, toy_models: Path) -> tuple[SpeechModels, CountingModel]:
    model = CountingModel.load(toy_models / "lm")
    return replace(models, language_model=model), model


def spoken(
    models: SpeechModels, *texts: str, style: Style | None = None, **options: Any
) -> list[list[SpokenChunk]]:
    """Speak one clause after the other."""

    async def main() -> list[list[SpokenChunk]]:
        async with voice_of(models, **options) as (voice, _):
            return [[chunk async for chunk in voice.speak(Clause(t, 5), style or Style())] for t in texts]

    return asyncio.run(main())


def sound(chunks: list[SpokenChunk]) -> Samples:
    return np.concatenate([chunk.pcm for chunk in chunks])


def scripted(models: SpeechModels, folder: Path, *script: int) -> SpeechModels:
    model = ScriptedModel.load(folder / "lm")
    model.output_ids = np.arange(model.settings.vocabulary)
    model.script = script
    return replace(models, language_model=model)


def trained(models: SpeechModels, **settings: Any) -> SpeechModels:
    """Return `models` with a language model whose record says `settings`."""
    model = copy.copy(models.language_model)
    model.settings = msgspec.structs.replace(model.settings, **settings)
    return replace(models, language_model=model)


async def settled(model: CountingModel) -> int:
    """Wait until the model reads no more, and return how often it did."""
    reads = -1
    while reads != model.reads:
        reads = model.reads
        await asyncio.sleep(0.1)
    return reads


def test_sound_comes_in_chunks_that_cover_the_clause(models: SpeechModels) -> None:
    ((*first, last),) = spoken(models, LONG)
    assert first[0].text_start == 5
    assert last.text_end == 5 + len(LONG)
    assert all(
        chunk.text_end == after.text_start for chunk, after in zip(first, [*first[1:], last], strict=True)
    )
    pcm = sound([*first, last])
    assert pcm.dtype == np.float32
    assert np.abs(pcm).max() <= 1.0


def test_the_first_chunk_leaves_while_the_language_model_writes_and_a_waiting_listener_stops_it(
    counting: tuple[SpeechModels, CountingModel],
) -> None:
    models, model = counting

    async def main() -> tuple[int, int, int]:
        async with voice_of(models) as (voice, lanes):
            async with aclosing(voice.speak(Clause(LONG, 0), Style())) as chunks:
                await anext(chunks)
                at_first = model.reads
                stopped = await settled(model)
                assert lanes[0].busy
                async for _ in chunks:
                    pass
            return at_first, stopped, model.reads

    at_first, stopped, all_of_it = asyncio.run(main())
    assert at_first <= stopped
    assert stopped <= (7 + 4 + 1) * 5 + 1  # in the first chunk, waiting, and in hand
    assert stopped < 0.5 * all_of_it


def test_what_clauses_share_is_not_read_again(counting: tuple[SpeechModels, CountingModel]) -> None:
    models, model = counting
    lengths: list[int] = []
    read = model.read

    def spy(ids: Sequence[int], cache: KeyValueCache, token: CancelToken | None = None) -> Logits:
        lengths.append(len(ids))
        return read(ids, cache, token)

    model.read = spy
    spoken(models, "One.", "Two.")
    cold, warm = (length for length in lengths if length > 1)
    assert warm < 0.2 * cold


def test_the_same_clause_sounds_the_same_whatever_was_said_before(models: SpeechModels) -> None:
    one, _, again = spoken(models, SHORT, "Or so.", SHORT)
    ((*other,),) = spoken(models, SHORT)
    assert np.array_equal(sound(one), sound(again))
    assert np.array_equal(sound(one), sound(other))


def test_another_seed_and_another_speaker_sound_otherwise(models: SpeechModels) -> None:
    first, *others = (
        sound(spoken(models, SHORT, **options)[0])
        for options in ({}, {"seed": 1}, {"speaker": "anna"}, {"style": Style(speaker="anna")})
    )
    assert not any(np.array_equal(first, other) for other in others)
    assert np.array_equal(others[1], others[2])


def test_speech_that_does_not_end_is_ended(models: SpeechModels) -> None:
    (chunks,) = spoken(models, SHORT)
    assert len(sound(chunks)) / 22_050 <= longest_speech_s(SHORT)


def test_music_takes_the_decoder_and_the_recording_for_it(models: SpeechModels) -> None:
    assert (
        "music"
        in StepAudioVoice(models, Voices(), writing=ThreadLane("w"), sounding=ThreadLane("s")).abilities
    )
    loads: list[int] = []
    load_music = models.music_decoder
    assert load_music is not None

    def counted() -> Any:
        loads.append(1)
        return load_music()

    voices = Voices()
    spoken(replace(models, music_decoder=counted), SHORT, SHORT, style=Style(music="rap"), voices=voices)
    assert len(loads) == 1
    assert voices.loaded == ["TingtingRAP"]
    voices = Voices()
    spoken(models, SHORT, style=Style(music="rap", speaker="anna"), voices=voices)
    assert voices.loaded == ["anna"]


def test_without_a_decoder_for_music_there_is_none_and_it_is_said(models: SpeechModels) -> None:
    without = replace(models, music_decoder=None)
    with pytest.raises(VoiceError, match="can neither rap nor hum"):
        spoken(without, SHORT, style=Style(music="rap"))
    voice = StepAudioVoice(without, Voices(), writing=ThreadLane("w"), sounding=ThreadLane("s"))
    assert "music" not in voice.abilities


def test_what_a_text_has_in_brackets_is_no_tag(models: SpeechModels) -> None:
    without = replace(models, music_decoder=None)
    bracketed, plain = (sound(spoken(without, text)[0]) for text in ("(RAP) Yes.", "RAP, Yes."))
    assert np.array_equal(bracketed, plain)


def test_a_style_is_asked_for_and_one_that_there_is_not_is_refused(models: SpeechModels) -> None:
    plain, happy, fast = (
        sound(spoken(models, SHORT, style=style)[0])
        for style in (Style(), Style(emotion="happy"), Style(speed=1.3))
    )
    assert not np.array_equal(plain, happy)
    assert not np.array_equal(plain, fast)
    with pytest.raises(UserError, match="knows no emotion called 'bored'"):
        spoken(models, SHORT, style=Style(emotion="bored"))


def test_a_voice_can_do_what_its_model_was_trained_with(models: SpeechModels) -> None:
    def abilities(of: SpeechModels) -> frozenset[str]:
        writing, sounding = ThreadLane("w"), ThreadLane("s")
        return StepAudioVoice(of, Voices(), writing=writing, sounding=sounding).abilities

    small = trained(models, control_tags=("慢速1", "快速1", "低音", "高音"))
    assert abilities(models) == {"speaker", "speed", "emotion", "language", "music"}
    assert abilities(small) == {"speaker", "speed", "pitch"}
    plain, low = (sound(spoken(small, SHORT, style=style)[0]) for style in (Style(), Style(pitch=0.84)))
    assert not np.array_equal(plain, low)
    with pytest.raises(UserError, match=r"no emotion called 'happy'\. It knows: .*低音"):
        spoken(small, SHORT, style=Style(emotion="happy"))
    with pytest.raises(UserError, match=r"no music called 'rap'\. It knows: .*低音"):
        spoken(small, SHORT, style=Style(music="rap"))


def test_ids_are_drawn_as_the_model_is_made_for_unless_a_temperature_is_asked_for(
    models: SpeechModels,
) -> None:
    def said(of: SpeechModels, **options: Any) -> Samples:
        return sound(spoken(of, SHORT, **options)[0])

    greedy = trained(models, sampling=Sampling(temperature=0.0))
    released, likeliest = said(models), said(greedy)
    assert not np.array_equal(likeliest, released)
    assert np.array_equal(said(models, temperature=0.7), released)
    assert np.array_equal(said(greedy, temperature=0.7), released)
    assert np.array_equal(said(trained(models, sampling=Sampling(top_k=1)), temperature=1.5), likeliest)


def test_a_model_that_needs_it_is_made_to_keep_the_phase(
    counting: tuple[SpeechModels, CountingModel],
) -> None:
    models, model = counting
    tokens = models.tokenizer.audio
    assert tokens is not None
    said: list[int] = []
    read = model.read

    def spy(ids: Sequence[int], cache: KeyValueCache, token: CancelToken | None = None) -> Logits:
        if len(ids) == 1:
            said.extend(ids)
        return read(ids, cache, token)

    model.read = spy

    def books() -> str:
        said.clear()
        spoken(models, SHORT)
        return "".join("l" if number in tokens.linguistic_ids else "s" for number in said)

    assert not books().startswith("llsss" * 2)
    model.settings = msgspec.structs.replace(model.settings, phase_rule=True)
    kept = books()
    assert kept == ("llsss" * len(kept))[: len(kept)]
    assert len(kept) > GROUP


@pytest.mark.parametrize("text", ["", "...", "- * #"])
def test_where_nothing_can_be_said_there_is_no_chunk(models: SpeechModels, text: str) -> None:
    assert spoken(models, text) == [[]]


def test_ids_that_are_no_sound_are_left_out_and_counted(models: SpeechModels, toy_models: Path) -> None:
    assert models.tokenizer.audio is not None
    codes = tuple(models.tokenizer.audio.ids[:30])
    (plain,) = spoken(scripted(models, toy_models, *codes), SHORT)
    mixed = scripted(models, toy_models, 300, 301, *codes[:7], 302, *codes[7:])

    async def main() -> tuple[list[SpokenChunk], int]:
        async with voice_of(mixed) as (voice, _):
            return [chunk async for chunk in voice.speak(Clause(SHORT, 0), Style())], voice.skipped_ids

    chunks, skipped = asyncio.run(main())
    assert np.array_equal(sound(chunks), sound(plain))
    assert skipped == 3


@pytest.mark.parametrize("script", [(), (300, 301, 302)])
def test_a_reply_without_sound_is_an_error(
    models: SpeechModels, toy_models: Path, script: tuple[int, ...]
) -> None:
    with pytest.raises(VoiceError, match=r"no sound for 'Hi!'\."):
        spoken(scripted(models, toy_models, *script), SHORT)


def test_what_the_models_do_not_survive_becomes_one_sentence(
    counting: tuple[SpeechModels, CountingModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    models, model = counting

    def fail(*_: object) -> Logits:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(model, "read", fail)
    with pytest.raises(VoiceError, match=r"The voice can't say 'Hi!': out of memory\."):
        spoken(models, SHORT)


def test_an_unknown_speaker_is_refused(models: SpeechModels) -> None:
    with pytest.raises(UserError, match=r"no voice called bob. Choose one of: anna, Tingting\."):
        spoken(models, SHORT, speaker="bob")
    with pytest.raises(UserError, match=r"TingtingRAP is how another voice raps.*\(rap\)"):
        spoken(models, SHORT, speaker="TingtingRAP")
    with pytest.raises(UserError, match="no voice bob"):
        spoken(models, SHORT, style=Style(speaker="bob"))
    with pytest.raises(UserError, match="edge-audio voices add"):
        spoken(models, SHORT, voices=Voices(()))


def test_the_default_speaker_comes_first_and_those_for_music_are_none(models: SpeechModels) -> None:
    def speakers(**options: Any) -> tuple[str, ...]:
        writing, sounding = ThreadLane("w"), ThreadLane("s")
        return StepAudioVoice(models, Voices(), writing=writing, sounding=sounding, **options).speakers

    assert speakers() == ("Tingting", "anna")
    assert speakers(speaker="anna") == ("anna", "Tingting")


def test_a_vocoder_of_another_spectrogram_is_told(toy_models: Path, tmp_path: Path) -> None:
    for name in ("lm", "flow"):
        (tmp_path / name).symlink_to(toy_models / name)
    shutil.copytree(toy_models / "hift", tmp_path / "hift")
    record = tmp_path / "hift" / RECORD
    record.write_text(record.read_text().replace("22050", "24000"))
    with pytest.raises(UserError, match="flow and hift belong to different spectrograms"):
        SpeechModels.load(tmp_path)


def test_a_missing_component_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lm"):
        SpeechModels.load(tmp_path)
