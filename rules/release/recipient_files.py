"""The files of recipients (``<id>.yaml``), each checked when it is read; what is wrong is told by file and line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from catalogue.load import load_catalogue
from rules.definition_files import LINE, DefinitionFile
from rules.release.recipient_keys import RecipientKey, recipient_key
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from rules.release.webhooks import WebhookDefinition

_KEYS = frozenset({"id", "zh", "kind", "filing_number", "categories", "portfolio", "keys", "webhook"})
_ALL, _LIST, _CONSENTING, _DISTRICTS, _ANY_OF = "all", "list", "consenting", "districts", "any_of"
_FORMS = (
    f"write {_ALL}, {_LIST}, {_CONSENTING}, {{{_DISTRICTS}: [630102]}},"
    f" or {{{_ANY_OF}: [{_LIST}, {_CONSENTING}, {{{_DISTRICTS}: [630102]}}]}}"
)


def load_recipients(folder: Path) -> Mapping[str, RecipientDefinition]:
    """Read all recipients of a folder, by their ids; raises CatalogueError, with file and line, for what is wrong."""
    return {path.stem: load_recipient(path, name=path.stem) for path in sorted(folder.glob("*.yaml"))}


def load_recipient(path: Path, *, name: str | None = None) -> RecipientDefinition:
    """Read one file; raises CatalogueError, with file and line, for what is wrong with it.

    ``name``: the id that it must have; None: any.
    """
    return _File(path, name).read()


def load_key(path: Path) -> RecipientKey:
    """Read a public key (JWK, JSON); raises CatalogueError for what is wrong with it."""
    return _KeyFile(path).read()


def definition_yaml(definition: RecipientDefinition) -> str:
    """Return the text of a file that says so."""
    said: dict[str, Any] = {"id": definition.id, "zh": definition.zh, "kind": definition.kind.value}
    if definition.filing_number is not None:
        said["filing_number"] = definition.filing_number
    if definition.categories is not None:
        said["categories"] = sorted(definition.categories)
    said["portfolio"] = _portfolio_forms(definition.portfolio)
    if definition.webhook is not None:
        said["webhook"] = {"url": definition.webhook.url, "networks": list(definition.webhook.networks)}
    if definition.keys:
        said["keys"] = [key.jwk() for key in definition.keys]
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False)


def _portfolio_forms(portfolio: Portfolio) -> Any:
    forms: list[Any] = [
        name
        for name, holds in (
            (_ALL, portfolio.is_all),
            (_LIST, portfolio.is_list),
            (_CONSENTING, portfolio.is_consenting),
        )
        if holds
    ]
    if portfolio.districts:
        forms.append({_DISTRICTS: sorted(portfolio.districts)})
    return forms[0] if len(forms) == 1 else {_ANY_OF: forms}


class _KeyFile(DefinitionFile):
    def read(self) -> RecipientKey:
        """Return the key. JSON is read as the YAML that it is."""
        return self._made(lambda said: recipient_key({name: said[name] for name in said if name != LINE}))


class _File(DefinitionFile):
    def __init__(self, path: Path, name: str | None) -> None:
        super().__init__(path)
        self._name = name

    def read(self) -> RecipientDefinition:
        """Return the recipient."""
        return self._made(self._recipient)

    def _nothing(self, row: Any) -> str:
        return "it holds no recipient: write its id, zh, kind and portfolio"

    def _recipient(self, row: Any) -> RecipientDefinition:
        self._known(row, _KEYS)
        if missing := sorted({"id", "zh", "kind", "portfolio"} - row.keys()):
            raise ValueError(f"there is no {missing[0]}: write it")
        name = self._text(row, "id")
        if self._name not in (None, name):
            raise ValueError(f"id is {name}, and the file is {self._path.name}: let the file be named {name}.yaml")
        return RecipientDefinition(
            id=name,
            zh=self._text(row, "zh"),
            kind=self._kind(row["kind"]),
            portfolio=self._portfolio(row["portfolio"]),
            categories=self._categories(row["categories"]) if "categories" in row else None,
            filing_number=self._text(row, "filing_number") if "filing_number" in row else None,
            keys=self._keys(row["keys"]) if "keys" in row else (),
            webhook=self._webhook(row["webhook"]) if "webhook" in row else None,
        )

    def _text(self, row: Mapping[str, Any], key: str) -> str:
        if not isinstance(row[key], str):
            raise ValueError(f"{key} is {row[key]!r}, which is no text: put it in quotes")
        return str(row[key])

    def _kind(self, said: Any) -> RecipientKind:
        if said not in list(RecipientKind):
            raise ValueError(f"kind is {said!r}: write one of {', '.join(RecipientKind)}")
        return RecipientKind(said)

    def _categories(self, said: Any) -> frozenset[str]:
        known = {category.id for category in load_catalogue().categories}
        if not isinstance(said, list):
            raise ValueError(f"categories are {said!r}: write a list, or leave the field out, which means all")
        if unknown := [one for one in said if one not in known]:
            raise ValueError(f"categories: there is no {unknown[0]!r}; there are {', '.join(sorted(known))}")
        return frozenset(said)

    def _keys(self, said: Any) -> tuple[RecipientKey, ...]:
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise ValueError("keys are no list of public keys (JWK): write kty, kid, crv, x, or leave the field out")
        return tuple(recipient_key({name: one[name] for name in one if name != LINE}) for one in said)

    def _webhook(self, said: Any) -> WebhookDefinition:
        form = "write {url: https://hooks.bank.example/credithub, networks: [203.0.113.0/24]}"
        if not isinstance(said, dict) or not {"url", "networks"} <= said.keys():
            raise ValueError(f"webhook has no url or no networks: {form}")
        self._known(said, frozenset({"url", "networks"}))
        url, networks = said["url"], said["networks"]
        if not isinstance(url, str) or not isinstance(networks, list) or not all(isinstance(n, str) for n in networks):
            raise ValueError(f"webhook: url is no text, or networks are no list of texts: {form}")
        webhook = WebhookDefinition(url, tuple(networks))
        if webhook.is_loopback:
            raise ValueError("webhook: networks hold this machine itself (127.0.0.0/8, ::1): name the recipient's own")
        return webhook

    def _portfolio(self, said: Any) -> Portfolio:
        if isinstance(said, dict) and _ANY_OF in said:
            self._known(said, frozenset({_ANY_OF}))
            parts = said[_ANY_OF]
            if not isinstance(parts, list):
                raise ValueError(f"portfolio: {_ANY_OF} is no list: {_FORMS}")
            return self._union([self._part(part) for part in parts])
        return self._part(said)

    def _part(self, said: Any) -> Portfolio:
        if isinstance(said, dict):
            self._known(said, frozenset({_DISTRICTS}))
            districts = said.get(_DISTRICTS)
            if not isinstance(districts, list) or not districts:
                raise ValueError(f"portfolio: {_DISTRICTS} is {districts!r}: write a list, as in [630102]")
            return Portfolio(districts=frozenset(map(str, districts)))
        if said not in (_ALL, _LIST, _CONSENTING):
            raise ValueError(f"portfolio is {said!r}: {_FORMS}")
        return Portfolio(is_all=said == _ALL, is_list=said == _LIST, is_consenting=said == _CONSENTING)

    def _union(self, parts: Sequence[Portfolio]) -> Portfolio:
        if any(part.is_all for part in parts) and len(parts) > 1:
            raise ValueError(f"portfolio: {_ALL} beside others means {_ALL}: write it alone")
        return Portfolio(
            is_all=any(part.is_all for part in parts),
            is_list=any(part.is_list for part in parts),
            is_consenting=any(part.is_consenting for part in parts),
            districts=frozenset(one for part in parts for one in part.districts),
        )
