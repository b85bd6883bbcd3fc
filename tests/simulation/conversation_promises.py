"""The promises of a conversation, and what else holds in each.

1  no sample of an uncommitted reply reaches the speaker
2  the context never holds a word that was not said or not heard
4  every speculation ends as exactly one of committed, cancelled, superseded, failed
6  every user turn gets a reply or a spoken or visible error
7  no queue exceeds its bound
"""

import re
from bisect import bisect_right
from collections import Counter
from itertools import pairwise

from edge_audio.dialogue.context import UNKNOWN
from edge_audio.dialogue.controller import NEXT
from edge_audio.dialogue.dialogue import WORDLESS_MS
from edge_audio.events import (
    Announced,
    Heard,
    Notice,
    ReplyPaused,
    ReplyResumed,
    ReplyStarted,
    SpeculationEnded,
    SpeculationStarted,
    SpeechStarted,
    State,
    StateChanged,
    TurnEnded,
    TurnFinished,
)
from edge_audio.llm.chat_model import UserTurn
from edge_audio.text.backchannel import is_backchannel
from edge_audio.text.clauses import ClauseSplitter
from edge_audio.text.words import normalised
from tests.simulation.simulated_ears import Forgotten
from tests.simulation.simulated_models import RATE_HZ, REPLY_WORD, SAMPLES_PER_CHARACTER
from tests.simulation.simulated_player import Stopped
from tests.simulation.simulation import HOLD_MS, REGRET_MS, Course

_SOON_S = 1e-6
_DIP_S = 0.128
"""The recognizer may have failed so long before its failure counts."""


class Broken(AssertionError):
    """A promise that was not kept; its first word names it."""


def expect(kept: object, promise: str, *what: object) -> None:
    """Raise `Broken` unless it was `kept`."""
    if not kept:
        raise Broken(f"{promise}: {' '.join(map(str, what))}")


def check_all(course: Course) -> None:
    """Raise `Broken` for the first promise that was not kept."""
    for check in (
        _nothing_wrong_was_seen,
        _only_what_was_committed_is_played,
        _the_context_is_true,
        _what_was_heard_is_told_to_the_word,
        _replies_answer_the_whole_turn,
        _speculations_end_once,
        _turns_are_answered,
        _words_are_not_lost,
        _withdrawn_turns_go_on_as_one,
        _announcements_end_once,
        _queues_keep_their_bounds,
        _states_follow_each_other,
        _holds_end_in_time,
    ):
        check(course)


def _nothing_wrong_was_seen(course: Course) -> None:
    expect(not course.wrongs, "order", course.wrongs)
    expect(course.chat.most_running <= 1, "lanes", "two replies were computed at once")


def _only_what_was_committed_is_played(course: Course) -> None:
    expect(not course.player.wrongs, "1", course.player.wrongs)
    ended = {event.epoch for event in course.of(Announced)}
    for event in course.of(TurnEnded, ReplyStarted):
        match event:
            case TurnEnded():
                ended.add(event.epoch)
            case ReplyStarted(epoch=epoch):
                expect(epoch in ended, "1", event)


def _words(text: str) -> list[str]:
    return normalised(text).split()


def _the_context_is_true(course: Course) -> None:
    told, guessed = _told_words(course), set()
    guessed.update(told, *(_words(event.text or "") for event in course.of(Heard)))
    earlier = [(0.0, event) for event in course.earlier]
    finished = [
        (at, _heard_text(event))
        for at, event in (*earlier, *course.events)
        if isinstance(event, TurnFinished | Announced)
    ]
    for prompt in course.prompts:
        context, said = prompt.context, _said(course, prompt.turn)
        expect(context[0].role == "system", "2", context)
        expect(said, "2", "asked with nothing")
        users = [message.text for message in context if message.role == "user"]
        before = [word for text in users for word in (_words(text) if text != UNKNOWN else ())]
        expect(set(before) <= told, "2", before, "was not said")
        expect(set(_words(said)) <= guessed, "2", said, "was not said")
        counts = Counter(word for word in (*before, *_words(said)) if word[1:].isdigit())
        expect(all(count == 1 for count in counts.values()), "2", "said twice:", counts)
        heard = iter(text for at_s, text in finished if at_s <= prompt.at_s)
        for message in context:
            if message.role == "assistant":
                expect(message.text in heard, "2", message.text, "was not heard")


def _heard_text(event: TurnFinished | Announced) -> str:
    return event.heard_text if isinstance(event, Announced) else event.report.heard_text


def _told_words(course: Course) -> set[str]:
    """Return all words that were typed or understood at a pause."""
    told = {UNKNOWN}
    for event in (*course.earlier, *course.of(Heard)):
        match event:
            case Heard(text=text, pause=int(), audio_ids=ids):
                told.update(_words(course.ears.words_of(ids or ()) if text is None else text))
            case TurnEnded(user_text=str(text)):
                told.update(_words(text))
            case _:
                pass
    return told.union(*(_words(what) for _, what in course.by_hand))


