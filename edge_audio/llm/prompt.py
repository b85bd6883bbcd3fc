"""The written dialogue: a prompt for models that are too small for their chat template."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_audio.llm.chat_model import Message

USER = "User:"
ASSISTANT = "Assistant:"

_SHOWN_MESSAGES = 4
"""At least two exchanges of the history, and fewer than four, are shown."""


@dataclass(frozen=True, slots=True)
class DialoguePrompt:
    """Renders the conversation as a dialogue that the model only has to continue.

    A tiny model drowns in its own words: shown all of a conversation, it soon says the same thing to
    everything. So only the end of the history is shown. Its start moves every second exchange; in
    between, a prompt begins with the one before and its reply, so that a cached prefix stays valid.
    """

    introduction: str
    """What kind of dialogue it is; stands in for the system message where there is none."""
    examples: tuple[tuple[str, str], ...]
    """What a user says and what is answered, to set the tone. Few and short: a tiny model copies them."""

    def render(self, context: Sequence[Message], transcript: str) -> str:
        """Return the prompt for the answer to `transcript`."""
        return f"{self.prefix(context, transcript)}\n{ASSISTANT}"

    def prefix(self, context: Sequence[Message], heard: str = "") -> str:
        """Return as much of the next prompt as is certain once `heard` is known of the user's turn."""
        introduction = " ".join(m.text for m in context if m.role == "system") or self.introduction
        lines = [_one_line(introduction), ""]
        for said, answered in self.examples:
            lines += [f"{USER} {said}", f"{ASSISTANT} {answered}"]
        history = [m for m in context if m.role != "system"]
        first = max(0, len(history) - _SHOWN_MESSAGES) // _SHOWN_MESSAGES * _SHOWN_MESSAGES
        for message in history[first:]:
            lines.append(f"{USER if message.role == 'user' else ASSISTANT} {_one_line(message.text)}")
        lines.append(f"{USER} {_one_line(heard)}".rstrip())
        return "\n".join(lines)


def _one_line(text: str) -> str:
    """Return `text` on one line: the dialogue is read line by line."""
    return " ".join(text.split())


SMALL_TALK = DialoguePrompt(
    introduction="You are a friendly voice assistant. You answer in one or two short sentences.",
    examples=(
        ("Hi there!", "Hello! What would you like to talk about?"),
        ("I had a bad day.", "That sounds hard. What happened?"),
        (
            "Tell me a story.",
            "Once there was a little cat who lived by a lake. Every night she counted the stars.",
        ),
        ("Who are you?", "I'm a small computer program. I like to talk, but I often get things wrong."),
        ("What is the capital of Cuba?", "The capital of Cuba is Havana."),
    ),
)
"""Found by trial on SmolLM2-135M, of some ninety prompts put to 84 questions: 52 sensible answers. Rules,
refusals and more examples made it refuse, loop and copy them; it still can't do sums or jokes."""
