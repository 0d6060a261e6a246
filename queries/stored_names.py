"""The names that enterprises are registered by, for whoever is about to call them otherwise.

PostgreSQL is asked, not the topics: a lookup by key costs a small push the same in a city and in a province, and needs
no file that is kept on the machine. What the sink has not written yet is not known.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from catalogue.envelope import ItemId
from catalogue.errors import PoisonMessage, StackError
from catalogue.titles import normal
from connectors import postgres
from rules.merge import REGISTRATION

# A push must not wait long for what it can do without.
_WITHIN_S = 5
_CHANGE = ItemId("market.change")
_CONTENT = ("content_before", "content_after")
# A registration is one record of its enterprise, and of no set: what is reported counts.
_REGISTERED = (
    "select subject, subject_name from credit_record"
    " where subject = any(%s) and item = %s and op = 'REPORT' and subject_name is not null"
)
_PAYLOADS = (
    "select subject, schema_id, payload from credit_record where subject = any(%s) and item = %s and op = 'REPORT'"
)


@dataclass(frozen=True, slots=True)
class StoredNames:
    """What PostgreSQL has of the registrations in force; it can be sent to another process."""

    config: BusConfig
    dsn: str

    def compared(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return, of each pair whose code is registered, the name that it contradicts, "" where it agrees.

        A name that the enterprise had before, or has taken since, by its registered changes (企业变更信息) agrees, too.
        Raises Unavailable when PostgreSQL, or the registry, does not answer.
        """
        codes = list({code for code, _ in pairs})
        try:
            with postgres.snapshot(self.dsn, timeout_s=_WITHIN_S, statement_timeout_s=_WITHIN_S) as connection:
                registered = dict(postgres.rows(connection, _REGISTERED, (codes, REGISTRATION)))
                found = {pair: registered[pair[0]] for pair in pairs if pair[0] in registered}
                answers = {pair: "" if normal(pair[1]) == normal(name) else name for pair, name in found.items()}
                others = {code for (code, _), name in answers.items() if name}
                changes = self._changes(connection, others) if others else {}
        except StackError:
            # Nothing was ever stored.
            return {}
        return {
            (code, name): "" if normal(name) in changes.get(code, ()) else contradicted
            for (code, name), contradicted in answers.items()
        }

    def _changes(self, connection: Any, codes: Collection[str]) -> Mapping[str, set[str]]:
        """Return, normalised, all that the registered changes of some enterprises say there was before and after."""
        changed: dict[str, set[str]] = {}
        with closing(Registry(self.config)) as registry:
            decode = Decoder(registry, lambda _: _CONTENT)
            for code, schema_id, payload in postgres.rows(connection, _PAYLOADS, (list(codes), _CHANGE)):
                changed.setdefault(code, set()).update(_texts(decode, schema_id, bytes(payload)))
        return changed


def _texts(decode: Decoder, schema_id: int, payload: bytes) -> Iterator[str]:
    try:
        content = decode.payload(schema_id, payload) or {}
    except PoisonMessage:
        # A record that nobody can read says nothing here.
        return
    yield from (normal(text) for name in _CONTENT if (text := content.get(name)))
