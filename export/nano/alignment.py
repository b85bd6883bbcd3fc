"""Alignment of phones to letters, learned from texts and phones alone by expectation maximisation.

Each phone belongs to a letter, and later phones belong to the same or to later letters. Each round counts how
often a phone is aligned to a letter over the best alignments of all sentences. The language model needs this
in training only: it is the target of its guided attention.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from export.nano.features import PHONES

ALPHABET = " abcdefghijklmnopqrstuvwxyz0123456789'.,?!;:-%$&\"/()"
"""The letters that are distinguished; all others count as the first."""

_STEPS = np.log(np.array([0.12, 0.55, 0.2, 0.08, 0.03, 0.012, 0.005, 0.003]))
"""Log-probability that the next phone belongs to the same letter, to the next one, and so on."""

_ROUNDS = 6
_BATCH = 256
_NEVER = -1e6
_PADDING = len(ALPHABET)


def letters(text: str) -> NDArray[np.int64]:
    """Return the index in `ALPHABET` of each character of `text`."""
    return np.array([max(0, ALPHABET.find(char)) for char in text.lower()], np.int64)


def align(texts: Sequence[str], phones: Sequence[Sequence[str]]) -> list[NDArray[np.int64]]:
    """Return for each text the character that each of its phones belongs to, by its index."""
    spelled = [letters(text) for text in texts]
    spoken = [np.array([PHONES.index(name) for name in names]) for names in phones]
    fit = _first_guess(spelled, spoken)
    order = np.argsort([len(each) for each in spelled], kind="stable")
    found: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(texts)
    for turn in range(_ROUNDS):
        counts = np.full_like(fit, 0.1)
        used = order if turn == _ROUNDS - 1 else order[turn % 3 :: 3]
        for batch in _batches(used):
            paths = _best_paths([spelled[i] for i in batch], [spoken[i] for i in batch], np.log(fit))
            for index, path in zip(batch, paths, strict=True):
                np.add.at(counts, (spelled[index][path], spoken[index]), 1.0)
                found[index] = path
        fit = counts / counts.sum(axis=1, keepdims=True)
    return found


def _first_guess(
    spelled: Sequence[NDArray[np.int64]], spoken: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Return how often each phone is near each letter if both run evenly, as a share of the phone's count."""
    counts = np.ones((len(ALPHABET), len(PHONES)))
    for text, phones in zip(spelled, spoken, strict=True):
        middle = np.linspace(0, len(text) - 1, len(phones)).round().astype(int)
        for shift in (-2, -1, 0, 1, 2):
            np.add.at(counts, (text[np.clip(middle + shift, 0, len(text) - 1)], phones), 1.0)
    return np.asarray(counts / counts.sum(axis=0))


def _batches(order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def _best_paths(
    spelled: Sequence[NDArray[np.int64]], spoken: Sequence[NDArray[np.int64]], fit: NDArray[np.float64]
) -> list[NDArray[np.int64]]:
    """Return the likeliest character of each phone for each text (Viterbi's algorithm, over the batch)."""
    places = max(len(text) for text in spelled)
    times = max(len(phones) for phones in spoken)
    chars = np.full((len(spelled), places), _PADDING)
    heard = np.zeros((len(spoken), times), np.int64)
    for row, (text, phones) in enumerate(zip(spelled, spoken, strict=True)):
        chars[row, : len(text)] = text
        heard[row, : len(phones)] = phones
    scores = np.vstack([fit, np.full((1, fit.shape[1]), _NEVER)])
    best = np.full(chars.shape, _NEVER)
    best[:, :3] = scores[chars[:, :3], heard[:, :1]]
    history = [best]
    steps = np.zeros((times, *chars.shape), np.int8)
    for time in range(1, times):
        candidates = np.full((len(_STEPS), *chars.shape), 2 * _NEVER)
        for step, cost in enumerate(_STEPS[:places]):
            candidates[step, :, step:] = best[:, : places - step] + cost
        steps[time] = candidates.argmax(axis=0)
        best = candidates.max(axis=0) + scores[chars, heard[:, time : time + 1]]
        history.append(best)
    paths = []
    for row, (text, phones) in enumerate(zip(spelled, spoken, strict=True)):
        tail = max(0, len(text) - 4)
        place = tail + int(history[len(phones) - 1][row, tail : len(text)].argmax())
        path = [place]
        for time in range(len(phones) - 1, 0, -1):
            place -= int(steps[time, row, place])
            path.append(place)
        paths.append(np.array(path[::-1]))
    return paths
