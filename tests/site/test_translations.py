"""Every text a person reads stands in Chinese and in English."""

from django.utils import translation
from django.utils.translation import gettext

from anju.site import translations


def test_every_chinese_text_has_its_english_and_no_more() -> None:
    assert translations.missing() == []


def test_the_libraries_english_is_chinese_in_the_console() -> None:
    translations.compile_all()
    with translation.override("zh-hans"):
        said = [gettext(text) for text in ("Filters", "Type to search", "No results found", "Incorrect code.", "Phone")]
    assert not [text for text in said if text.isascii()]
