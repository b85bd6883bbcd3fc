"""Ears for virtual time: they tell of a simulated user's sounds what `Listener` would, when it would.

The listener's detector, recognizer and end-of-turn model take time here and compute nothing: each is a timer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from edge_audio.audio.frame import FRAME_S
from edge_audio.events import Event, Heard, Notice, SpeechPaused, SpeechStarted, TurnEndJudged
from edge_audio.text.turn_end import looks_unfinished
from edge_audio.text.words import joined
from edge_audio.turns.detectors import SpeechDetectorConfig
from edge_audio.turns.end_of_turn_judge import JUDGE_AGAIN_MS
from edge_audio.turns.listener import PRE_ROLL_FRAMES
from edge_audio.turns.transcribing import TranscribingSettings
from runtime import clock
from runtime.timer import Timer
from tests.simulation.scenario import Scenario
from tests.simulation.simulated_models import Costs

_VAD, _TIMES = SpeechDetectorConfig(), TranscribingSettings()
_ONSET_S, _PAUSE_S = _VAD.onset_ms / 1000, _VAD.min_silence_ms / 1000
_DIP_S, _SURE_DIP_S = _TIMES.dip_ms / 1000, _TIMES.sure_dip_ms / 1000
_PARTIAL_EVERY_S, _SETTLE_S = _TIMES.partial_every_ms / 1000, _TIMES.settle_ms / 1000
_JUDGE_AGAIN_S = tuple(again_ms / 1000 for again_ms in JUDGE_AGAIN_MS)
_PRE_ROLL_S = PRE_ROLL_FRAMES * FRAME_S

_MISHEARD = "Thank you."
"""What recognizers are known to hear in noises."""


_WORDLESS = "#"
"""Stands for audio tokens of a noise: there are tokens for any sound."""


@dataclass(slots=True)
class Sound:
    """Something that the microphone can hear: words at an even pace, or none."""

    begin_s: float
    length_s: float
    words: tuple[str, ...] = ()
    ends: str = ""

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.begin_s + self.length_s

    def words_between(self, from_s: float, to_s: float) -> tuple[str, ...]:
        """Return the words that end in that time and began in it, for the most part."""
        word_s = self.length_s / max(1, len(self.words))
        ends_s = (self.begin_s + word_s * (place + 1) for place in range(len(self.words)))
        inside = (from_s + word_s / 2 <= end_s <= to_s + 1e-6 for end_s in ends_s)
        return tuple(word for word, is_in in zip(self.words, inside, strict=True) if is_in)


@dataclass(slots=True)
class _Stretch:
    """A part of a sound that reached the ears."""

    sound: Sound
    from_s: float
    to_s: float | None = None


@dataclass(slots=True)
class _Dip:
    asked: bool = False
    text: str | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An utterance that is over: what the ears had last told of it, at a pause."""

    at_s: float
    onset_s: float
    spoken_s: float
    """Length of its speech up to its latest pause, without the pauses inside."""
    text: str
    """Its words at its latest pause; empty if they were never told."""
    words_untold: bool
    """Whether it came to a pause with words and they were not told: no time was left, or it was dropped."""


