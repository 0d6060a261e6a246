"""Tests lie where what they test lies: ``rules/merge.py`` is tested by ``unit/rules/test_merge.py``.

Tests that are about several modules at once, and modules that others' tests look at, are named here with the reason.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.unit.house.product import ROOT, modules

_KINDS = ("unit", "integration")
# Folders and files of tests that are about no single module.
ABOUT_SEVERAL = {
    "unit/benchmarks": "the benchmarks, which are no room",
    "unit/docs": "the documents",
    "unit/house": "the whole product's text",
    "unit/laws": "the laws of the design, over all that must keep them",
    "unit/test_environment": "the settings of whoever runs the tests",
    "unit/catalogue/test_notice": "the catalogue's data against the notice",
    "unit/catalogue/test_schema_versions": "the schemas that were published",
    "unit/hub/test_catalogue_command": "the command `catalogue`",
    "unit/hub/stack/test_compose": "docker-compose.yml",
    "unit/monitoring/test_rules": "the alert rules",
    "unit/rules/indicators/test_examples": "the indicators' definitions, each calculated by hand",
    "unit/producers/submissions/test_files_as_they_come": "files with the faults that real ones have",
    "unit/producers/submissions/test_sample_is_taken": "the sample city, file by file",
    "integration/hub/test_containers": "docker-compose.yml, its commands run as plain processes",
    "integration/banks": "the example clients of the banks' guide",
    "integration/portal/pages/test_browser": "the enterprise's pages in a browser",
    "integration/proofs/test_continuous": "the whole proof without end",
    "integration/proofs/test_reconcile": "the whole reconciliation",
    "integration/proofs/test_release": "the whole proof of the release",
    "integration/proofs/test_snapshots": "banks that begin late, labels that change, and their proof",
    "integration/proofs/test_verify_state": "the whole recomputation",
    "integration/queries/test_queries": "the commands that only read",
    "integration/stack": "the embedded stack and its commands",
    "integration/sinks/banks/test_process": "the process of the release",
    "integration/processing/test_workers": "worker processes of any processor",
    "integration/streams/test_workers": "worker processes",
    "integration/whole": "the whole hub",
}
# Modules without a test of their own name, by the beginning of their path, and who looks at them instead.
LOOKED_AT_BY_OTHERS = {
    "bus/avro/": "tests/unit/bus/avro/test_encoding.py, and every test that reads a topic",
    "bus/config": "values without a decision",
    "bus/reading/": "tests/integration/proofs/test_reconcile.py reads every topic by them",
    "bus/registry_http": "tests/integration/banks/test_clients.py",
    "bus/sole_writer": "tests/integration/sinks/banks/test_recording.py",
    "bus/transactions": "tests/integration/sinks/test_upstream.py",
    "catalogue/avro": "tests/unit/catalogue/test_schema_versions.py",
    "catalogue/envelope": "tests/unit/rules/test_merge.py",
    "catalogue/errors": "tests/unit/house/test_errors.py",
    "catalogue/load": "tests/unit/catalogue/test_notice.py",
    "catalogue/model": "tests/unit/catalogue/test_notice.py",
    "catalogue/plain_values": "tests/unit/queries/test_values.py",
    "catalogue/wire/": "tests/integration/bus/test_registration.py registers every one of them",
    "connectors/files/": "tests/unit/connectors/files/test_tables.py",
    "connectors/tables": "values without a decision",
    "connectors/postgres": "tests/integration/sinks/test_postgres.py",
    "federation/": "tests/unit/federation/receiver/test_app.py, over HTTP",
    "hub/": "tests/integration/whole/test_declared.py, tests/integration/stack/test_command_line.py and `make demo`",
    "monitoring/": "tests/integration/streams/test_workers.py asks the processes over HTTP",
    "portal/": "tests/integration/portal/test_app.py and tests/integration/portal/test_office.py",
    "processing/": "tests/integration/processing/test_partition.py puts each processor of its cases through it",
    "producers/": "tests/integration/producers/submissions/test_push.py, by what it sends",
    "validation/observations": "values without a decision",
    "proofs/audit/": "tests/unit/proofs/audit/test_verification.py does everything to the chains that can be done",
    "proofs/continuous/": "tests/integration/proofs/test_continuous.py breaks each arrow in turn",
    "proofs/reconcile/": "tests/integration/proofs/test_reconcile.py breaks each arrow in turn",
    "proofs/release/": "tests/unit/proofs/release/test_replay.py, and tests/integration/proofs/test_release.py",
    "proofs/replay/": "tests/integration/proofs/test_verify_state.py",
    "queries/": "tests/integration/queries/test_queries.py",
    "rules/indicators/": "tests/unit/streams/merge/test_rolling.py compares tiles with the plain definition",
    "rules/rating/": "tests/unit/rules/rating/test_scoring.py, and tests/unit/laws/test_law_of_ratings.py",
    "rules/reference/": "tests/unit/rules/reference/test_reference.py",
    "rules/lists/": "tests/unit/rules/lists/test_membership.py, and tests/unit/streams/rating/test_day_close.py",
    "rules/definition_files": "tests/unit/rules/rating/test_loading.py",
    "rules/release/": "tests/unit/rules/release/test_projection.py",
    "simulation/": "tests/unit/simulation/test_city.py, by what it makes",
    "sinks/banks/": "tests/integration/sinks/banks/test_processor.py",
    "bus/change_feed": "tests/integration/sinks/test_upstream.py",
    "sinks/contract": "tests/unit/sinks/test_runner.py",
    "sinks/dead_letters": "tests/integration/sinks/test_upstream.py",
    "sinks/policies": "tests/integration/proofs/test_snapshots.py",
    "sinks/postgres/": "tests/integration/sinks/test_postgres.py",
    "sinks/snapshot_telling": "tests/integration/proofs/test_snapshots.py",
    "sinks/snapshots": "tests/integration/proofs/test_snapshots.py",
    "sinks/webhooks/": "tests/integration/sinks/webhooks/test_app.py",
    "sinks/upstream/": "tests/integration/sinks/test_upstream.py",
    "streams/": "tests/integration/streams/test_workers.py",
}
_NAMED_TEST = re.compile(r"tests/[\w/]+\.py")


def _tests() -> list[str]:
    """Return the test modules as their paths below ``tests``, without the suffix."""
    found = sorted(file for kind in _KINDS for file in (ROOT / "tests" / kind).rglob("test_*.py"))
    return [file.relative_to(ROOT / "tests").with_suffix("").as_posix() for file in found]


def _tested(test: str) -> str:
    """Return the path of the module that a test of this path is about, without the suffix."""
    path = Path(*Path(test).parts[1:])
    return path.with_name(path.name.removeprefix("test_")).as_posix()


def _paths() -> dict[str, bool]:
    """Return every module and package without the suffix, and whether it is a module with something in it."""
    return {
        module.path.removesuffix(".py").removesuffix("/__init__"): not module.path.endswith("__init__.py")
        for module in modules()
    }


def _begins_with(path: str, beginnings: Iterable[str]) -> str | None:
    return next((one for one in beginnings if path == one or path.startswith(one.rstrip("/") + "/")), None)


def _without_test(tests: Iterable[str]) -> list[str]:
    tested = {_tested(test) for test in tests}
    return [path for path, has_code in _paths().items() if has_code and path not in tested]


def _unused(named: Mapping[str, str], paths: Iterable[str]) -> set[str]:
    return set(named) - {one for path in paths if (one := _begins_with(path, named))}


def test_every_test_lies_where_its_module_lies() -> None:
    paths = _paths()
    strays = [test for test in _tests() if _tested(test) not in paths and not _begins_with(test, ABOUT_SEVERAL)]
    assert strays == []


def test_every_module_has_a_test_or_a_reason() -> None:
    without = _without_test(_tests())
    assert [path for path in without if not _begins_with(path, LOOKED_AT_BY_OTHERS)] == []


def test_the_reasons_are_of_today() -> None:
    assert _unused(ABOUT_SEVERAL, _tests()) == set()
    assert _unused(LOOKED_AT_BY_OTHERS, _without_test(_tests())) == set()
    named = [test for reason in LOOKED_AT_BY_OTHERS.values() for test in _NAMED_TEST.findall(reason)]
    assert [test for test in named if not (ROOT / test).exists()] == []
