"""Text of a file as a terminal may be given it: what would command the terminal is shown, and does nothing."""

import re

# All control characters but tab and line feed (ESC and the one-character CSI among them), those that turn the direction
# of writing, so that a name reads as another one, other ends of lines, and halves of characters, which a file's name
# may hold and no stream takes.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Return a text with each such character as ``\\u001b``, which JSON and YAML read again as what it was."""
    return _COMMANDS.sub(lambda character: f"\\u{ord(character[0]):04x}", text)
