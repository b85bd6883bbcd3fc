"""The opening of a reply: the tags before its words, which say how to speak them and are not spoken."""

from edge_audio.tts.tags import Tag, find_tag, leading_tag, may_become_tag
from edge_audio.tts.voice import Style, Voice


class Opening:
    """Takes the tags off the beginning of a reply as it comes in.

    Text is held back only while it can still become a tag. What goes through depends on the text alone,
    never on the pieces in which it came. A reply of nothing but tags goes through as it is: there is no
    other answer in it.
    """

    def __init__(self) -> None:
        self.tag: Tag | None = None
        """The first tag that is one of ours; others are stage directions, such as (laughs)."""
        self._over = False
        self._held = ""
        self._taken = ""
        """The tags so far, as they were written."""

    def push(self, delta: str) -> str:
        """Take the next piece; return what of the reply's words can go on, mostly all of it."""
        if self._over:
            return delta
        self._held += delta
        name, rest = leading_tag(self._held)
        while name:
            self.tag = self.tag or find_tag(name)
            self._taken += self._held[: len(self._held) - len(rest)]
            self._held = rest
            name, rest = leading_tag(rest)
        if may_become_tag(self._held):
            return ""
        self._over = True
        return self._held.lstrip() if self._taken else self._held

    def flush(self) -> str:
        """The reply has ended; return what is left of its words."""
        if self._over:
            return ""
        self._over = True
        if not self._held.strip():
            return self._taken + self._held
        return self._held.lstrip() if self._taken else self._held

    def style(self, style: Style, voice: Voice) -> Style:
        """Return `style` as the tag wants it, so far as `voice` can do that."""
        if self.tag is None or self.tag.ability not in voice.abilities:
            return style
        return self.tag.applied(style)
