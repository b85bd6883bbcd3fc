"""Text to speech and back, without a conversation and without asyncio."""

from pathlib import Path

from edge_audio import UserError
from edge_audio.blocking import speak, transcribe


def main(folder: Path) -> None:
    path = folder / "hello.wav"
    seconds = speak("The train to Paris leaves at nine.").save(path)
    print(f"{seconds:.1f} s of speech: {path}")

    found = transcribe(path)
    print(found.text)
    for word in found.words:
        print(f"{word.start_s:5.2f} s  {word.text}")


if __name__ == "__main__":
    try:
        main(Path())
    except UserError as error:
        print(error)
