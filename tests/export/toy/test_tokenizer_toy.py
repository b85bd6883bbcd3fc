import pytest

from edge_audio.step_audio.text_tokenizer import TextTokenizer
from edge_audio.step_audio.tokens import RELEASED
from export.toy.tokenizer import RELEASED_FIRST_AUDIO_ID, TINY_FIRST_AUDIO_ID, write_tokenizer


def test_same_bytes_each_time(tmp_path):
    written = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_tokenizer(folder)
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {"tokenizer.model", "tokenizer_config.json"}


def test_released_size_has_the_released_audio_tokens(tmp_path):
    write_tokenizer(tmp_path, RELEASED_FIRST_AUDIO_ID)
    tokenizer = TextTokenizer.open(tmp_path)
    assert tokenizer.audio == RELEASED
    assert tokenizer.vocab_size == 70656


def test_tiny_size_speaks_any_text(tmp_path):
    write_tokenizer(tmp_path)
    tokenizer = TextTokenizer.open(tmp_path)
    text = "Grüße, Ελλάδα 你好 🙂"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert max(tokenizer.encode(text)) < TINY_FIRST_AUDIO_ID


def test_too_few_ids_for_the_text_are_refused(tmp_path):
    with pytest.raises(ValueError, match="300"):
        write_tokenizer(tmp_path, 300)
    assert not list(tmp_path.iterdir())
