"""What is wrong with terms, told to whoever fills them in: the field in his words, and what to do. No values are told.

A code instead of a free text keeps persons out of a topic that is kept for ever; the few texts that there are must not
hold an ID number or a mobile.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from catalogue.identifiers import is_uscc, looks_like_id_number, looks_like_mobile
from catalogue.model import Catalogue
from rules.release.consent.items import why_no_consent
from rules.release.consent.terms import LONGEST_TERM, Terms

_NUMBER = re.compile(r"[A-Za-z0-9-]{1,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_CHARS = 120
ACTOR = re.compile(r"[A-Za-z0-9._-]{1,32}")
"""An operator's id (工号): never a person's name."""


class Problem(NamedTuple):
    """What is wrong with one field, in Chinese; ``field`` is its name in the interface."""

    field: str
    text: str


def check_terms(terms: Terms, catalogue: Catalogue, recipients: Collection[str]) -> tuple[Problem, ...]:
    """Return everything that is wrong with terms; nothing: they can be asked for."""
    return (*_whom(terms, recipients), *_what(terms, catalogue), *_until(terms), *_texts(terms))


def _whom(terms: Terms, recipients: Collection[str]) -> Iterator[Problem]:
    if not _NUMBER.fullmatch(terms.number):
        yield Problem("number", "授权书编号只能由40个以内的字母、数字和“-”组成；请改用这样的编号")
    if not is_uscc(terms.subject):
        yield Problem("subject", "统一社会信用代码不正确；请核对18位代码及其校验码")
    if terms.recipient not in recipients:
        yield Problem("recipient", f"被授权机构不在名单中；请从以下机构中选择：{'、'.join(sorted(recipients))}")
    if terms.onward_sharing:
        yield Problem("onward_sharing", "授权书必须载明不得转授权；请删去转授权的内容")


def _what(terms: Terms, catalogue: Catalogue) -> Iterator[Problem]:
    known = {item.id: item for item in catalogue.items}
    items = [known.get(name) for name in terms.items]
    wrong = [] if items else ["授权的信息项为空；请至少列出一项"]
    for item in items:
        why = why_no_consent(item) if item else "授权的信息项不在清单之内；请按清单的序号、编号或名称填写"
        wrong += [why] if why else []
    yield from (Problem("items", why) for why in wrong)
    units = {unit for item in items if item for unit in item.units}
    if not wrong and (not terms.departments or not set(terms.departments) <= units):
        yield Problem("departments", "数据来源部门不是所列信息项的责任单位；请按清单填写，或留空由系统带出")


def _until(terms: Terms) -> Iterator[Problem]:
    if terms.start >= terms.end:
        yield Problem("end", "授权期限的截止日早于起始日；请核对起止日期")
    elif terms.end - terms.start > LONGEST_TERM:
        yield Problem("end", "授权期限超过三年；请缩短期限，到期后可另行授权")


def _texts(terms: Terms) -> Iterator[Problem]:
    if not _NUMBER.fullmatch(terms.application):
        yield Problem("application", "贷款申请编号只能由40个以内的字母、数字和“-”组成；请核对编号")
    if not _SHA256.fullmatch(terms.template.text_hash):
        yield Problem("template_hash", "授权书文本的摘要应为64位十六进制的SHA-256；请重新计算")
    texts = {
        "enterprise": ("企业名称", terms.enterprise),
        "template_version": ("授权书模板版本", terms.template.version),
        "platform": ("被授权平台", terms.platform),
        "revocation_channel": ("撤回渠道", terms.revocation_channel),
    }
    for field, (zh, text) in texts.items():
        if not text.strip() or len(text) > _MOST_CHARS or not text.isprintable():
            yield Problem(field, f"{zh}为空、超过{_MOST_CHARS}字或含有不可见字符；请重新填写")
        elif looks_like_id_number(text) or looks_like_mobile(text):
            yield Problem(field, f"{zh}中含有身份证件号码或手机号码；请删去个人信息，改写单位名称或办公电话")
