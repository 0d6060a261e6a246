"""Help texts in Chinese, which has no blanks for a terminal to break its lines at."""

import re

_STOP = re.compile(r"([：；，。、）])(?!$)")


def breakable(text: str) -> str:
    """Return a text that may be broken behind each of its marks; what is not broken would be cut off."""
    return _STOP.sub(r"\1 ", text)
