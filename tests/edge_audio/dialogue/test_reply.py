import asyncio
from collections.abc import AsyncGenerator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.dialogue.reply import Reply
from edge_audio.llm.chat_model import ChatModelError, TextDelta
from edge_audio.testing import ToneVoice
from edge_audio.text.apology import apology
from edge_audio.text.clauses import Clause
from edge_audio.tts.tags import PACES
from edge_audio.tts.voice import Style
from runtime import clock
from tests.edge_audio.dialogue.reply_making import Watcher, empty_reply, voice_for


async def written(pieces: list[str], failure: Exception | None) -> AsyncGenerator[TextDelta, None]:
    for piece in pieces:
        yield TextDelta(piece)
    if failure is not None:
        raise failure


def replied(
    *pieces: str,
    voice: ToneVoice,
    style: Style | None = None,
    failure: Exception | None = None,
    asked_in: str | None = None,
) -> tuple[Reply, Watcher]:
    """A committed reply that is made of what the chat model writes in `pieces`."""
    watcher = Watcher()
    reply = empty_reply(voice, watcher, style)
    reply.commit()
    clock.run_virtual(reply.make(written(list(pieces), failure), asked_in))
    return reply, watcher


def test_a_reply_is_said_as_its_tag_wants_it() -> None:
    voice = voice_for("emotion", "speed")
    reply, watcher = replied(
        "(", "hap", "py)", " I am", " glad. So are you.", voice=voice, style=Style("one")
    )
    assert [(clause.text, style) for clause, style in voice.said] == [
        ("I am glad.", Style("one", emotion="happy")),
        ("So are you.", Style("one", emotion="happy")),
    ]
    assert watcher.texts == ["I am", reply.text]
    assert reply.text == "I am glad. So are you."


def test_the_tag_is_no_heard_text() -> None:
    voice = voice_for("emotion")
    reply, _ = replied("(happy) I am glad. So are you.", voice=voice)
    assert [clause.text_start for clause, _ in voice.said] == [0, 11]
    assert reply.spoken.heard(reply.text, 10 * len("I am glad.")) == "I am glad."
    assert reply.spoken.heard(reply.text, reply.spoken.samples) == "I am glad. So are you."


@pytest.mark.parametrize("tag", ["(happy)", "(rap)", "(laughs)", "(laughs softly)", "（笑）（笑声）"])
def test_what_the_voice_can_t_do_is_neither_said_nor_an_error(tag: str) -> None:
    voice = voice_for("speaker", "speed")
    reply, _ = replied(f"{tag} Well, yes.", voice=voice, style=Style(speed=1.2))
    assert [(clause.text, style) for clause, style in voice.said][-1] == ("Well, yes.", Style(speed=1.2))
    assert reply.error is None


def test_a_reply_of_nothing_but_a_tag_is_said() -> None:
    voice = voice_for()
    reply, _ = replied("(laughs)", voice=voice)
    assert reply.error is None
    assert [clause.text for clause, _ in voice.said] == ["(laughs)"]


def test_of_a_tag_that_breaks_off_nothing_is_said() -> None:
    voice = voice_for()
    reply, _ = replied("(hap", voice=voice, failure=ChatModelError("It broke."))
    assert reply.error == "It broke."
    assert [clause.text for clause, _ in voice.said] == [apology()]


def test_a_reply_with_nothing_to_say_is_an_error_and_was_not_heard() -> None:
    reply, _ = replied("\N{THUMBS UP SIGN}", voice=voice_for())
    assert reply.error == "The reply has nothing in it that can be said."
    assert reply.made
    assert not reply.spoken.heard(reply.text, reply.spoken.samples)


def test_of_a_reply_that_may_not_be_wanted_only_the_beginning_is_spoken() -> None:
    voice = voice_for()
    pieces = ["It is big. ", "It is very big. ", "It is as big as a house. ", "Really."]
    reply = empty_reply(voice, Watcher())

    async def speculate() -> list[str]:
        making = asyncio.create_task(reply.make(written(pieces, None)))
        await asyncio.sleep(1.0)
        before = [clause.text for clause, _ in voice.said]
        reply.commit()
        await making
        return before

    assert clock.run_virtual(speculate()) == ["It is big.", "It is very big."]
    assert [clause.text for clause, _ in voice.said] == [piece.strip() for piece in pieces]


@given(
    st.sampled_from(["", "(fast)", "(laughs) (slow) ", "（快速1） ", "(I know. ", "(very"]),
    st.text("ab ,.)(", min_size=1).filter(str.strip),
    st.sets(st.integers(1, 40)),
)
def test_style_and_words_are_the_same_however_the_reply_comes_in_pieces(
    tags: str, words: str, cuts: set[int]
) -> None:
    text = tags + words
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    at_once, in_pieces = voice_for("speed"), voice_for("speed")
    first, _ = replied(text, voice=at_once)
    second, _ = replied(*(text[start:end] for start, end in pairwise(places)), voice=in_pieces)
    assert at_once.said == in_pieces.said
    assert first.text == second.text
    assert {style.speed for _, style in at_once.said} <= {1.0, PACES["fast"], PACES["slow"]}


@pytest.mark.parametrize(
    ("begun", "asked_in", "whole"),
    [
        ("", "de", apology("de")),
        ("Es ist", "de", f"Es ist {apology('de')}"),
        ("今天", "zh", f"今天{apology('zh')}"),
        ("", "ru", apology("en")),
        ("", None, apology("en")),
    ],
)
def test_the_apology_is_in_the_language_of_who_asked(begun: str, asked_in: str | None, whole: str) -> None:
    voice = voice_for()
    reply, _ = replied(begun, voice=voice, failure=ChatModelError("It broke."), asked_in=asked_in)
    assert reply.text == whole
    assert reply.spoken.heard(reply.text, reply.spoken.samples) == whole


def test_clauses_are_cut_as_the_language_of_who_asked_wants_it() -> None:
    german, voice = voice_for(), voice_for()
    replied("Am 3. Mai kommt Hr. Braun.", voice=german, asked_in="de")
    assert [clause for clause, _ in german.said] == [Clause("Am 3. Mai kommt Hr. Braun.", 0, "de")]
    voice.language = "de"
    replied("Am 3. Mai kommt Hr. Braun.", voice=voice)
    assert voice.said == german.said


def test_of_a_chinese_reply_that_may_not_be_wanted_as_much_is_spoken_as_of_others() -> None:
    voice = voice_for()
    reply = empty_reply(voice, Watcher())

    async def speculate() -> None:
        making = asyncio.create_task(reply.make(written(["很大。它真的很大。", "像房子一样大。"], None)))
        await asyncio.sleep(1.0)
        making.cancel()

    clock.run_virtual(speculate())
    assert [clause.text for clause, _ in voice.said] == ["很大。", "它真的很大。"]


def test_what_an_echo_may_hold_is_counted_in_signs_where_there_are_no_blanks() -> None:
    reply, _ = replied(
        "从前有一只小猫，它住在湖边，每天晚上都在数天上的星星，数了很久很久。", voice=voice_for()
    )
    assert reply.saying(200.0) == "从前有一只小猫，它住在湖边，每天晚上都在 数天上的星星，"
