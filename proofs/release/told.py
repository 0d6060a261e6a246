"""What a recipient was told of an enterprise so far: by which entitlement, and up to which sequence."""

from dataclasses import dataclass

from rules.release.entitlement import NOTHING, Entitlement

BEGINNING = ""
"""Before every place."""


@dataclass(frozen=True, slots=True)
class ToldSoFar:
    """``former``: while a difference is told in parts, what is told of records behind ``upto``, in their order.

    Each is (up to which place, by which entitlement), the last one to the end (None). Without any the recipient was
    told all by ``entitlement``.
    """

    sequence: int = 0
    entitlement: Entitlement = NOTHING
    upto: str = BEGINNING
    former: tuple[tuple[str | None, Entitlement], ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether no difference is being told in parts."""
        return not self.former

    def of(self, place: str) -> Entitlement:
        """Return by which the record at a place was told."""
        if self.is_whole or place <= self.upto:
            return self.entitlement
        return next(one for end, one in self.former if end is None or place <= end)

    def is_other(self, now: Entitlement) -> bool:
        """Whether there is a difference to tell to what counts now."""
        if not self.is_whole:
            return True
        if not self.entitlement.is_subscribed and not now.is_subscribed:
            return False
        return self.entitlement != now.following(self.entitlement, 0)

    def goes_on(self, now: Entitlement) -> bool:
        """Whether what counts now is what is being told in parts, so that the rest of it follows."""
        return not self.is_whole and self.entitlement == now

    def cut(self, sequence: int, upto: str, now: Entitlement) -> "ToldSoFar":
        """Return it told by what counts now up to a place."""
        whole = self.former or ((None, self.entitlement),)
        if not self.is_whole and not self.goes_on(now):
            whole = ((self.upto, self.entitlement), *whole)
        return ToldSoFar(sequence, now, upto, tuple(one for one in whole if one[0] is None or one[0] > upto))