class SimulatedEars:
    """What `Listener` is to the controller."""

    def __init__(self, scenario: Scenario, tell: Callable[[Event], None]) -> None:
        self.speaking = False
        """Whether it was told that the user speaks."""
        self.forgotten: list[Forgotten] = []
        self._scenario = scenario
        self._tell = tell
        self._asr = Costs(scenario, "asr")
        self._judge_costs = Costs(scenario, "end of turn")
        self._stretches: list[_Stretch] = []
        self._sounds: list[Sound] = []
        self._deaf = {"muted": False, "unplugged": False}
        self._hears = False
        self._open_since_s: float | None = None
        self._forgot_s = 0.0
        self._onset_s = 0.0
        self._fell_s = 0.0
        self._speech_start_s = 0.0
        self._spoken_s = 0.0
        self._rose_s = 0.0
        self._pauses = 0
        self._begins_s = 0.0
        self._recognizer_free_s = 0.0
        self._dip = _Dip()
        self._text_at_pause = ""
        self._transcript: Callable[[], None] | None = None
        self._ids: dict[int, str] = {}
        self._next_id = 0
        self._onset_timer = Timer(self._started)
        self._dip_timer = Timer(self._dipped)
        self._pause_timer = Timer(lambda: self._paused(self._fell_s))
        self._partial_timer = Timer(self._partial)
        self._transcript_timer = Timer(self._transcribed)
        self._judge_timer = Timer(self._judged)
        self._judge_again_timers = [Timer(self._judge) for _ in _JUDGE_AGAIN_S]

    @property
    def idle(self) -> bool:
        """Whether nobody speaks and nothing is being worked out."""
        return self._open_since_s is None and not self.speaking

    # What there is to hear.

    def sound(self, sound: Sound) -> None:
        """Hear `sound`, which begins now."""
        self._sounds.append(sound)
        if not self._is_deaf:
            self._stretches.append(_Stretch(sound, clock.now()))
        self._listen()

    def sound_over(self, sound: Sound) -> None:
        """`sound` ends now."""
        self._sounds.remove(sound)
        self._end_stretches(sound)
        self._listen()

    def deafen(self, why: str, on: bool) -> None:
        """Hear nothing, or hear again: `why` is `muted` or `unplugged`."""
        was_deaf = self._is_deaf
        self._deaf[why] = on
        if was_deaf == self._is_deaf:
            return
        for sound in self._sounds:
            if on:
                self._end_stretches(sound)
            else:
                self._stretches.append(_Stretch(sound, clock.now()))
        self._listen()

    @property
    def _is_deaf(self) -> bool:
        return any(self._deaf.values())

    def _end_stretches(self, sound: Sound) -> None:
        for stretch in self._stretches:
            if stretch.sound is sound and stretch.to_s is None:
                stretch.to_s = clock.now()

    # What the controller asks for.

    def end_turn(self) -> None:
        """See `TurnListener`."""
        now_s = clock.now()
        if self._open_since_s is not None:
            untold = not self._text_at_pause and not self.speaking and bool(self._words()[0])
            self.forgotten.append(
                Forgotten(now_s, self._onset_s, self._spoken_s, self._text_at_pause, untold)
            )
        self._open_since_s = None
        self._text_at_pause = ""
        self._forgot_s = now_s
        old_s = now_s - _PRE_ROLL_S - _ONSET_S
        self._stretches = [s for s in self._stretches if s.to_s is None or s.to_s > old_s]
        self._drop()

    def pause_now(self) -> None:
        """See `TurnListener`."""
        if self._open_since_s is not None and self.speaking:
            self._dip_timer.stop()
            self._pause_timer.stop()
            self._fell_s = clock.now()
            self._paused(self._fell_s)

    # The detector.

    def _listen(self) -> None:
        hears = bool(self._sounds) and not self._is_deaf
        if hears == self._hears:
            return
        self._hears = hears
        now_s = clock.now()
        if hears:
            self._rose_s = now_s
            self._dip_timer.stop()
            self._pause_timer.stop()
            if self.speaking:
                self._dip = _Dip()
            else:
                self._onset_timer.start(_ONSET_S)
            return
        self._onset_timer.stop()
        self._fell_s = now_s
        if self.speaking:
            self._dip_timer.start(_DIP_S)
            self._pause_timer.start(_PAUSE_S)

    def _started(self) -> None:
        now_s = clock.now()
        self.speaking = True
        if self._open_since_s is None:
            self._open_since_s = max(self._forgot_s, now_s - _PRE_ROLL_S)
            self._onset_s = now_s
            self._spoken_s = 0.0
        self._drop()
        self._dip = _Dip()
        self._partial_timer.start(_PARTIAL_EVERY_S)
        self._speech_start_s = self._rose_s
        self._tell(SpeechStarted(now_s, self._rose_s))

    def _dipped(self) -> None:
        if self._open_since_s is None or self._dip.asked:
            return
        if self._transcript is not None and clock.now() < self._fell_s + _SURE_DIP_S - 1e-6:
            self._dip_timer.start(_SURE_DIP_S - _DIP_S)
        else:
            self._transcribe()

    def _paused(self, end_s: float) -> None:
        self.speaking = False
        self._partial_timer.stop()
        if self._open_since_s is None:
            return
        self._pauses += 1
        self._spoken_s += end_s - self._speech_start_s
        self._tell(SpeechPaused(clock.now(), end_s, self._pauses))
        if self._open_since_s is None:
            return
        silent_s = clock.now() - end_s
        for timer, again_s in zip(self._judge_again_timers, _JUDGE_AGAIN_S, strict=True):
            timer.start(again_s - silent_s)
        if self._dip.told:
            self._heard_all()
        elif not self._dip.asked:
            self._transcribe()

    # The recognizer.

    def _words(self) -> tuple[str, bool]:
        """Return what was said in this utterance so far, and whether the last sound was heard out."""
        since_s, now_s = self._open_since_s, clock.now()
        assert since_s is not None
        parts: list[tuple[Sound, tuple[str, ...]]] = []
        for stretch in self._stretches:
            to_s = now_s if stretch.to_s is None else stretch.to_s
            words = stretch.sound.words_between(max(since_s, stretch.from_s), to_s)
            if words:
                parts.append((stretch.sound, words))
        text = reduce(joined, (word for _, words in parts for word in words), "")
        if not parts:
            return text, False
        sound, words = parts[-1]
        whole = words[-1] == sound.words[-1]
        return text + (sound.ends if whole else ""), whole

    def _partial(self) -> None:
        if not self.speaking or self._open_since_s is None:
            return
        busy = self._transcript is not None
        self._partial_timer.start(0.1 if busy else _PARTIAL_EVERY_S)
        if busy or not self._hears:
            return
        utterance_s, (text, whole) = self._open_since_s, self._words()

        def told() -> None:
            if self._open_since_s == utterance_s and self._scenario.hears != "codes":
                # The end of what was heard is a guess while the user speaks.
                closed = text if whole or not text else f"{text}{self._asr.one_of('.', '', '?', ' t')}"
                if closed and looks_unfinished(closed, self._scenario.language) is False:
                    self._partial_timer.start(_SETTLE_S)
                self._tell(Heard(closed, language=self._scenario.language))

        self._recognize(told)

    def _transcribe(self) -> None:
        dip, utterance_s = self._dip, self._open_since_s
        dip.asked = True
        text, _ = self._words()

        def told() -> None:
            dip.text, dip.told = text, True
            if self._asr.happens(self._scenario.faults.recognizer):
                self._tell(Notice("The recognizer failed: out of memory", is_error=True))
                dip.text = ""
            elif not text and self._asr.happens(self._scenario.faults.silence_heard_as_words):
                dip.text = _MISHEARD
            if self._open_since_s != utterance_s:
                return
            if not self.speaking and self._dip is dip:
                self._heard_all()
            elif self._scenario.hears != "codes":
                self._tell(Heard(dip.text, language=self._scenario.language))

        self._recognize(told)

    def _recognize(self, told: Callable[[], None]) -> None:
        """Have the result after a while, and drop what was asked for before."""
        self._drop_transcript()
        now_s = clock.now()
        self._begins_s = max(now_s, self._recognizer_free_s)
        self._recognizer_free_s = self._begins_s + self._asr.draw_s(self._scenario.costs.asr_s)
        self._transcript = told
        self._transcript_timer.start(self._recognizer_free_s - now_s)

    def _transcribed(self) -> None:
        told, self._transcript = self._transcript, None
        if told is not None:
            told()

    def _heard_all(self) -> None:
        text = self._dip.text or ""
        self._text_at_pause = text
        self._judge()
        words = text.split()
        ids = None
        if self._scenario.hears != "text":
            ids = tuple(self._id_of(word) for word in words or [_WORDLESS])
        told = None if self._scenario.hears == "codes" else text
        self._tell(Heard(told, self._pauses, ids, self._scenario.language))

    def _id_of(self, word: str) -> int:
        self._ids[self._next_id] = word
        self._next_id += 1
        return self._next_id - 1

    def words_of(self, audio_ids: tuple[int, ...]) -> str:
        """Return the words that audio tokens stand for."""
        return " ".join(self._ids[number] for number in audio_ids)

    def forget_tokens(self) -> None:
        """Nobody will ask any more for the words of the tokens so far."""
        self._ids.clear()

    # The end-of-turn model.

    def _judge(self) -> None:
        if self._open_since_s is not None:
            self._judge_timer.start(self._judge_costs.draw_s(self._scenario.costs.end_of_turn_s))

    def _judged(self) -> None:
        if self._judge_costs.happens(self._scenario.faults.end_of_turn):
            self._tell(Notice("The end-of-turn model failed: out of memory", is_error=True))
            return
        ended = self._judge_costs.happens(0.6)
        self._tell(TurnEndJudged(self._pauses, 0.9 if ended else 0.1))

    def _drop(self) -> None:
        """Forget what is being worked out."""
        self._drop_transcript()
        self._judge_timer.stop()
        for timer in self._judge_again_timers:
            timer.stop()

    def _drop_transcript(self) -> None:
        """What has begun is computed to its end for nothing."""
        self._transcript_timer.stop()
        if self._transcript is not None and self._begins_s > clock.now():
            self._recognizer_free_s = self._begins_s
        self._transcript = None
