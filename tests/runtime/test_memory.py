import sys

import pytest

from runtime import memory


def test_it_is_harmless_on_any_system(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.keep_heap_small()
    memory.give_back()
    monkeypatch.setattr(sys, "platform", "darwin")
    memory.keep_heap_small()
    memory.give_back()
