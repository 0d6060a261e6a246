"""Where the registry stores its schemas."""

from hub.stack import registry


def test_the_registry_of_an_existing_server_gets_a_database_beside() -> None:
    store = registry.external_store("postgresql://me:p%40ss@db.example:6000/hub?sslmode=require")
    assert store.url == "jdbc:postgresql://db.example:6000/hub_registry?sslmode=require"
    assert (store.user, store.password) == ("me", "p@ss")


def test_a_database_that_is_named_is_used_as_it_is() -> None:
    store = registry.store_at("postgresql://registry:p%40ss@db.example/registry?sslmode=require")
    assert store.url == "jdbc:postgresql://db.example:5432/registry?sslmode=require"
    assert (store.user, store.password) == ("registry", "p@ss")
