"""Which voice a gate has: espeak-ng, or one that the operator has an account with."""

import json
from pathlib import Path

from anju.gate.speech import Espeak, Phrases, Speaker, Voice
from anju.gate.speech_baidu import Baidu
from anju.gate.speech_iflytek import Iflytek


class BadVoice(ValueError):
    """The operator's file does not say what is needed; the text says what."""


_KEYS = {"iflytek": ("app_id", "api_key", "api_secret"), "baidu": ("api_key", "secret_key")}


def voice(file: Path) -> Voice:
    """The voice that the file (JSON) names: `provider` and its keys, and if wanted `voice`. Raises BadVoice."""
    try:
        said = json.loads(file.read_text())
        provider = said["provider"]
        keys = {name: str(said[name]) for name in _KEYS[provider]}
        number = int(said.get("voice", 0)) if provider == "baidu" else 0
    except OSError as error:
        raise BadVoice(f"The voice's file cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        needed = "; ".join(f"{name}: {', '.join(keys)}" for name, keys in _KEYS.items())
        raise BadVoice(f"The voice's file must be JSON with `provider` and its keys ({needed}).") from error
    if provider == "iflytek":
        return Iflytek(keys["app_id"], keys["api_key"], keys["api_secret"], str(said.get("voice", "xiaoyan")))
    return Baidu(keys["api_key"], keys["secret_key"], number)


def speaker(home: Path, player: str, file: Path | None) -> Speaker:
    """A loudspeaker that keeps its sentences in the gate's home. Where the named voice fails, espeak-ng stands in. Raises BadVoice."""
    voices = [voice(file), Espeak()] if file else [Espeak()]
    return Speaker(Phrases(home / "speech", voices), player)
