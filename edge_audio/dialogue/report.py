"""The report of a conversation: every turn with its times, as JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec

from edge_audio.events import Event, TurnFinished, TurnReport

SCHEMA_VERSION = 1


class Report:
    """Gathers the turns as they finish."""

    def __init__(self, models: Mapping[str, str]) -> None:
        """`models` names what each seam runs on: `{"asr": "whisper-tiny.en", ...}`."""
        self._models = dict(models)
        self.turns: list[TurnReport] = []

    def watch(self, event: Event) -> None:
        """Take note of finished turns."""
        if isinstance(event, TurnFinished):
            self.turns.append(event.report)

    def as_json(self, counters: Mapping[str, int]) -> str:
        """Render: `schema_version`, `turns` (see `TurnReport`), `models`, `counters`."""
        tree: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "turns": self.turns,
            "models": self._models,
            "counters": dict(counters),
        }
        return msgspec.json.format(msgspec.json.encode(tree), indent=2).decode() + "\n"
