"""From a recording to the voice prompt of its speaker."""

from edge_audio.audio.frame import INPUT_RATE_HZ
from edge_audio.step_audio.features.prompt_mel import PromptMel
from edge_audio.step_audio.features.recording import Recording
from edge_audio.step_audio.features.speaker import SpeakerModel
from edge_audio.step_audio.tokens import Codes
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.errors import UserError
from runtime.worker import CancelToken


def voice_prompt(
    recording: Recording,
    codes: Codes,
    mel: PromptMel,
    speaker: SpeakerModel,
    token: CancelToken | None = None,
) -> VoicePrompt:
    """Return the voice prompt of `recording`, of which the tokenizer made `codes`.

    The codes are those of `preprocess(recording, trim=True)`, but the spectrogram and the speaker come from
    the recording as it is, in full length and at its own level: so it is in the release, whose decoder
    stretches one to the length of the other. Blocks while it computes: belongs on a lane. Raises `UserError`
    for a recording that is too short, `Cancelled` once `token` is cancelled.
    """
    embedding = speaker(recording.at(INPUT_RATE_HZ), token)
    pcm = recording.at(mel.rate_hz)
    if len(pcm) < mel.least_samples:
        raise UserError("The recording is too short to tell a voice.", "Record a few seconds of speech.")
    return VoicePrompt(codes, mel(pcm), embedding)
