import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import soundfile
from rich.console import Console

from edge_audio.audio.device import AudioDeviceConfig
from edge_audio.commands.speech import Passage, _lines, passages, speak
from edge_audio.testing import ToneVoice
from edge_audio.tts.tags import PACES, TAGS
from edge_audio.tts.voice import Style
from runtime.errors import UserError

PLAIN = Style(speaker="one", speed=1.1)


def voice_for(*abilities: str) -> ToneVoice:
    return ToneVoice(abilities=("speaker", *abilities))


def said(voice: ToneVoice) -> list[tuple[str, Style]]:
    return [(clause.text, style) for clause, style in voice.said]


def say(lines: Iterable[str], voice: ToneVoice, output: Path) -> None:
    """Speak `lines` plainly into a file."""
    audio, console = AudioDeviceConfig(), Console(quiet=True)
    speak(lines, PLAIN, voice, output=output, audio=audio, language="en", console=console)


def test_a_tag_holds_to_the_end_of_its_line() -> None:
    lines = ["(happy) One. Two.", "Three.", "", " （快速1） Four."]
    assert [(p.text, p.style) for p in passages(lines, PLAIN, voice_for("emotion", "speed"))] == [
        ("One. Two.", Style(speaker="one", speed=1.1, emotion="happy")),
        ("Three.", PLAIN),
        ("", PLAIN),
        ("Four.", Style(speaker="one", speed=PACES["fast"])),
    ]


def test_an_unknown_tag_is_refused_with_the_list_of_all() -> None:
    with pytest.raises(UserError, match=r"no tag \(hapy\)") as refused:
        list(passages(["(hapy) One."], PLAIN, voice_for("emotion")))
    for tag in TAGS:
        assert f"{tag.name} ({tag.released})" in str(refused.value)


def test_a_tag_that_the_voice_can_t_do_is_refused_with_those_it_can() -> None:
    with pytest.raises(
        UserError, match=r"tone can't do \(rap\)\. It can do: very slow, slow, fast, very fast;"
    ):
        list(passages(["(rap) One."], PLAIN, voice_for("speed")))
    with pytest.raises(UserError, match=r"can't do \(low\)\. It can do: rap, humming;"):
        list(passages(["(low) One."], PLAIN, voice_for("music")))
    with pytest.raises(UserError, match="It can do: no tag;"):
        list(passages(["(rap) One."], PLAIN, voice_for()))


def test_a_second_tag_is_refused() -> None:
    with pytest.raises(UserError, match=r"one tag, not \(happy\) and \(fast\)"):
        list(passages(["(happy)(fast) One."], PLAIN, voice_for("emotion", "speed")))


def test_another_speaker_is_refused_where_there_is_but_one() -> None:
    voice = ToneVoice()
    with pytest.raises(UserError, match="tone has only one speaker"):
        list(passages(["One."], PLAIN, voice))


def test_clauses_are_spoken_in_their_line_s_style(tmp_path: Path) -> None:
    voice = voice_for("emotion")
    out = tmp_path / "out.wav"
    say(["(sad) One. Two", "Three."], voice, out)
    sad = Style(speaker="one", speed=1.1, emotion="sad")
    assert said(voice) == [("One.", sad), ("Two", sad), ("Three.", PLAIN)]
    assert soundfile.info(out).frames == len("One.TwoThree.") * voice.character_samples
    assert voice.closed


def test_all_lines_of_a_list_are_looked_at_before_the_first_is_spoken(tmp_path: Path) -> None:
    voice = voice_for("emotion")
    out = tmp_path / "out.wav"
    with pytest.raises(UserError, match="hapy"):
        say(["One.", "(hapy) Two."], voice, out)
    assert voice.said == []
    assert voice.closed
    assert not out.exists()


def test_a_line_is_spoken_before_the_next_has_come(tmp_path: Path) -> None:
    voice = voice_for()
    before_second: list[int] = []

    def lines() -> Iterator[str]:
        yield "One. Two"
        before_second.append(len(voice.said))
        yield "Three"

    out = tmp_path / "out.wav"
    say(lines(), voice, out)
    assert before_second == [2]
    assert [text for text, _ in said(voice)] == ["One.", "Two", "Three"]


def test_a_text_without_words_is_told(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    with pytest.raises(UserError, match="nothing to say"):
        say(["(sad) ", ""], voice_for("emotion"), out)
    assert not out.exists()


def test_a_line_that_does_not_come_keeps_nobody_waiting_who_gives_up() -> None:
    coming = threading.Event()
    threading.Timer(5, coming.set).start()

    def typed() -> Iterator[Passage]:
        yield Passage("One.", Style())
        coming.wait()

    async def main() -> None:
        clauses = [clause.text async for clause, _ in _lines(typed())]
        assert clauses == ["One."]

    begin_s = time.perf_counter()
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(main(), 0.1))
    assert time.perf_counter() - begin_s < 2
    coming.set()
