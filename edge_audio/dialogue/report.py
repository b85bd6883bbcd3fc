"""The report of a conversation: every turn with its times, as JSON."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from edge_audio.events import Event, TurnFinished, TurnReport, TurnTranscribed

SCHEMA_VERSION = 1


class Report:
    """Gathers the turns as they finish."""

    def __init__(self, models: Mapping[str, str]) -> None:
        """`models` names what each seam runs on: `{"asr": "whisper-tiny.en", ...}`."""
        self._models = dict(models)
        self.turns: list[TurnReport] = []
        self._places: dict[int, int] = {}  # in `turns`, by the epoch of the reply

    def watch(self, event: Event) -> None:
        """Take note of finished turns, and of words that become known later."""
        match event:
            case TurnFinished(epoch=epoch, report=report):
                self._places[epoch] = len(self.turns)
                self.turns.append(report)
            case TurnTranscribed(epoch=epoch, text=text) if (place := self._places.get(epoch)) is not None:
                self.turns[place] = replace(self.turns[place], user_text=text)
            case _:
                pass

    def as_json(self, counters: Mapping[str, int]) -> str:
        """Render: `schema_version`, `turns` (see `TurnReport`), `models`, `counters`."""
        tree: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "turns": self.turns,
            "models": self._models,
            "counters": dict(counters),
        }
        return msgspec.json.format(msgspec.json.encode(tree), indent=2).decode() + "\n"
