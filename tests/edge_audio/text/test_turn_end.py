import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.text.turn_end import looks_asked, looks_told, looks_unfinished
from edge_audio.text.words import normalised


@pytest.mark.parametrize(
    "text",
    [
        "What is the...",
        "What is the",
        "I would like a",
        "What is the name of?",
        "Can you tell me?",
        "Please tell me",
        "Do you know?",
        "I would like to know.",
        "If I am hungry",
        "When I'm tired.",
        "Before I go to bed.",
        "Let me think. When it is hot.",
        "First of all,",
        "I went to the shop and",
        "Um",
        "I need it because",
        "Is it true that",
        "I was asking if you could",
        "My number is five five five",
        "It is 0 1 7 2",
        "My name is spelled S, M, Y.",
        "We need eggs, butter, milk.",
        "What is, um?",
    ],
)
def test_words_that_need_more_are_unfinished(text: str) -> None:
    assert looks_unfinished(text, "en")


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Can you tell me how many days are in a week?",
        "When I am tired, what should I do?",
        "When is the next train?",
        "If it rains, take an umbrella.",
        "Where are you from?",
        "What is it for?",
        "Stop.",
        "Thank you.",
        "Tell me a story about a dog.",
        "Do you know what time it is?",
        "Yes",
        "I like to cook for her.",
        "We talked about school, what do I ask her?",
        "Wake me at 7.",
        "Do cats, I mean dogs, like water.",
        "They cost a dollar each.",
        "",
        "...42 is the answer",
        "I like to read before I go to bed.",
        "We need eggs, butter and milk.",
        "It starts at seven.",
        "I have two or three.",
        "Yes, please.",
    ],
)
def test_whole_sentences_are_finished(text: str) -> None:
    assert not looks_unfinished(text, "en")


@pytest.mark.parametrize("text", ["What time is it?", "Can you tell me how many days are in a week?"])
def test_questions_are_asked(text: str) -> None:
    assert looks_asked(text, "en")


@pytest.mark.parametrize("text", ["Really?", "Tell me a story.", "What time is it", "", "???"])
def test_what_is_no_whole_question_is_not(text: str) -> None:
    assert not looks_asked(text, "en")


def test_punctuation_and_case_make_no_other_words() -> None:
    assert normalised(" What's up,  DOC?") == normalised("what\u2019s up doc...") == "what's up doc"
    assert normalised("Room 12b") == "room 12b"


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert looks_unfinished(text, "en") in (True, False, None)
    assert isinstance(looks_asked(text, "en"), bool)
    assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize(
    "text",
    [
        "I saw an old friend yesterday.",
        "My number is 555.",
        "Hello. We have two cats.",
        "So there was a dog",
        "I want to buy a present for my sister.",
        "Because of the rain we stayed at home.",
    ],
)
def test_what_is_told_leads_up_to_something(text: str) -> None:
    assert looks_told(text, "en")


@pytest.mark.parametrize(
    "text",
    [
        "I saw an old friend. What do I ask her?",
        "I would like a story.",
        "Well, I want you to stop.",
        "Tell me about my garden.",
        "Thank you, that is enough.",
        "Is that what I said",
        "Iris is a flower.",
        "",
    ],
)
def test_what_asks_for_something_is_not_told(text: str) -> None:
    assert not looks_told(text, "en")


@pytest.mark.parametrize(
    "text",
    ["Mach das Licht an.", "Schalte den Fernseher an.", "Es ist was.", "Komm mit.", "Dreh dich um.",
     "Hör auf.", "Mach die Tür zu.", "Lies vor.", "Schalte die Heizung ein.", "Geht die Sonne unter.",
     "Ich weiß nicht."],
)  # fmt: skip
def test_german_verbs_may_end_on_their_first_half(text: str) -> None:
    assert looks_unfinished(text, "de") is False


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Erinnere mich an", "de"),
        ("Stell den Wecker auf", "de"),
        ("Kannst du mir bitte", "de"),
        ("Wenn ich nach Hause komme", "de"),
        ("Ich brauche Eier, Milch, Butter", "de"),
        ("Meine Nummer ist null eins sieben", "de"),
        ("¿Cuál es la", "es"),
        ("Recuérdame mañana", "es"),
        ("Cuando llegue a casa", "es"),
        ("Est-ce que tu peux", "fr"),
        ("Quelle est la capitale de l'", "fr"),
        ("Quelle est la capitale de l’", "fr"),
        ("Si j'arrive en retard", "fr"),
        ("Qual è la capitale dell'", "it"),
        ("Você pode me", "pt"),
        ("Quando chegar a casa", "pt"),
        ("你能告诉我", "zh"),
        ("如果明天下雨", "zh"),
        ("我的号码是一三八零零", "zh"),
        ("請幫我", "zh"),
        ("今日の天気は", "ja"),
        ("電話番号は〇九〇", "ja"),
        ("えっと", "ja"),
    ],
)
def test_each_language_leaves_open_what_it_does(text: str, language: str) -> None:
    assert looks_unfinished(text, language)
    assert looks_unfinished(f"{text}{'。' if language in ('zh', 'ja') else '.'}", language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Para.", "es"),
        ("Para.", "pt"),
        ("Je ne sais pas pourquoi.", "fr"),
        ("S'il te plaît.", "fr"),
        ("Comme tu veux.", "fr"),
        ("Va bene.", "it"),
        ("我的电话号码是13800138000。", "zh"),
        ("如果下雨就不去了。", "zh"),
        ("等一下。", "zh"),
        ("不是。", "zh"),
        ("今天星期几？", "zh"),
        ("こんにちは。", "ja"),
        ("教えて。", "ja"),
        ("静かに。", "ja"),
        ("どこに行くの", "ja"),
        ("明日の天気は？", "ja"),
        ("ja", "de"),
        ("42", "de"),
        ("はい", "ja"),
        ("好", "zh"),
    ],
)
def test_what_is_whole_reads_whole_in_each(text: str, language: str) -> None:
    assert looks_unfinished(text, language) is False


@pytest.mark.parametrize(
    ("text", "language"),
    [("Wie spät ist es?", "de"), ("¿Qué hora es?", "es"), ("Quelle heure est-il ?", "fr"),
     ("Che ore sono?", "it"), ("Que horas são?", "pt"), ("现在几点了？", "zh"), ("你喜欢音乐吗", "zh"),
     ("今何時ですか", "ja")],
)  # fmt: skip
def test_each_language_asks(text: str, language: str) -> None:
    assert looks_asked(text, language)
    assert not looks_told(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [("Ich habe einen Hund.", "de"), ("Ayer vi a un amigo.", "es"), ("J'ai deux chats.", "fr"),
     ("Ieri ho visto un amico.", "it"), ("Ontem vi um amigo.", "pt"), ("我昨天见到了一个朋友。", "zh"),
     ("昨日友達に会いました。", "ja")],
)  # fmt: skip
def test_each_language_tells(text: str, language: str) -> None:
    assert looks_told(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [("Ich möchte ein Lied.", "de"), ("Quiero una canción.", "es"), ("Je voudrais une chanson.", "fr"),
     ("Vorrei una canzone.", "it"), ("Eu queria uma música.", "pt"), ("我想听歌。", "zh"),
     ("歌を歌って。", "ja")],
)  # fmt: skip
def test_what_wants_something_is_not_told_in_any(text: str, language: str) -> None:
    assert not looks_told(text, language)
