from edge_audio.turns.tracker import Change, SpeechTracker

WINDOW = 512  # 32 ms


def tracker() -> SpeechTracker:
    return SpeechTracker(WINDOW, threshold=0.5, release=0.35, onset_ms=64, pause_ms=160)


def changes(probabilities: list[float]) -> list[tuple[int, Change]]:
    """What changed, with the number of the window at which it was noticed."""
    it = tracker()
    found = []
    for number, probability in enumerate(probabilities, start=1):
        if change := it.feed(probability, number * WINDOW):
            found.append((number, change))
    return found


def test_speech_starts_after_the_onset_time_and_is_dated_back_to_its_first_window() -> None:
    assert changes([0.0, 0.0, 0.9, 0.9]) == [(4, Change("started", 2 * WINDOW))]


def test_a_click_is_no_speech() -> None:
    assert changes([0.0, 0.9, 0.0, 0.9, 0.0]) == []


def test_a_pause_is_noticed_after_its_time_and_dated_back_to_the_last_speech() -> None:
    found = changes([0.9] * 4 + [0.1] * 5)
    assert found == [(2, Change("started", 0)), (9, Change("paused", 4 * WINDOW))]


def test_a_dip_shorter_than_a_pause_is_part_of_the_speech() -> None:
    assert len(changes([0.9] * 4 + [0.1] * 4 + [0.9] + [0.1] * 4)) == 1


def test_between_the_two_thresholds_nothing_changes() -> None:
    assert changes([0.4] * 50) == []
    assert changes([0.9] * 2 + [0.4] * 50) == [(2, Change("started", 0))]
