"""Errors of the registry's client are translated once: what is unknown, what is away, and what is our own fault."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry.error import SchemaRegistryError

from bus.avro.registry import OfflineRegistry, ask, full_name
from bus.config import BusConfig
from catalogue import wire
from catalogue.errors import Unavailable


def failing(error: Exception) -> Callable[[], Any]:
    def question() -> Any:
        raise error

    return question


def test_an_answer_is_passed_on() -> None:
    assert ask(lambda: 7) == 7


def test_what_the_registry_does_not_know_is_none() -> None:
    assert ask(failing(SchemaRegistryError(404, 40401, "Subject not found"))) is None


@pytest.mark.parametrize("status", [409, 422, 500, 503])
def test_a_refusal_is_unavailable_with_what_was_asked(status: int) -> None:
    with pytest.raises(Unavailable, match=r"^The registry did not take X: "):
        ask(failing(SchemaRegistryError(status, status, "no")), "The registry did not take X")


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        ask(failing(KeyError("schema")))


def test_a_registry_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer") as away:
        ask(failing(httpx.ConnectError("refused")))
    assert away.value.remedy


def test_a_subject_is_the_real_topic_and_the_record_s_full_name() -> None:
    registry = OfflineRegistry(BusConfig("", "", topic_prefix="try."))
    assert full_name(wire.STATE) == "credithub.internal.State"
    assert registry.subject("credit.state.v1", wire.STATE) == "try.credit.state.v1-credithub.internal.State"
    assert registry.register("credit.state.v1", wire.STATE) == 0
