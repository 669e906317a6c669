"""What a telephone says when it is picked up: espeak-ng, run as a program of its own. Each sentence is made once and kept."""

import hashlib
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.utils import translation
from django.utils.translation import gettext as _

from anju.sip import place

log = structlog.get_logger()
_VOICES = {"zh-hans": "cmn", "en": "en-gb"}
SECONDS = 10


@dataclass(frozen=True)
class Sound:
    """A WAV file. seconds: how long it is."""

    path: Path
    seconds: float


def greeting(gate: str, language: str) -> Sound | None:
    """Who rings, and what to press; None where it cannot be said."""
    with translation.override(language):
        text = _("%(gate)s有访客呼叫您家。按井号键开门，按一通话，按星号键拒绝。") % {"gate": gate}
    return said(text, language)


def test(language: str) -> Sound | None:
    """What the operator hears who tries the line."""
    with translation.override(language):
        text = _("这是门禁电话线路的测试，线路正常。")
    return said(text, language)


def said(text: str, language: str) -> Sound | None:
    """A sentence as sound; None where it cannot be said."""
    folder = place.folder() / "speech"
    path = folder / f"{language}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.wav"
    if not path.exists():
        folder.mkdir(mode=0o711, exist_ok=True)  # the media relay is another user
        half = path.with_suffix(".part")
        if not _make(text, language, half):
            return None
        half.chmod(0o644)
        half.replace(path)
    with wave.open(str(path)) as sound:
        return Sound(path, sound.getnframes() / sound.getframerate())


def _make(text: str, language: str, path: Path) -> bool:
    command = ["espeak-ng", "-v", _VOICES.get(language, "cmn"), "-s", "160", "-w", str(path), "--", text]
    try:
        subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("speech_failed", error=type(error).__name__)
        return False
    return path.exists()
