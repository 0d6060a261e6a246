"""Which items an enterprise can consent to: those with fields that need its consent, and none about persons."""

from catalogue.model import Item, Sensitivity


def consent_fields(item: Item) -> frozenset[str]:
    """Return the names of the fields that the subject's consent opens; none: the item needs or allows no consent.

    Personal fields need the 单独同意 of the person, and what is for officials is never handed out.
    """
    if item.about_persons:
        return frozenset()
    return frozenset(
        field.name for field in item.fields if field.sensitivity is Sensitivity.CONSENT and field.audience == "all"
    )


def why_no_consent(item: Item) -> str:
    """Say in Chinese why an enterprise cannot consent to an item; empty: it can."""
    if item.about_persons:
        return f"第{item.seq}项“{item.zh}”是个人信息，须由本人单独同意，企业不能代为授权；请从授权范围中删去"
    if not consent_fields(item):
        return f"第{item.seq}项“{item.zh}”没有须经企业授权的内容；请从授权范围中删去"
    return ""
