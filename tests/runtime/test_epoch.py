from runtime.epoch import Epoch


def test_raising_the_epoch_makes_all_earlier_work_stale() -> None:
    epoch = Epoch()
    first = epoch.advance()
    assert not epoch.is_stale(first)
    second = epoch.advance()
    assert epoch.is_stale(first)
    assert not epoch.is_stale(second)
