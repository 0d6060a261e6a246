"""What holds for every test: nobody's settings reach it, and the services are shared."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.services import (
    HOME_VARIABLE,
    REPOSITORY,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_unconfigure,
    pytest_xdist_make_scheduler,
)

__all__ = ["pytest_collection_modifyitems", "pytest_configure", "pytest_unconfigure", "pytest_xdist_make_scheduler"]

# A slow machine proves nothing against a law: how long an example takes is not what these tests are about.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# What the tests themselves read: a running stack to use, and where downloads lie and come from.
READ_BY_TESTS = (HOME_VARIABLE, "CREDITHUB_CACHE", "CREDITHUB_JAR_REPOSITORY")


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the ``CREDITHUB_…`` variables and the credithub.env of whoever runs the tests, from child processes too.

    Settings are read from the environment and from the current folder, so the tests run in an empty one. Programs that
    they start find the packages of the checkout by PYTHONPATH, as they would if they ran in it.
    """
    own = {name: path for name in READ_BY_TESTS[:2] if (path := os.environ.get(name))}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CREDITHUB_") and name not in READ_BY_TESTS]:
            patch.delenv(name)
        for name, path in own.items():
            patch.setenv(name, str(Path(path).absolute()))
        patch.setenv("PYTHONPATH", str(REPOSITORY), prepend=os.pathsep)
        patch.chdir(tmp_path_factory.mktemp("empty"))
        yield
