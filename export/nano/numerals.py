"""Sentences with numerals and abbreviations, which chat seldom has: made by a grammar."""

import random
from collections.abc import Iterator

_NAMES = ("Smith", "Jones", "Brown", "Taylor", "Wilson", "Clark", "Lewis", "Walker", "Young", "King", "Green")
_TITLES = ("Dr.", "Mr.", "Mrs.", "Ms.", "Prof.", "St.")
_MONTHS = ("Jan.", "February", "March", "April", "May", "June", "July", "Aug.", "Sept.", "October", "Nov.")
_STREETS = ("Main", "Oak", "Park", "Maple", "Lake", "Hill", "Church", "Mill", "River", "High")
_UNITS = ("miles", "minutes", "hours", "days", "pages", "people", "degrees", "dollars", "meters", "pounds")
_TEMPLATES = (
    "{title} {name} lives at {number} {street} St.",
    "{title} {name} was born in {year}.",
    "It is {hour}:{minute} {half}.",
    "The train leaves at {hour}:{minute}.",
    "It costs ${number}.",
    "That will be ${small}.{minute}, please.",
    "We drove {number} {unit} in {small} hours.",
    "There are {number} {unit} left.",
    "The meeting is on {month} {day}, {year}.",
    "My number is {minute} {minute} {minute}.",
    "About {small}% of them were late.",
    "Room {number} is on floor {small}.",
    "I have {small} cats and {small} dogs.",
    "Set a timer for {small} {unit}, and wake me at {hour}.",
    "Turn to page {number}, chapter {small}.",
    "In {year} the town had {number} houses.",
    "{small} plus {small} is {number}.",
    "The score was {small} to {small} against {name} & {name}.",
    "Chapter {small} vs. chapter {small}.",
    "He came {day}th in {year}.",
)


def numeral_sentences(count: int, seed: int = 0) -> Iterator[str]:
    """Yield `count` sentences, the same ones for the same `seed`."""
    rng = random.Random(seed)
    for _ in range(count):
        sentence = rng.choice(_TEMPLATES)
        while "{" in sentence:
            before, _, rest = sentence.partition("{")
            slot, _, after = rest.partition("}")
            sentence = before + _filled(slot, rng) + after
        yield sentence


def _filled(slot: str, rng: random.Random) -> str:
    """Return a value for a template's `slot`."""
    match slot:
        case "small":
            return str(rng.randint(2, 99))
        case "number":
            return str(rng.choice((rng.randint(2, 99), rng.randint(100, 999), 100 * rng.randint(10, 99))))
        case "year":
            return str(rng.randint(1800, 2030))
        case "hour":
            return str(rng.randint(1, 12))
        case "minute":
            return f"{rng.randint(10, 59)}"
        case "day":
            return str(rng.choice((4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 24, 25, 26)))
        case "half":
            return rng.choice(("a.m.", "p.m."))
    choices = {"title": _TITLES, "name": _NAMES, "month": _MONTHS, "street": _STREETS, "unit": _UNITS}
    return rng.choice(choices[slot])