def _said(course: Course, turn: UserTurn) -> str:
    if turn.transcript is not None:
        return turn.transcript
    return course.ears.words_of(turn.audio_ids or ())


def _replies_answer_the_whole_turn(course: Course) -> None:
    """A speculation is committed only if it answers all that was said."""
    asked = {prompt.epoch: _said(course, prompt.turn) for prompt in course.prompts}
    heard = {utterance.at_s: utterance.text for utterance in course.ears.forgotten}
    for event in course.of(TurnEnded):
        said = asked[event.epoch]
        if event.user_text is not None:
            expect(_words(said) == _words(event.user_text), "whole", said, "is asked for", event)
        else:
            text = heard[event.at_s]
            expect(normalised(said).endswith(normalised(text)), "whole", said, "is asked, said was", text)


def _what_was_heard_is_told_to_the_word(course: Course) -> None:
    told = {event.epoch: _heard_text(event) for event in course.of(TurnFinished, Announced)}
    for stop in course.player.stopped:
        heard = told.get(stop.reply.epoch)
        if heard is None:
            expect(not stop.heard_text, "2", stop.heard_text, "was heard and not told")
            continue
        # Where a word ends just there, either answer is right.
        least, most = (_heard(stop, stop.played + more) for more in (-1, 1))
        expect(most.startswith(heard) and heard.startswith(least), "2", heard, "and not", most)


def _heard(stop: Stopped, played: int) -> str:
    """Return the words of a reply whose sound is over after so many samples."""
    splitter = ClauseSplitter("en")
    text, samples, end = stop.reply.text, 0, 0
    for clause in (*splitter.push(text), *splitter.flush()):
        for word in re.finditer(r"\S+", clause.text):
            if samples + word.end() * SAMPLES_PER_CHARACTER > min(played, stop.reply.spoken.samples):
                return text[:end].strip()
            end = clause.text_start + word.end()
        samples += len(clause.text) * SAMPLES_PER_CHARACTER
    return text[:end].strip()


def _speculations_end_once(course: Course) -> None:
    started = Counter(event.epoch for event in course.of(SpeculationStarted))
    ended = Counter(event.epoch for event in course.of(SpeculationEnded))
    expect(started == ended, "4", "started", started, "and ended", ended)
    expect(all(count == 1 for count in started.values()), "4", started)
    committed = {e.epoch for e in course.of(SpeculationEnded) if e.outcome == "committed"}
    expect(committed <= {event.epoch for event in course.of(TurnEnded)}, "4", "committed and no turn ended")
    for event in course.of(TurnFinished):
        counts = event.report.speculations
        total = sum(count for outcome, count in counts.items() if outcome != "started")
        expect(counts["started"] == total, "4", counts)


def _turns_are_answered(course: Course) -> None:
    finished = {event.epoch: event.report for event in course.of(TurnFinished)}
    told = " ".join(notice.text for notice in course.of(Notice))
    onsets_s = [at for at, event in course.events if isinstance(event, SpeechStarted)]
    ended = [(at, event) for at, event in course.events if isinstance(event, TurnEnded)]
    finished_s = {event.epoch: at for at, event in course.events if isinstance(event, TurnFinished)}
    for place, (at_s, turn) in enumerate(ended):
        report = finished.get(turn.epoch)
        if report is None:
            if place + 1 == len(ended):
                # Its reply was withdrawn for speech that then could not be understood.
                expect(any(at > at_s for at in _failed_s(course)), "6", "no answer to", turn)
                continue
            after = ended[place + 1][1]
            # What was typed and what was heard as codes can't be one turn: it then stands before the other.
            both = course.scenario.hears != "codes" and turn.user_text is not None
            expect(not both or _goes_on(turn, after), "6", after, "has not taken up", turn)
            continue
        if not report.interrupted:
            expect(report.heard_text or report.error, "6", report)
        else:
            over_s = finished_s[turn.epoch]
            spoken = any(at_s - 1.0 <= onset_s <= over_s for onset_s in onsets_s)
            expect(spoken or over_s in _by_hand_s(course), "6", "nobody interrupted", report)
        expect(report.error is None or report.interrupted or report.error in told, "6", report.error)


def _by_hand_s(course: Course) -> set[float]:
    return {at for at, _ in course.by_hand}


def _failed_s(course: Course) -> set[float]:
    return {at for at, event in course.events if isinstance(event, Notice) and event.is_error}


def _goes_on(turn: TurnEnded, after: TurnEnded) -> bool:
    return normalised(after.user_text or "").startswith(normalised(turn.user_text or ""))


