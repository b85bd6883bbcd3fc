import json
import logging
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.step_audio.text_tokenizer import TextTokenizer
from edge_audio.step_audio.tokens import AudioTokens
from export.toy.tokenizer import TINY_FIRST_AUDIO_ID, write_tokenizer
from runtime.errors import UserError

TEXTS = [
    "",
    "hello",
    " hello",
    "  two  spaces ",
    "▁x",
    "\nabc  d ",
    "system\n你好<|EOT|> x<audio_5119>y",
    "<s><|BOT|> assistant\n<audio_1><|EOT|>",
    "<|BOT|>assistant\n<audio_3>",
    " <audio_2>",
    "<audio_5><audio_52>😀 é",
    "<audio_5120><audio_01>",
    "<|EOT|>  <|EOT|>",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Training takes longer than a test; don't write into it."""
    folder = tmp_path_factory.mktemp("written")
    write_tokenizer(folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path, dirs_exist_ok=True)


def change(folder, change_config):
    """Rewrite tokenizer_config.json after `change_config` has had it."""
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    change_config(config)
    path.write_text(json.dumps(config))


def refusal(folder):
    with pytest.raises(UserError) as refused:
        TextTokenizer.open(folder)
    return str(refused.value)


def llama(folder):
    """Return the tokenizer that transformers' AutoTokenizer gives for a LlamaTokenizer."""
    logging.disable(logging.WARNING)
    try:
        transformers = pytest.importorskip("transformers")
        return transformers.LlamaTokenizerFast.from_pretrained(folder)
    finally:
        logging.disable(logging.NOTSET)


def test_space_after_an_added_token_belongs_to_the_word_as_in_the_known_answer(folder):
    change(folder, lambda config: config.update(add_bos_token=False))
    tokenizer = TextTokenizer.open(folder)
    word, newline = tokenizer.encode("assistant\n")
    ids = tokenizer.encode("<s><|BOT|> assistant\n<audio_1><|EOT|>")
    assert ids == [1, 4, word, newline, TINY_FIRST_AUDIO_ID + 1, 3]


def test_ids_and_audio_tokens_are_found_by_name(folder):
    tokenizer = TextTokenizer.open(folder)
    assert (tokenizer.bos, tokenizer.end_of_turn, tokenizer.begin_of_turn) == (1, 3, 4)
    assert tokenizer.audio == AudioTokens(TINY_FIRST_AUDIO_ID, 1024, 4096)
    assert tokenizer.vocab_size == TINY_FIRST_AUDIO_ID + 5120


@pytest.mark.parametrize("add_bos", [True, False, None])
@pytest.mark.parametrize("legacy", [True, False, None])
def test_encodes_as_transformers_does(folder, add_bos, legacy):
    def set_flags(config):
        for key, value in (("add_bos_token", add_bos), ("legacy", legacy)):
            config.pop(key)
            if value is not None:
                config[key] = value

    change(folder, set_flags)
    reference, tokenizer = llama(folder), TextTokenizer.open(folder)
    assert [tokenizer.encode(text) for text in TEXTS] == [reference.encode(text) for text in TEXTS]


def test_tokenizer_json_encodes_alike(folder, tmp_path):
    expected = [TextTokenizer.open(folder).encode(text) for text in TEXTS]
    llama(folder).backend_tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer.model").unlink()
    tokenizer = TextTokenizer.open(folder)
    assert [tokenizer.encode(text) for text in TEXTS] == expected
    assert tokenizer.audio == AudioTokens(TINY_FIRST_AUDIO_ID, 1024, 4096)
    (folder / "tokenizer_config.json").unlink()
    assert TextTokenizer.open(folder).encode("hello")[0] == tokenizer.bos


def test_added_token_that_swallows_spaces_swallows_them(folder):
    change(folder, lambda config: config["added_tokens_decoder"]["4"].update(rstrip=True, lstrip=True))
    tokenizer = TextTokenizer.open(folder)
    assert tokenizer.encode("a \n<|BOT|>  b") == tokenizer.encode("a<|BOT|>b")


@pytest.fixture(scope="module")
def tokenizer(written):
    return TextTokenizer.open(written)


PARTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁\0")),
    st.sampled_from(["<|EOT|>", "<|BOT|>", "<audio_0>", "<audio_512", "<audio_5119>", "</s>", "assistant\n"]),
)


