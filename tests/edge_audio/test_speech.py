"""Speech without a conversation, of scripted models and of the real ones."""

import asyncio
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_audio import blocking
from edge_audio.asr.recognizer import Transcript, Word
from edge_audio.config import load_config
from edge_audio.speech import speak, transcribe
from edge_audio.testing import ScriptedRecognizer, ToneVoice, run_virtual
from edge_audio.text.clauses import Clause
from edge_audio.tts.voice import Style, VoiceError
from runtime.errors import UserError

TEXT = "One is this. And two is that."


class Loaded:
    """Has what a config names loaded as a scripted model, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.voices: list[ToneVoice] = []
        self.recognizers: list[ScriptedRecognizer] = []
        monkeypatch.setattr("edge_audio.speech.load_voice", lambda config: self._voice())
        monkeypatch.setattr("edge_audio.speech.load_recognizer", lambda config: self._recognizer())

    def _voice(self) -> ToneVoice:
        self.voices.append(ToneVoice())
        return self.voices[-1]

    def _recognizer(self) -> ScriptedRecognizer:
        self.recognizers.append(ScriptedRecognizer("Yes."))
        return self.recognizers[-1]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    return Loaded(monkeypatch)


def test_chunks_say_all_of_the_text_in_its_order() -> None:
    async def main() -> list[str]:
        return [TEXT[chunk.text_start : chunk.text_end] async for chunk in speak(TEXT, voice=ToneVoice())]

    assert run_virtual(main()) == ["One is this.", "And two is that."]


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000])
def test_no_part_of_the_text_is_lost_where_a_resampler_keeps_short_sounds_back(rate_hz: int) -> None:
    voice = ToneVoice(rate_hz=rate_hz, character_s=0.001)

    async def main() -> None:
        chunks = [chunk async for chunk in speak(TEXT, voice=voice)]
        assert all(len(chunk.pcm) for chunk in chunks)
        places = [(chunk.text_start, chunk.text_end) for chunk in chunks]
        assert places[0][0] == 0
        assert places[-1][1] == len(TEXT)
        assert all(after[0] <= before[1] + 1 for before, after in pairwise(places))
        letters = len("One is this.And two is that.")
        assert sum(len(chunk.pcm) for chunk in chunks) == pytest.approx(letters * 24, abs=10)

    run_virtual(main())


def test_the_whole_sound_is_that_of_the_voice(tmp_path: Path) -> None:
    voice = ToneVoice(rate_hz=16_000, pitch_hz=440.0)
    pcm = asyncio.run(speak(TEXT, voice=voice).samples())
    spectrum = np.abs(np.fft.rfft(pcm))
    assert np.argmax(spectrum) * 24_000 / len(pcm) == pytest.approx(440.0, abs=2.0)
    seconds = asyncio.run(speak(TEXT, voice=voice).save(tmp_path / "out.wav"))
    saved, rate_hz = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert (rate_hz, len(saved)) == (24_000, len(pcm))
    assert seconds == len(pcm) / rate_hz
    assert np.abs(saved - pcm).max() < 1e-4


def test_the_style_is_the_one_that_is_given_or_the_config_s() -> None:
    voice = ToneVoice()
    config = load_config()
    asyncio.run(speak("One.", voice=voice, config=config).samples())
    asyncio.run(speak("Two.", voice=voice, style=Style(speed=1.5)).samples())
    assert [style for _, style in voice.said] == [Style(speed=config.tts.speed), Style(speed=1.5)]


def test_a_text_with_nothing_to_say_is_no_sound() -> None:
    assert len(asyncio.run(speak(" ... ", voice=ToneVoice()).samples())) == 0


def test_a_voice_that_fails_leaves_no_file(tmp_path: Path) -> None:
    voice = ToneVoice(failing=VoiceError("No breath."))
    for saving in (
        lambda: asyncio.run(speak(TEXT, voice=voice).save(tmp_path / "out.wav")),
        lambda: blocking.speak(TEXT, voice=voice).save(tmp_path / "out.wav"),
    ):
        with pytest.raises(VoiceError, match="No breath"):
            saving()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_loaded_before_speech_is_taken_and_all_is_freed_after_it(loaded: Loaded) -> None:
    speech = speak(TEXT)
    assert loaded.voices == []
    asyncio.run(speech.samples())
    asyncio.run(speech.samples())
    first, second = loaded.voices
    assert first.closed
    assert second.closed


def test_a_voice_that_is_given_is_not_freed(loaded: Loaded) -> None:
    voice = ToneVoice()
    asyncio.run(speak(TEXT, voice=voice).samples())
    assert not voice.closed
    assert loaded.voices == []


@pytest.mark.parametrize("closing", [True, False])
def test_a_loop_that_is_broken_off_stops_the_voice_and_frees_it(loaded: Loaded, closing: bool) -> None:
    async def main() -> None:
        if closing:
            async with aclosing(aiter(speak(TEXT))) as chunks:
                await anext(chunks)
        else:
            async for _ in speak(TEXT):
                break
            await asyncio.sleep(0.05)
        (voice,) = loaded.voices
        assert voice.closed
        assert voice.running == 0

    asyncio.run(main())


def test_without_an_event_loop_speech_is_the_same(tmp_path: Path) -> None:
    voice = ToneVoice()
    speech = blocking.speak(TEXT, voice=voice)
    expected = asyncio.run(speak(TEXT, voice=voice).samples())
    assert np.array_equal(speech.samples(), expected)
    assert np.array_equal(np.concatenate([chunk.pcm for chunk in speech]), expected)
    assert speech.save(tmp_path / "out.wav") == len(expected) / speech.rate_hz
    assert (tmp_path / "out.wav").is_file()


def test_without_an_event_loop_a_loop_that_is_broken_off_frees_the_voice_in_silence(
    loaded: Loaded, caplog: pytest.LogCaptureFixture
) -> None:
    speech = blocking.speak(TEXT)
    assert speech.text == TEXT
    for chunk in speech:
        assert TEXT[chunk.text_start : chunk.text_end] == "One is this."
        break
    (voice,) = loaded.voices
    assert voice.closed
    assert voice.running == 0
    assert not caplog.records  # asyncio logs tasks and generators that are left over


@pytest.mark.filterwarnings("error")
def test_inside_an_event_loop_what_blocks_is_refused(tmp_path: Path) -> None:
    speech = blocking.speak(TEXT, voice=ToneVoice())
    uses = (
        speech.samples,
        lambda: speech.save(tmp_path / "out.wav"),
        lambda: list(speech),
        lambda: blocking.transcribe(np.zeros(16_000, np.float32), recognizer=ScriptedRecognizer("Yes.")),
    )

    async def main() -> None:
        for use in uses:
            with pytest.raises(RuntimeError, match="would stop the running event loop"):
                use()

    asyncio.run(main())


def test_without_an_event_loop_a_failure_comes_after_the_sound_before_it() -> None:
    class Hoarse(ToneVoice):
        async def speak(self, clause: Clause, style: Style):
            if clause.text_start:
                raise VoiceError("No breath.")
            async for chunk in super().speak(clause, style):
                yield chunk

    said = []
    with pytest.raises(VoiceError, match="No breath"):
        for chunk in blocking.speak(TEXT, voice=Hoarse()):
            said.append(TEXT[chunk.text_start : chunk.text_end])
    assert said == ["One is this."]


YES = Word("Yes.", 0.4, 0.7)


def test_samples_are_transcribed_with_the_times_of_the_words() -> None:
    recognizer = ScriptedRecognizer(Transcript("Yes.", (YES,), "fr"))
    pcm = np.full(16_000, 0.5)
    assert asyncio.run(transcribe(pcm, recognizer=recognizer)) == Transcript("Yes.", (YES,), "fr")
    (utterance,) = recognizer.utterances
    assert utterance.pcm.dtype == np.float32
    assert len(utterance.pcm) == 16_000
    assert not recognizer.closed


@pytest.mark.parametrize("samples", [np.zeros((16_000, 2), np.float32), np.zeros(16_000, np.int16)])
def test_samples_of_another_shape_or_type_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"floats of shape \(n,\), not"):
        blocking.transcribe(samples, recognizer=ScriptedRecognizer())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="neither NaN nor infinity"):
        blocking.transcribe(np.full(16_000, value, np.float32), recognizer=ScriptedRecognizer())


@pytest.mark.parametrize("as_text", [True, False])
def test_a_file_is_transcribed_by_the_config_s_recognizer(
    tmp_path: Path, loaded: Loaded, as_text: bool
) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, np.full(24_000, 0.5), 24_000)
    assert blocking.transcribe(str(path) if as_text else path).text == "Yes."
    (recognizer,) = loaded.recognizers
    assert len(recognizer.utterances[0].pcm) == pytest.approx(16_000, abs=1)
    assert recognizer.closed


def test_silence_has_no_words() -> None:
    found = blocking.transcribe(np.zeros(16_000, np.float32), recognizer=ScriptedRecognizer("Yes."))
    assert found == Transcript("")


def test_what_is_missing_is_told_before_anything_is_loaded(tmp_path: Path, loaded: Loaded) -> None:
    with pytest.raises(UserError, match=r"gone\.wav"):
        asyncio.run(transcribe(tmp_path / "gone.wav"))
    with pytest.raises(UserError, match=r"gone\.toml"):
        blocking.speak(TEXT, config=tmp_path / "gone.toml")
    assert loaded.recognizers == loaded.voices == []


@pytest.mark.models
def test_what_the_voice_says_the_recognizer_understands(tmp_path: Path) -> None:
    text = "The train to Paris leaves at nine in the morning."
    assert blocking.speak(text).save(tmp_path / "out.wav") > 1.5
    found = blocking.transcribe(tmp_path / "out.wav")
    assert found.text is not None
    assert "Paris" in found.text
    assert [word.text for word in found.words] == found.text.split()
    assert all(word.start_s < word.end_s for word in found.words)
