"""Which letter a phone belongs to."""

import random
from itertools import pairwise

from export.nano.alignment import align

_SOUNDS = {"a": "ae", "b": "b", "d": "d", "e": "eh", "k": "k", "m": "m", "o": "ow", "s": "s", "t": "t"}


def _language(count: int) -> tuple[list[str], list[list[str]]]:
    """Return texts of made-up words and their phones: one for each letter, none for a silent h."""
    rng = random.Random(0)
    texts, phones = [], []
    for _ in range(count):
        words = ["".join(rng.choice([*_SOUNDS, "h"]) for _ in range(rng.randint(2, 6))) for _ in range(4)]
        texts.append(" ".join(words))
        phones.append(["pau", *(_SOUNDS[char] for word in words for char in word if char != "h"), "pau"])
    return texts, phones


def test_phones_find_their_letters_without_being_told_any() -> None:
    texts, phones = _language(400)

    paths = align(texts, phones)

    right = sum(
        _SOUNDS.get(text[place]) == phone
        for text, said, path in zip(texts, phones, paths, strict=True)
        for place, phone in zip(path[1:-1], said[1:-1], strict=True)
    )
    assert right / sum(len(said) - 2 for said in phones) > 0.97


def test_the_way_through_a_text_never_goes_back() -> None:
    texts, phones = _language(50)

    for path, text in zip(align(texts, phones), texts, strict=True):
        assert all(0 <= place < len(text) for place in path)
        assert all(before <= after for before, after in pairwise(path))
