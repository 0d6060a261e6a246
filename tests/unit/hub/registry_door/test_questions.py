"""Which paths are understood, and that nothing else ever becomes a question to the registry."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.config import BusConfig
from hub.registry_door.questions import (
    BankPaths,
    BankSubjects,
    ContentById,
    ContentReferences,
    Reply,
    SchemaById,
    SubjectVersion,
    SubjectVersions,
)

PATHS = BankPaths(BusConfig("", "", "own-"), lambda: ["yinhe", "qinghe"])
PENALTY = "own-bank.yinhe.v1-credithub.bank.administration.Penalty"
INDICATORS = "own-bank.qinghe.v1-credithub.bank.Indicators"


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("/schemas/ids/1", SchemaById(1)),
        ("/schemas/ids/2147483647", SchemaById(2**31 - 1)),
        ("/apis/registry/v2/ids/contentIds/7", ContentById(7)),
        ("/apis/registry/v3/ids/contentIds/7/references", ContentReferences(7)),
        ("/subjects", BankSubjects()),
        (f"/subjects/{PENALTY}/versions", SubjectVersions(PENALTY)),
        (f"/subjects/{INDICATORS}/versions/12", SubjectVersion(INDICATORS, 12)),
        (f"/subjects/{PENALTY}/versions/latest", SubjectVersion(PENALTY, None)),
    ],
)
def test_what_banks_ask_is_understood(path: str, question: object) -> None:
    assert PATHS.understood(path) == question


@pytest.mark.attack(by="a bank", wants="a schema of the hub's own topics, by a name that looks like a bank's")
@pytest.mark.parametrize(
    ("subject", "holds"),
    [
        (PENALTY, True),
        (INDICATORS, True),
        # Without the prefix it is another hub's; without a bank's file, nobody's.
        ("bank.yinhe.v1-credithub.bank.Indicators", False),
        ("own-bank.other.v1-credithub.bank.Indicators", False),
        ("own-credit.record.v1-credithub.internal.Record", False),
        ("own-release.sequence.v1-credithub.internal.ReleaseMarks", False),
        ("own-bank.yinhe.v1-credithub.internal.Record", False),
        ("own-bank.yinhe.v1-credithub.bank", False),
        ("own-bank.yinhe.v1-credithub.bank.", False),
        ("own-bank.yinhe.v1-credithub.bankers.Secret", False),
        ("own-bankXyinhe.v1-credithub.bank.Indicators", False),
        (f"{PENALTY}/../x", False),
        (f"{PENALTY}\n", False),
        (f"x{PENALTY}", False),
        ("", False),
    ],
)
def test_a_bank_s_subject_is_known_by_its_name(subject: str, holds: bool) -> None:
    assert PATHS.holds(subject) is holds


@pytest.mark.attack(
    by="a stranger at the door", wants="another question to the registry, by another spelling of a path"
)
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("", 404, 404),
        ("/", 404, 404),
        ("/config", 404, 404),
        ("/mode", 404, 404),
        ("/contexts", 404, 404),
        ("/schemas", 404, 404),
        ("/schemas/types", 404, 404),
        ("/schemas/ids/", 404, 404),
        ("/schemas/ids/0", 404, 404),
        ("/schemas/ids/01", 404, 404),
        ("/schemas/ids/-1", 404, 404),
        ("/schemas/ids/1.0", 404, 404),
        ("/schemas/ids/١", 404, 404),
        ("/schemas/ids/1/", 404, 404),
        ("/schemas/ids/1\n", 404, 404),
        ("/schemas/ids/1/versions", 404, 404),
        ("/schemas/ids/1/../../../subjects", 404, 404),
        ("//schemas/ids/1", 404, 404),
        ("/schemas//ids/1", 404, 404),
        ("/./schemas/ids/1", 404, 404),
        ("http://127.0.0.1/schemas/ids/1", 404, 404),
        ("/apis/registry/v3/admin/export", 404, 404),
        ("/subjects/", 404, 404),
        (f"/subjects/{PENALTY}", 404, 404),
        (f"/subjects/{PENALTY}/versions/0", 404, 404),
        (f"/subjects/{PENALTY}/versions/1/schema", 404, 404),
        (f"/subjects/{PENALTY}/versions/LATEST", 404, 404),
        ("/schemas/ids/2147483648", 404, 40403),
        (f"/subjects/{PENALTY}/versions/2147483648", 404, 40402),
        ("/subjects/credit.record.v1-credithub.internal.Record/versions", 403, 40301),
        ("/subjects/nothing/versions/1", 403, 40301),
        ("/subjects/../versions", 403, 40301),
        ("/subjects/..\\..\\config/versions", 403, 40301),
    ],
)
def test_everything_else_is_refused_in_the_registry_s_own_form(path: str, status: int, code: int) -> None:
    reply = PATHS.understood(path)
    assert isinstance(reply, Reply)
    assert isinstance(reply.body, dict)
    assert (reply.status, reply.body["error_code"]) == (status, code)
    assert reply.body["message"]


@given(st.one_of(st.text(), st.from_regex(r"/(subjects|schemas)/[ -~]*", fullmatch=True)))
def test_what_is_understood_is_spelt_in_one_way_alone(text: str) -> None:
    path = unquote(text)
    match PATHS.understood(path):
        case SchemaById(number):
            assert path == f"/schemas/ids/{number}"
        case BankSubjects():
            assert path == "/subjects"
        case SubjectVersions(subject):
            assert PATHS.holds(subject)
            assert path == f"/subjects/{subject}/versions"
        case SubjectVersion(subject, number):
            assert PATHS.holds(subject)
            assert path == f"/subjects/{subject}/versions/{number or 'latest'}"


def test_without_banks_there_is_nothing_to_read() -> None:
    assert not BankPaths(BusConfig("", ""), list).holds("-credithub.bank.Indicators")
