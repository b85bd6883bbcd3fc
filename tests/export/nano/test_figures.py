"""Sentences with figures in them."""

from export.nano.figures import figure_sentences


def test_the_same_seed_gives_the_same_sentences() -> None:
    assert list(figure_sentences(50, seed=3)) == list(figure_sentences(50, seed=3))
    assert list(figure_sentences(50, seed=3)) != list(figure_sentences(50, seed=4))


def test_every_slot_of_a_frame_is_filled() -> None:
    sentences = list(figure_sentences(2000))

    assert not any("{" in sentence or "}" in sentence for sentence in sentences)
    assert sum(any(char.isdigit() for char in sentence) for sentence in sentences) > 1900
