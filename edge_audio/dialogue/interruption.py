"""Interruptions: what is heard over a reply, and whether it is meant to end it.

At the onset of any speech the reply falls silent, ready to go on. Words that are meant for the assistant end
it, and sound that lasts where no recognizer finds words. After a cough, an "mm-hm" or an echo of itself it
goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_audio.llm.chat_model import UserTurn
from edge_audio.text.backchannel import is_backchannel
from edge_audio.text.words import normalised
from runtime.timer import Timer

_SURE_SPEECH_S = 0.8
"""Words that a recognizer hears in shorter speech over a reply must come out the same twice: of an "mm-hm"
that has only begun it makes anything."""

_SHORT_SOUND_S = 0.6
"""Speech over a reply that is no longer than this may be a cough or an "mm-hm"."""

_WORDS_AFTER_S = 0.15
"""If there are no words so soon after it has paused, the reply goes on; they may still come and end it.
A recognizer that hears no words in a sound takes its time to be sure, and nobody should wait for it."""


class Interruptible(Protocol):
    """The reply that is being said: `Delivery`."""

    def hold(self) -> None:
        """Fall silent, ready to go on; harmless if it is held already."""
        ...

    def release(self) -> None:
        """Go on; harmless if it isn't held."""
        ...

    def is_own_voice(self, text: str, *, partial: bool = False) -> bool:
        """Return whether `text`, just heard, is what the reply said, or may become that if `partial`."""
        ...


@dataclass(slots=True)
class _Sound:
    """Sound over a reply, in one stretch or several, until it is known what it is."""

    begin_s: float
    """Start of its first speech, in session seconds."""
    onset_s: float
    """Start of its latest speech."""
    spoken_s: float = 0.0
    """Length of its speech up to the latest pause, without the pauses: two coughs are no long sound."""
    words: str = ""
    """The latest partial transcript of it."""
    listened_to: bool = False
    """True once the recognizer has answered, even with an empty transcript."""
    held_on: bool = False
    """True once the reply was held for it, and is held as long again."""


class Interruptions:
    """Holds the reply for one sound at a time, lets it go on afterwards, or finds that the sound interrupts.

    Where it does, the reply must be given up by who asked, and the turn is the user's.
    """

    def __init__(
        self,
        reply: Interruptible,
        *,
        hold_ms: int,
        wordless_ms: int | None,
        time_s: Callable[[], float],
    ) -> None:
        """Watch over whatever `reply` says.

        It is held for `hold_ms` after a sound began, and as long again if no recognizer has answered by
        then: a slow one's words may be about to come. Where none finds words, sound that lasts for
        `wordless_ms` interrupts, and `on_lasting_sound` is called. `time_s` is session time.
        """
        self.on_lasting_sound: Callable[[], None] = lambda: None
        self._reply = reply
        self._hold_s = hold_ms / 1000
        self._wordless_s = None if wordless_ms is None else wordless_ms / 1000
        self._time_s = time_s
        self._sound: _Sound | None = None
        self._hold_timer = Timer(self._held_for_long)
        self._wordless_timer = Timer(self._lasts)
        self._short_sound_timer = Timer(self._go_on)

    @property
    def possible(self) -> bool:
        """True while something was heard over the reply that may be an interruption."""
        return self._sound is not None

    def end(self) -> None:
        """The reply is over: what was heard over it by then decides nothing any more."""
        self._sound = None
        for timer in (self._hold_timer, self._wordless_timer, self._short_sound_timer):
            timer.stop()

    # What is heard. Times in session seconds.

    def speech_started(self, start_s: float) -> None:
        """Somebody began to speak over the reply at `start_s`, or goes on after a pause: hold it."""
        if (sound := self._sound) is None:
            sound = self._sound = _Sound(start_s, start_s)
        sound.onset_s = start_s
        sound.held_on = False
        self._reply.hold()
        self._short_sound_timer.stop()
        self._hold_timer.start(self._hold_s)
        if self._wordless_s is not None:
            self._wordless_timer.start(max(0.0, self._wordless_s - sound.spoken_s))

    def speech_paused(self, end_s: float) -> None:
        """They paused, and spoke until `end_s`."""
        if (sound := self._sound) is None:
            return
        self._wordless_timer.stop()
        sound.spoken_s += end_s - sound.onset_s
        if end_s - sound.begin_s <= _SHORT_SOUND_S:
            self._short_sound_timer.start(_WORDS_AFTER_S)

    def heard_partial(self, text: str, language: str | None) -> bool:
        """Return whether `text`, what is heard so far, interrupts; it is empty if that is no word."""
        if (sound := self._sound) is None:
            return False
        sound.listened_to = True
        if not text:
            return False
        settled = normalised(text) == normalised(sound.words)
        sound.words = text
        if not settled and self._time_s() - sound.begin_s < _SURE_SPEECH_S:
            return False
        if is_backchannel(text, language) or self._reply.is_own_voice(text, partial=True):
            return False
        self.end()
        return True

    def heard_all(self, heard: UserTurn) -> bool:
        """Return whether what was `heard` at a pause interrupts; else the reply goes on."""
        if (sound := self._sound) is None:
            return False
        wanted = self._wants_the_floor(heard, sound.spoken_s)
        self.end()
        if not wanted:
            self._reply.release()
        return wanted

    def _wants_the_floor(self, heard: UserTurn, spoken_s: float) -> bool:
        if (text := heard.transcript) is not None:
            return not is_backchannel(text, heard.language) and not self._reply.is_own_voice(text)
        return bool(heard.audio_ids) and spoken_s >= (self._wordless_s or 0.0)

    # What rings.

    def _held_for_long(self) -> None:
        if self._sound is not None and not self._sound.listened_to and not self._sound.held_on:
            self._sound.held_on = True
            self._hold_timer.start(self._hold_s)
        else:
            self._go_on()

    def _lasts(self) -> None:
        self.end()
        self.on_lasting_sound()

    def _go_on(self) -> None:
        """It was no interruption so far; what is heard of it yet may make it one."""
        self._hold_timer.stop()
        self._reply.release()
