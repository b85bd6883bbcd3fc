import sys

import pytest

from runtime import memory


def test_it_is_harmless_on_any_system(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.share_heaps()
    memory.give_back()
    monkeypatch.setattr(sys, "platform", "darwin")
    memory.share_heaps()
    memory.give_back()
