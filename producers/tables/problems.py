"""Why a cell cannot be taken, in words that a clerk can act on."""

from catalogue.errors import HubError


class ValueProblem(HubError):
    """One cell does not hold what its column asks for; the message never repeats personal data.

    ``code`` is stable, for counting; ``message_zh`` and ``remedy_zh`` are for the clerk.
    """

    def __init__(self, code: str, message_zh: str, remedy_zh: str) -> None:
        super().__init__(f"{code}: {message_zh}", remedy=remedy_zh)
        self.code = code
        self.message_zh = message_zh
        self.remedy_zh = remedy_zh
