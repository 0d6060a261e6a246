"""Why a field is withheld, or a record withdrawn: stable codes for programs, and Chinese texts for people."""

from enum import StrEnum
from typing import NamedTuple

from catalogue.model import Field, Sensitivity


class WithheldCode(StrEnum):
    """The codes; the banks' guide lists them. One that was published keeps its meaning for ever."""

    PERSONAL = "PERSONAL"  # a natural person's
    INTERNAL = "INTERNAL"  # for the authorities alone
    UNPUBLISHED = "UNPUBLISHED"  # this record is not published
    COMMERCIAL_SECRET = "COMMERCIAL_SECRET"  # needs the enterprise's consent
    NO_PROVIDER_PERMISSION = "NO_PROVIDER_PERMISSION"  # consented to, but its provider does not let this kind have it
    STORED_ONCE = "STORED_ONCE"  # consented to as of one moment: what changed since is not told


class WithdrawalReason(StrEnum):
    """Why a recipient is told that a record no longer counts; the guides list them, and each keeps its meaning."""

    SOURCE = "SOURCE"  # its source withdrew it, or says something that may not be released
    REPAIRED = "REPAIRED"  # 信用修复 ended its publication
    PUBLICATION_ENDED = "PUBLICATION_ENDED"  # the last day of its publication is over
    LABEL_CHANGED = "LABEL_CHANGED"  # the record counts as before, but may not be released any more
    CONSENT_REVOKED = "CONSENT_REVOKED"  # the enterprise has revoked its consent
    CONSENT_EXPIRED = "CONSENT_EXPIRED"  # the consent has come to its end
    CONSENT_PAUSED = "CONSENT_PAUSED"  # the consent is paused
    NOT_SUBSCRIBED = "NOT_SUBSCRIBED"  # the recipient does not take the item, or the enterprise, any more
    NO_PROVIDER_PERMISSION = "NO_PROVIDER_PERMISSION"  # the department lets this kind of recipient have it no more


class Withheld(NamedTuple):
    """A field that its recipient may not see; a column of details is named ``field.column``."""

    field: str
    code: str
    reason: str


def always_withheld(field: Field, name: str) -> Withheld | None:
    """Return why a field is withheld whatever the record says; None when it depends, or when it is released."""
    if field.encrypted:
        return _withheld(field, name, WithheldCode.PERSONAL, "个人信息，未经本人单独同意不提供")
    if field.audience != "all":
        return _withheld(field, name, WithheldCode.INTERNAL, "内部信息，不对外提供")
    if not field.public_when and field.sensitivity is not Sensitivity.PUBLIC:
        return _withheld(field, name, WithheldCode.COMMERCIAL_SECRET, "商业秘密，须经企业授权后提供")
    return None


def unpublished(field: Field, name: str) -> Withheld:
    """Return why a field is withheld whose record does not meet the conditions of its publication."""
    return _withheld(field, name, WithheldCode.UNPUBLISHED, "本条信息未公示，须经企业授权后提供")


def stored_once(withheld: Withheld) -> Withheld:
    """Return why a field is withheld in a later version of a record of which one version was released by consent."""
    if withheld.code not in (WithheldCode.COMMERCIAL_SECRET, WithheldCode.UNPUBLISHED):
        return withheld
    return Withheld(withheld.field, WithheldCode.STORED_ONCE.value, "企业授权为一次性提供，此后的变动不再提供")


def _withheld(field: Field, name: str, code: WithheldCode, text: str) -> Withheld:
    ground = f"（依据：{field.ground}）" if field.ground else "（依据：未分类信息按须经授权处理）"
    # A plain text: this is written to Avro, for every record.
    return Withheld(name, code.value, text + ground)