@given(st.lists(PARTS).map("".join).filter(lambda text: not text.startswith((" ", "<s>"))))
def test_decoding_undoes_encoding_of_any_text(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_decoding_undoes_encoding(folder):
    tokenizer = TextTokenizer.open(folder)
    for text in ("hello", "system\n你好<|EOT|> x<audio_5119>y", "\n a  b ", "<audio_7>", "😀"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    with pytest.raises(ValueError, match="token 99999"):
        tokenizer.decode([99999])


def test_added_tokens_may_be_in_their_own_file(folder):
    expected = TextTokenizer.open(folder).encode("<audio_9>")
    moved = {}

    def move(config):
        for number, token in config.pop("added_tokens_decoder").items():
            moved[token["content"]] = int(number)

    change(folder, move)
    (folder / "added_tokens.json").write_text(json.dumps(moved))
    assert TextTokenizer.open(folder).encode("<audio_9>") == expected


def test_text_tokenizer_without_sound_has_no_audio_tokens(folder):
    def mute(config):
        tokens = config["added_tokens_decoder"]
        config["added_tokens_decoder"] = {number: tokens[number] for number in "01234"}

    change(folder, mute)
    assert TextTokenizer.open(folder).audio is None


def test_folder_without_a_tokenizer_is_named(tmp_path):
    assert str(tmp_path) in refusal(tmp_path)


@pytest.mark.parametrize("length", [0, 1, 500, -1])
def test_truncated_model_is_refused(folder, length):
    path = folder / "tokenizer.model"
    path.write_bytes(path.read_bytes()[:length])
    assert "tokenizer.model" in refusal(folder)


def test_model_with_a_piece_that_is_no_text_is_refused(folder):
    path = folder / "tokenizer.model"
    path.write_bytes(path.read_bytes().replace("▁".encode(), b"\xff\xff\xff"))
    assert "tokenizer.model" in refusal(folder)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "tokenizer.json", "added_tokens.json"])
def test_truncated_json_is_refused(folder, name):
    if name == "tokenizer.json":
        (folder / "tokenizer.model").unlink()
    (folder / name).write_text('{"version": "1.0", ')
    assert name in refusal(folder)


def test_gap_in_the_audio_tokens_is_named(folder):
    change(folder, lambda config: config["added_tokens_decoder"].pop(str(TINY_FIRST_AUDIO_ID + 77)))
    assert "<audio_77> is missing" in refusal(folder)


def test_missing_first_audio_token_is_named(folder):
    change(folder, lambda config: config["added_tokens_decoder"].pop(str(TINY_FIRST_AUDIO_ID)))
    assert "<audio_0> is missing" in refusal(folder)


def test_audio_tokens_out_of_order_are_named(folder):
    def swap(config):
        tokens = config["added_tokens_decoder"]
        one, two = str(TINY_FIRST_AUDIO_ID + 5), str(TINY_FIRST_AUDIO_ID + 6)
        tokens[one], tokens[two] = tokens[two], tokens[one]

    change(folder, swap)
    assert f"<audio_5> has the id {TINY_FIRST_AUDIO_ID + 6}" in refusal(folder)


def test_too_few_audio_tokens_are_refused(folder):
    def cut(config):
        tokens = config["added_tokens_decoder"]
        config["added_tokens_decoder"] = {n: t for n, t in tokens.items() if int(n) < TINY_FIRST_AUDIO_ID + 9}

    change(folder, cut)
    assert "<audio_8>" in refusal(folder)


def test_tokenizer_without_end_of_turn_is_refused(folder):
    path = folder / "tokenizer.model"
    path.write_bytes(path.read_bytes().replace(b"<|EOT|>", b"<|END|>"))
    change(folder, lambda config: config["added_tokens_decoder"].pop("3"))
    assert "<|EOT|>" in refusal(folder)


def test_two_tokens_with_one_id_are_refused(folder):
    (folder / "added_tokens.json").write_text(json.dumps({"<other>": TINY_FIRST_AUDIO_ID}))
    message = refusal(folder)
    assert "<other>" in message
    assert "<audio_0>" in message


def test_one_token_with_two_ids_is_refused(folder):
    (folder / "added_tokens.json").write_text(json.dumps({"<|EOT|>": 9999}))
    assert "<|EOT|> has two ids, 3 and 9999" in refusal(folder)


def test_added_token_in_place_of_a_piece_of_text_is_refused(folder):
    piece = TINY_FIRST_AUDIO_ID - 1
    (folder / "added_tokens.json").write_text(json.dumps({"<other>": piece}))
    assert f"<other> has the id {piece}" in refusal(folder)