def _words_are_not_lost(course: Course) -> None:
    """What the ears had heard to its end is answered, unless it wanted no answer."""
    ended = {at: event for at, event in course.events if isinstance(event, TurnEnded)}
    states = [(at, event.state) for at, event in course.events if isinstance(event, StateChanged)]
    times_s = [at for at, _ in states]

    def state(at_s: float) -> State:
        place = bisect_right(times_s, at_s - _SOON_S)
        return states[place - 1][1] if place else "silence"

    for utterance in course.ears.forgotten:
        turn = ended.get(utterance.at_s)
        if turn is not None:
            spoken = turn.user_text is not None and utterance.at_s not in _by_hand_s(course)
            whole = not spoken or normalised(turn.user_text or "").endswith(normalised(utterance.text))
            expect(whole, "6", utterance, "is not in", turn)
            continue
        over_reply = state(utterance.onset_s) == "bot_speaking"
        expect(_wanted_no_answer(course, utterance, over_reply=over_reply), "6", utterance, "was lost")


def _wanted_no_answer(course: Course, utterance: Forgotten, *, over_reply: bool) -> bool:
    if not _words(utterance.text):
        # Words that nobody was told of: the recognizer failed, or the reply can't be interrupted.
        failed = any(utterance.at_s - _DIP_S <= at_s <= utterance.at_s for at_s in _failed_s(course))
        return failed or not utterance.words_untold or (over_reply and not course.scenario.barge_in)
    if not over_reply:
        return False
    if not course.scenario.barge_in and _is_audible(course, utterance.onset_s):
        return True
    if course.scenario.hears == "codes":
        return utterance.spoken_s * 1000 < WORDLESS_MS
    echo = set(_words(utterance.text)) == {REPLY_WORD}
    return echo or is_backchannel(utterance.text, course.scenario.language)


def _is_audible(course: Course, at_s: float) -> bool:
    """Whether a reply had begun by then and was not over."""
    audible = False
    for told_s, event in course.events:
        if told_s > at_s:
            break
        if isinstance(event, ReplyStarted | TurnFinished | Announced):
            audible = isinstance(event, ReplyStarted)
    return audible


def _withdrawn_turns_go_on_as_one(course: Course) -> None:
    if course.scenario.hears == "codes":
        return
    ended = course.of(TurnEnded)
    place = {event.epoch: number for number, event in enumerate(ended)}
    reports = {event.epoch: event.report for event in course.of(TurnFinished)}
    for stop in course.player.stopped:
        report = reports.get(stop.reply.epoch)
        if report is None or not report.interrupted or stop.at_s in _by_hand_s(course):
            continue
        if (stop.played + 1) / RATE_HZ * 1000 > REGRET_MS - 1:  # there are parts of samples, and clocks drift
            continue
        number = place[stop.reply.epoch]
        expect(number + 1 < len(ended), "repair", "the turn of", report, "is forgotten")
        expect(_goes_on(ended[number], ended[number + 1]), "repair", ended[number + 1], "is only a half")


def _announcements_end_once(course: Course) -> None:
    """What the assistant is to say by itself is said or given up, once, and remembered as it was heard."""
    ended = [text for text, _ in course.announcements]
    expect(Counter(ended) == Counter(course.announced), "say", ended, "ended, wanted", course.announced)
    for text, heard in course.announcements:
        expect(text.startswith(heard), "say", heard, "was heard of", text)
    reported = [(event.text, event.heard_text) for event in course.of(Announced)]
    given_up = Counter(course.announcements) - Counter(reported)
    expect(not any(heard for _, heard in given_up), "say", given_up, "was not reported")


def _queues_keep_their_bounds(course: Course) -> None:
    for reply in course.replies:
        expect(reply.held.high_water <= reply.held.capacity, "7", reply.epoch)


def _states_follow_each_other(course: Course) -> None:
    states = [State.SILENCE, *(event.state for event in course.of(StateChanged))]
    for before, after in pairwise(states):
        expect(after in NEXT[before], "states", after, "after", before)
    expect(states[-1] is State.SILENCE, "states", states[-1], "at the end")


def _holds_end_in_time(course: Course) -> None:
    """A reply goes on after the last onset over it, or as soon as that proves to be no interruption.

    Where the recognizer hasn't told anything by then, it waits as long again.
    """
    onset_s = held_s = 0.0
    forgotten_s = [utterance.at_s for utterance in course.ears.forgotten]
    held: int | None = None
    for at_s, event in course.events:
        match event:
            case SpeechStarted():
                onset_s = at_s
            case ReplyPaused(epoch=epoch):
                expect(held is None, "hold", "held twice")
                held, held_s = epoch, at_s
            case ReplyResumed(epoch=epoch) | TurnFinished(epoch=epoch) | Announced(epoch=epoch) if (
                epoch == held
            ):
                waited_s = at_s - max(onset_s, held_s)
                expect(waited_s <= 2 * HOLD_MS / 1000 + _SOON_S, "hold", waited_s, "s until", event)
                useless_s = [at for at in forgotten_s if held_s < at < at_s]
                expect(not useless_s, "hold", event, "though nothing was meant by what ended at", useless_s)
                held = None
            case TurnEnded():
                held = None
            case _:
                pass
