from edge_audio.bench.nano.hard_sentences import MOST_WORDS, hard_sentences

TEXTS = ("I would like that.", "It's a well-known fact, isn't it?", "12 + 7", "The loud cat sat by the door.")


def test_they_have_one_to_sixty_words_and_short_ones_are_more_often() -> None:
    lengths = sorted(len(sentence.split()) for sentence in hard_sentences(TEXTS, 500))
    assert len(lengths) == 500
    assert lengths[0] == 1
    assert lengths[-1] == MOST_WORDS
    assert set(range(1, 20)) <= set(lengths)
    assert 5 < lengths[250] < 15


def test_they_are_sentences_of_the_corpus_words() -> None:
    known = {"i", "would", "like", "that", "it's", "a", "well-known", "fact", "isn't", "it", "the", "loud"}
    known |= {"cat", "sat", "by", "door"}
    sentences = hard_sentences(TEXTS, 100)
    plain = [s for s in sentences if set(s.lower().rstrip(".").split()) <= known]
    assert 70 <= len(plain) < 100
    assert all(s.endswith(".") and not s.endswith("..") and not s[0].islower() for s in sentences)


def test_some_have_digits_signs_and_abbreviations() -> None:
    sentences = hard_sentences(TEXTS, 200)
    assert sum(any(char.isdigit() for char in s) for s in sentences) > 20
    for sign in ("Dr.", "St.", "$", "%", "p.m."):
        assert any(sign in s for s in sentences), sign


def test_they_are_the_same_for_the_same_seed() -> None:
    assert hard_sentences(TEXTS, 50) == hard_sentences(TEXTS, 50)
    assert hard_sentences(TEXTS, 50) != hard_sentences(TEXTS, 50, seed=1)
    assert hard_sentences(TEXTS, 1)
