"""Where the released repositories keep their files."""

from pathlib import Path

from runtime.errors import UserError

TOKENIZER = "Step-Audio-Tokenizer"
TTS = "Step-Audio-TTS-3B"
DECODER = "CosyVoice-300M-25Hz"
MUSIC_DECODER = "CosyVoice-300M-25Hz-Music"
PARAFORMER = "dengcunqin/speech_paraformer-large_asr_nat-zh-cantonese-en-16k-vocab8501-online"
"""Folder of the linguistic encoder inside the tokenizer's repository."""


class Release:
    """The folder that a user names: one that holds the repositories side by side, or one of them itself."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UserError(
                f"There is no folder {folder}.", "Name the folder that holds the released repositories."
            )
        self._folder = folder

    @property
    def tokenizer(self) -> Path:
        """The repository of both audio tokenizers."""
        return self._repository(TOKENIZER, PARAFORMER)

    @property
    def tts(self) -> Path:
        """The repository of the speech model and its decoders."""
        return self._repository(TTS, DECODER)

    @property
    def decoder(self) -> Path:
        """The folder of the speech decoder."""
        return self.tts / DECODER

    @property
    def music_decoder(self) -> Path | None:
        """The folder of the decoder for rap and humming; None if the release has none."""
        folder = self.tts / MUSIC_DECODER
        return folder if folder.is_dir() else None

    def _repository(self, name: str, marker: str) -> Path:
        for folder in (self._folder / name, self._folder):
            if (folder / marker).is_dir():
                return folder
        raise UserError(
            f"{self._folder} holds no {name} (no {name}/{marker}).",
            "Download that repository into the folder, under its own name.",
        )
