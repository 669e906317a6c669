"""Saying aloud what the screen shows, by a loudspeaker of the gate's own.

Only the fixed sentences of texts.py are ever spoken: each is made once and kept, so that the gate speaks without a network too.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import structlog

from anju.recognition.advice import Text

log = structlog.get_logger()
SYNTHESIS_SECONDS = 15.0
LONGEST = 20.0
"""Seconds after which a player that does not end is stopped."""
SAME = 1.5
"""Seconds within which the same sentence is not said twice: several pages may show it."""
LANGUAGES = ("zh", "en")


class SpeechFailed(Exception):
    """The sentence could not be made; nothing is said of it but that."""


class Voice(Protocol):
    """Makes speech."""

    @property
    def name(self) -> str:
        """Parts its sound from another voice's in the cache."""
        ...

    async def wav(self, text: str, language: str) -> bytes:
        """A WAV file. language: zh or en. Raises SpeechFailed."""
        ...


class Espeak:
    """espeak-ng, run as a program of its own: no network, no account."""

    name = "espeak"
    _VOICES = {"zh": "cmn", "en": "en-gb"}

    async def wav(self, text: str, language: str) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                "espeak-ng", "-v", self._VOICES[language], "-s", "160", "--stdout", "--", text,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise SpeechFailed("espeak-ng is missing: apt-get install espeak-ng") from error
        sound, _ = await process.communicate()
        if process.returncode or not sound.startswith(b"RIFF"):
            raise SpeechFailed("espeak-ng gave no sound")
        return sound


class Phrases:
    """Sentences as WAV files in a folder. voices: the first that can; a later one only stands in and is not kept for the first."""

    def __init__(self, folder: Path, voices: Iterable[Voice]) -> None:
        self._folder = folder
        self._voices = list(voices)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def file(self, text: str, language: str) -> Path | None:
        """Where this sentence lies as sound; None: no voice can say it now."""
        for voice in self._voices:
            path = self._folder / f"{voice.name}-{language}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.wav"
            if path.exists():
                return path
            try:
                sound = await asyncio.wait_for(voice.wav(text, language), SYNTHESIS_SECONDS)
            except (SpeechFailed, TimeoutError) as error:
                log.warning("speech_failed", voice=voice.name, error=type(error).__name__)
                continue
            half = path.with_suffix(".part")
            half.write_bytes(sound)
            half.replace(path)  # a gate that loses its power keeps no half a sentence
            return path
        return None


class Speaker:
    """A loudspeaker: one sentence at a time, and of those that wait the newest."""

    def __init__(self, phrases: Phrases, player: str) -> None:
        """player: a program that plays the WAV file it gets as its argument, such as aplay."""
        self._phrases = phrases
        self._player = player
        self._next: Text | None = None
        self._come = asyncio.Event()
        self._last: tuple[Text | None, float] = (None, float("-inf"))

    def say(self, text: Text) -> None:
        """Soon, in Chinese and English. Returns at once."""
        last, at = self._last
        now = time.monotonic()
        self._last = text, now
        if text == last and now - at < SAME:
            return
        self._next = text
        self._come.set()

    async def run(self, known: Iterable[Text] = ()) -> None:
        """Speak until cancelled. known: sentences that will be needed, made while nobody waits."""
        making = asyncio.create_task(self._make(known))
        try:
            while True:
                await self._come.wait()
                self._come.clear()
                text, self._next = self._next, None
                if text is not None:
                    await self._speak(text)
        finally:
            making.cancel()

    async def _make(self, known: Iterable[Text]) -> None:
        for text in known:
            for language in LANGUAGES:
                await self._phrases.file(getattr(text, language), language)

    async def _speak(self, text: Text) -> None:
        for language in LANGUAGES:
            sound = await self._phrases.file(getattr(text, language), language)
            if sound is not None and self._next is None:
                await self._play(sound)

    async def _play(self, sound: Path) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                self._player, str(sound),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            log.error("player_missing", player=self._player, error=type(error).__name__)
            return
        try:
            code = await asyncio.wait_for(process.wait(), LONGEST)
        except TimeoutError:
            process.kill()
            code = await process.wait()
        if code:
            log.error("player_failed", player=self._player, code=code)
