"""Cells whose field's name says what they hold, the same in all records of one enterprise."""

from catalogue.model import Field, Item
from simulation.people import Person, registration_number
from simulation.setting import DrawCell, Setting
from simulation.vocabulary import AUTHORITIES

_OFTEN_EMPTY = (
    "removal",
    "exit",
    "status_change",
    "revoked",
    "pledg",
    "other_license",
    "other_penalty",
    "first_review",
)


def by_name(field: Field, item: Item) -> DrawCell | None:
    name = field.name
    if name in item.told_apart_by:
        word = max(item.told_apart_by[name], key=len)
        return lambda s: word
    if name.startswith(_OFTEN_EMPTY):
        return lambda s: None
    if name.endswith(("authority_name", "registration_authority", "listing_authority", "issuer", "court", "authority")):
        authority = AUTHORITIES.get(item.units[0], "西宁市样例机关")
        return lambda s: authority
    plain: dict[str, DrawCell] = {
        "address": lambda s: s.enterprise.address,
        "registered_address": lambda s: s.enterprise.address,
        "mailing_address": lambda s: s.enterprise.address,
        "postal_code": lambda s: "810000",
        "industry_code": lambda s: s.enterprise.sector.code,
        "industry_name": lambda s: s.enterprise.sector.name,
        "business_scope": lambda s: f"{s.enterprise.sector.name}（样例）",
        "organization_code": lambda s: s.enterprise.uscc[8:17],
        "taxpayer_id": lambda s: s.enterprise.uscc,
        "tax_registration_number": lambda s: s.enterprise.uscc,
        "other_code": lambda s: registration_number(s.enterprise.index),
        "business_registration_number": lambda s: registration_number(s.enterprise.index),
        "account_name": lambda s: s.enterprise.name,
        "account_number": lambda s: f"{item.seq:02}{s.enterprise.index:08}",
        "id_type": lambda s: None,
        "id_number": lambda s: None,
        "institution_certificate_number": lambda s: None,
        "social_organization_certificate_number": lambda s: None,
        "customs_registration_code": lambda s: f"6301{s.enterprise.index:06}",
        "subject_type": lambda s: "1",
        "parent_name": lambda s: s.enterprise.name,
        "parent_uscc": lambda s: s.enterprise.uscc,
        "legal_rep_sex": lambda s: s.enterprise.rep.sex,
    }
    if item.seq == 33:
        plain.pop("subject_type")
    if item.seq == 59:
        plain.pop("id_number")
        plain.pop("id_type")
    return plain.get(name) or _person(name)


# Columns with the name of a person begin so.
_PERSON_ROLES = (
    *("legal_rep", "person_in_charge", "owner", "borrower", "person_name", "director", "principal_name", "handler"),
    *("inventors", "first_inventor", "creator", "co_borrower", "spouse", "finance", "responsible"),
    *("tax_professional", "liquidation"),
)


def _person(name: str) -> DrawCell | None:
    second = name.startswith(("co_borrower", "spouse", "finance", "responsible", "tax_professional", "guarantor"))
    part = next((p for p in ("id_number", "mobile", "email", "phone", "landline") if name.endswith(p)), "")
    if not part and not (name.startswith(_PERSON_ROLES) and not name.endswith(("_type", "_sex", "amount", "content"))):
        return None

    def cell(setting: Setting) -> str:
        who: Person = setting.enterprise.holders[0] if second else setting.enterprise.rep
        return {"id_number": who.id_number, "email": who.email, "": who.name}.get(part, who.phone)

    return None if name == "mortgagee_id_number" else cell
