from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TerminalsConfig(AppConfig):
    name = "anju.terminals"
    verbose_name = _("第三方终端")

    def ready(self) -> None:
        from anju.access import listeners
        from anju.bus import subjects
        from anju.terminals import actions, events  # noqa: F401

        listeners.heard.append((subjects.TERMINAL_WORDS, actions.answer))
