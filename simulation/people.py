"""Fictitious persons and codes: valid by their checksum, impossible by their content.

No person bears such an ID number: no province has the number 80. Phones are 1990000xxxx, mails at example.com.
"""

import random
from dataclasses import dataclass

from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_10

# The districts and counties of Xining, GB/T 2260.
DISTRICTS = {
    "630102": "城东区", "630103": "城中区", "630104": "城西区", "630105": "城北区",
    "630106": "湟中区", "630121": "大通县", "630122": "湟中县", "630123": "湟源县",
}  # fmt: skip
COUNTIES = ("630121", "630122", "630123")
_UNASSIGNED_REGION = "809999"
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person who does not exist."""

    name: str
    id_number: str
    phone: str
    email: str
    sex: str  # 1 男, 2 女


def draw_person(rng: random.Random, serial: int) -> Person:
    """Return a person whose number is valid by GB 11643-1999 and whose region does not exist."""
    order = serial % 1000
    body = (
        f"{_UNASSIGNED_REGION}{rng.randrange(1960, 2000)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{order:03}"
    )
    number = body + str(ric.calc_check_digit(body + "0"))
    if number.endswith("000"):
        # In a table of few rows it looks like one whose last digits a spreadsheet has lost.
        return draw_person(rng, serial + 1)
    return Person(
        name=f"{rng.choice(_SURNAMES)}样{_GIVEN[serial % len(_GIVEN)]}",
        id_number=number,
        phone=f"1990000{serial % 10000:04}",
        email=f"sample{serial}@example.com",
        sex="1" if order % 2 else "2",
    )


def make_uscc(district: str, serial: int, kind: str = "91") -> str:
    """Return a code valid by GB 32100-2015; ``MA0``, ``MAX`` … in its body as newly registered companies have."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = ""
    for _ in range(5):
        serial, digit = divmod(serial, len(alphabet))
        body = alphabet[digit] + body
    organisation = "MAX" + body
    # The ninth character is the organisation code's own check digit, GB 11714.
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(c, 36) for w, c in zip(weights, organisation, strict=True))
    check = "0123456789X"[(11 - total % 11) % 11]
    front = f"{kind}{district}{organisation}{check}"
    return front + str(uscc.calc_check_digit(front))


def registration_number(serial: int) -> str:
    """Return a 工商注册号 of fifteen digits, valid by GS 15-2006."""
    front = f"6301{serial:010}"
    return front + str(mod_11_10.calc_check_digit(front))
