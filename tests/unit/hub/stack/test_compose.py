"""docker-compose.yml is valid, and says the same as the settings and the embedded stack."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import typer
import yaml

from bus.access import at, login
from bus.principals import principals
from bus.users import ADMIN, OFFICE, PUSH, QUERIES, RATER, WORKER
from catalogue.load import load_catalogue
from hub import commands
from hub.commands.access import compose_variable
from hub.database_access import DatabaseRole
from hub.liveness import HUNG_AFTER_S
from hub.processes import hub_processes
from hub.settings import SETTING_PATHS, Settings, endpoints, exact_settings, load_settings, plain_settings
from hub.stack import kafka, versions
from hub.variables import variable
from sinks.banks.recipients import bank_ids
from tests.compose import DEMANDED, interpolated
from tests.conftest import READ_BY_TESTS

REPOSITORY = Path(__file__).parents[4]
FIELDS = {variable(name) for name in SETTING_PATHS}
# What only the embedded stack, which has no images, has a use for.
EMBEDDED_ONLY = {
    "CREDITHUB_CACHE",
    "CREDITHUB_JAR_REPOSITORY",
    "CREDITHUB_PIN_PORTS",
    "CREDITHUB_METRICS_PORT",
    "CREDITHUB_POSTGRES_REGISTRY_DSN",
}
# Addresses, folders and the JVM: these differ by nature.
PLACE = {
    "process.roles", "node.id", "controller.quorum.voters", "listeners", "controller.listener.names",
    "listener.security.protocol.map", "log.dirs", "log.cleaner.dedupe.buffer.size", "log.cleaner.threads",
    "num.network.threads", "num.io.threads", "num.recovery.threads.per.data.dir", "background.threads",
    "inter.broker.listener.name",
}  # fmt: skip
# Where the key file lies, and the services that close or open with it, or make it.
KEYS = Path("/var/lib/credithub-keys")
WITH_KEYS = {"prepare", "worker", "rater", "release", "portal"}
# Where certificates lie, and the services that serve by them.
CERTS = Path("/var/lib/credithub-certs")
WITH_CERTS = {"registry-door"}
WEBHOOKS, WITH_WEBHOOKS = Path("/var/lib/credithub-webhooks"), {"prepare", "sink-webhooks"}
SERVICES = {"kafka", "postgres", "registry", "prepare", "prometheus", "alerting", "alertmanager", "grafana"}


@pytest.fixture(scope="module")
def text() -> str:
    return (REPOSITORY / "docker-compose.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def compose(text: str) -> dict[str, Any]:
    loaded = yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded


def wanted_processes() -> dict[str, tuple[str, ...]]:
    processes = hub_processes(exact_settings(), upstream_port=8090)
    wanted = {process.name: process.arguments for process in processes}
    # Replicas of one service, each of which takes a number.
    del wanted["worker-0"]
    return {**wanted, "worker": ("worker",)}


def test_it_is_valid_by_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads((REPOSITORY / "tests/data/compose-spec/compose-spec.json").read_text("utf-8"))
    # The schema spells its draft with https, which jsonschema does not know, so we name it here.
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(compose)
    compose["services"]["kafka"]["imagee"] = "x"
    assert not validator.is_valid(compose)
    del compose["services"]["kafka"]["imagee"]


def test_it_knows_the_same_settings_as_the_hub(text: str) -> None:
    named = set(re.findall(r"CREDITHUB_[A-Z_]+", text))
    assert named - FIELDS == set(), "the compose file names what is no setting"
    assert FIELDS - named == EMBEDDED_ONLY, "a setting is missing in docker-compose.yml"


def test_the_example_names_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in READ_BY_TESTS:
        monkeypatch.delenv(name, raising=False)
    example = (REPOSITORY / "credithub.env.example").read_text("utf-8")
    lines = dict(re.findall(r"^(CREDITHUB_[A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert set(lines) == FIELDS
    read = Settings(_env_file=REPOSITORY / "credithub.env.example")  # type: ignore[call-arg]
    assert read.model_dump() == exact_settings().model_dump()


def test_defaults_in_the_compose_file_are_those_of_the_hub(text: str) -> None:
    defaults = plain_settings(exact_settings())
    addresses = {
        "CREDITHUB_KAFKA_BOOTSTRAP",
        "CREDITHUB_REGISTRY_URL",
        "CREDITHUB_POSTGRES_DSN",
        *(f"CREDITHUB_POSTGRES_{role.upper()}_DSN" for role in DatabaseRole),
        "CREDITHUB_UPSTREAM_URL",
        "CREDITHUB_PORTAL_URL",
        "CREDITHUB_KAFKA_ACCESS",
        "CREDITHUB_KEY_FILE",
        "CREDITHUB_CERTS_FOLDER",
        "CREDITHUB_WEBHOOKS_FOLDER",
    }
    seen = 0
    for name, default in re.findall(r"\$\{(CREDITHUB_[A-Z_]+):-([^${}]*)\}", text):
        if name in addresses:
            continue
        own = defaults[name.removeprefix("CREDITHUB_").lower()]
        assert default == ("" if own is None else str(own)), name
        seen += 1
    assert seen >= 10


def test_versions_agree(compose: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items() if name in SERVICES}
    assert images["kafka"] == f"apache/kafka:{versions.KAFKA}"
    assert images["registry"] == f"apicurio/apicurio-registry:{versions.REGISTRY}"
    assert images["postgres"] == f"postgres:{versions.POSTGRES_MAJOR}"


def test_the_broker_is_set_as_the_embedded_one() -> None:
    node = kafka.BrokerNode(1, Path("/x"), 9092, 9094, 9093, DEMANDED["KAFKA_NODE_PASSWORD"])
    lines = [line for line in kafka.properties(node).splitlines() if line and not line.startswith("#")]
    embedded = dict(line.split("=", 1) for line in lines)
    container = interpolated(DEMANDED)["services"]["kafka"]["environment"]
    for name in embedded.keys() - PLACE:
        variable = f"KAFKA_{name.upper().replace('.', '_').replace('-', '___')}"
        assert container.get(variable, "").rstrip() == embedded[name], name
    # Banks come by another door than the containers, which asks the same.
    for name in ("sasl.enabled.mechanisms", "scram-sha-512.sasl.jaas.config"):
        variable = f"KAFKA_LISTENER_NAME_HOST_{name.upper().replace('.', '_').replace('-', '___')}"
        assert container[variable] == embedded[f"listener.name.client.{name}"]


def test_it_runs_the_hubs_processes(compose: dict[str, Any]) -> None:
    wanted = wanted_processes()
    own = {name: service for name, service in compose["services"].items() if name not in SERVICES}
    assert set(own) == set(wanted), "add or remove the service in docker-compose.yml (see hub/processes.py)"
    for name, arguments in wanted.items():
        assert own[name]["command"] == [*arguments, "--metrics-port", "9400"]
        assert own[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
    assert compose["services"]["prepare"]["command"] == ["prepare"]


def test_a_process_that_hangs_is_ended_by_its_health_check(compose: dict[str, Any]) -> None:
    check = compose["x-hub"]["healthcheck"]
    *_, program, port = check["test"]
    assert (REPOSITORY / program.removeprefix("/opt/credithub/")).exists()
    assert compose["x-hub"]["init"]
    assert float(check["timeout"].removesuffix("s")) > HUNG_AFTER_S + 10
    assert all(compose["services"][name]["command"][-1] == port for name in wanted_processes())
    assert compose["services"]["prepare"]["healthcheck"] == {"disable": True}


def test_prometheus_scrapes_every_process() -> None:
    config = yaml.safe_load((REPOSITORY / "monitoring/prometheus/prometheus.yml").read_text("utf-8"))
    groups = config["scrape_configs"][0]["static_configs"]
    found = {group["labels"]["process"]: group["targets"] for group in groups}
    assert found == {name: [f"{name}:9400"] for name in wanted_processes() if name != "worker"}
    assert config["scrape_configs"][0]["dns_sd_configs"][0]["names"] == ["worker"]


def test_status_asks_every_process(compose: dict[str, Any]) -> None:
    addresses = compose["x-hub"]["environment"]["CREDITHUB_PROCESS_ADDRESSES"].split(",")
    assert set(addresses) == {f"{name}:9400" for name in wanted_processes()}


def test_what_is_mounted_exists(compose: dict[str, Any]) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", ())]
    local = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert local
    for path in local:
        assert (REPOSITORY / path).exists(), path


def test_the_keys_are_mounted_only_where_they_are_used(compose: dict[str, Any]) -> None:
    mounts = {name: [m.split(":")[:2] for m in s.get("volumes", ())] for name, s in compose["services"].items()}
    assert {name for name, mounted in mounts.items() if ["keys", str(KEYS)] in mounted} == WITH_KEYS
    assert sum(volume == "keys" for mounted in mounts.values() for volume, _ in mounted) == len(WITH_KEYS)
    # Not below a folder that others share, and the image gives the volume its owner.
    assert not KEYS.is_relative_to(compose["x-hub"]["environment"]["CREDITHUB_HOME"])
    image = (REPOSITORY / "deploy/Dockerfile").read_text("utf-8")
    assert f"chmod 0700 {KEYS}" in image
    assert re.search(f"chown credithub:credithub .*{KEYS} ", image)


def test_the_secrets_of_webhooks_are_mounted_where_they_sign_and_no_key_beside_them(compose: dict[str, Any]) -> None:
    mounts = {name: [m.split(":")[:2] for m in s.get("volumes", ())] for name, s in compose["services"].items()}
    assert {name for name, mounted in mounts.items() if ["webhooks", str(WEBHOOKS)] in mounted} == WITH_WEBHOOKS
    assert sum(volume == "webhooks" for mounted in mounts.values() for volume, _ in mounted) == len(WITH_WEBHOOKS)
    image = (REPOSITORY / "deploy/Dockerfile").read_text("utf-8")
    assert re.search(f"chmod 0700 .*{WEBHOOKS} ", image)
    assert re.search(f"chown credithub:credithub .*{WEBHOOKS} ", image)


def test_certificates_are_mounted_only_where_they_are_served(compose: dict[str, Any]) -> None:
    mounts = {name: [m.split(":")[:2] for m in s.get("volumes", ())] for name, s in compose["services"].items()}
    assert {name for name, mounted in mounts.items() if ["certs", str(CERTS)] in mounted} == WITH_CERTS
    assert sum(volume == "certs" for mounted in mounts.values() for volume, _ in mounted) == len(WITH_CERTS)
    assert not CERTS.is_relative_to(compose["x-hub"]["environment"]["CREDITHUB_HOME"])
    image = (REPOSITORY / "deploy/Dockerfile").read_text("utf-8")
    assert re.search(f"chmod 0700 .*{CERTS}", image)
    assert re.search(f"chown credithub:credithub .*{CERTS} ", image)


def test_the_registry_is_never_opened_to_others_and_its_door_where_it_is_said() -> None:
    opened = interpolated({**DEMANDED, "REGISTRY_DOOR_LISTEN": "10.1.2.3"})["services"]
    assert opened["registry"]["ports"] == ["127.0.0.1:8081:8080"]
    assert opened["registry-door"]["ports"] == ["10.1.2.3:8082:8082"]


def test_each_container_has_the_client_files_of_its_own_users() -> None:
    compose = interpolated({**DEMANDED, "CREDITHUB_TOPIC_PREFIX": "x."})
    own = {process.name: process.user for process in hub_processes(exact_settings(), 8090)}
    del own["worker-0"]
    every = [one.name for one in principals(load_catalogue(), bank_ids())]
    wanted = {name: {user, QUERIES} - {""} for name, user in own.items()} | {
        "prepare": {ADMIN, *every},
        # A push runs where the keys are.
        "worker": {WORKER, PUSH, QUERIES},
        "rater": {RATER, OFFICE, QUERIES},
    }
    folder = compose["services"]["prepare"]["environment"]["CREDITHUB_KAFKA_ACCESS"]
    for service, users in wanted.items():
        mounted = compose["services"][service]["configs"]
        assert {one["target"] for one in mounted} == {f"{folder}/{user}.json" for user in users}, service
        assert all((one["uid"], one["gid"], one["mode"]) == ("10001", "10001", 0o400) for one in mounted)
        for one in mounted:
            user = Path(one["target"]).stem
            said = json.loads(compose["configs"][one["source"]]["content"])
            if user == ADMIN:
                assert said == at("kafka:29093", login(kafka.NODE, DEMANDED["KAFKA_NODE_PASSWORD"], "PLAIN"))
            else:
                assert said == login(f"x.{user}", DEMANDED[compose_variable(user)], "SCRAM-SHA-512")


def test_adding_a_worker_is_one_number() -> None:
    services = interpolated({**DEMANDED, "CREDITHUB_WORKERS": "3"})["services"]
    assert services["worker"]["scale"] == "3"
    assert services["worker"]["environment"]["CREDITHUB_WORKERS"] == "3"


def test_a_bank_reaches_the_broker_by_the_name_in_its_guide() -> None:
    opened = {"KAFKA_HOST": "hub.example", "KAFKA_LISTEN": "0.0.0.0"}
    kafka_service = interpolated({**DEMANDED, **opened})["services"]["kafka"]
    assert kafka_service["environment"]["KAFKA_ADVERTISED_LISTENERS"].endswith("HOST://hub.example:9092")
    assert kafka_service["ports"] == ["0.0.0.0:9092:9092"]


def test_the_database_is_not_healthy_before_it_listens_and_the_broker_s_check_starts_no_jvm(
    compose: dict[str, Any],
) -> None:
    checks = {name: compose["services"][name]["healthcheck"]["test"] for name in ("postgres", "kafka")}
    assert checks["postgres"][:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]
    assert ".sh" not in " ".join(checks["kafka"])


def test_each_container_logs_in_to_postgresql_as_what_it_needs() -> None:
    services = interpolated(DEMANDED)["services"]
    beside_reading = {"prepare": "owner", "sink-postgres": "sink", "proof": "proof", "portal": "portal"}
    for name in ("prepare", *wanted_processes()):
        written = json.dumps(services[name]["environment"])
        users = set(re.findall(r"postgresql://credithub_(\w+):secret-\1_@", written))
        assert users == {"reader"} | ({beside_reading[name]} if name in beside_reading else set()), name
        assert written.count("secret-") == len(users)
    assert services["registry"]["environment"]["APICURIO_DATASOURCE_USERNAME"] == "registry"
    assert services["registry"]["environment"]["APICURIO_DATASOURCE_PASSWORD"] == "secret-registry_"


def test_an_address_that_is_named_for_all_is_everybody_s() -> None:
    services = interpolated({**DEMANDED, "CREDITHUB_POSTGRES_DSN": "postgresql://one@db.example/hub"})["services"]
    for name in ("prepare", *wanted_processes()):
        addresses = {v for k, v in services[name]["environment"].items() if k.startswith("CREDITHUB_POSTGRES_")}
        assert addresses == {"postgresql://one@db.example/hub"}


def test_the_roles_are_made_with_the_passwords_that_the_containers_have(compose: dict[str, Any]) -> None:
    script = (REPOSITORY / "deploy/postgres-init.sql").read_text("utf-8")
    service = compose["services"]["postgres"]
    assert set(re.findall(r"\\getenv \w+ (\w+)", script)) == {
        name for name in service["environment"] if name.endswith("_PASSWORD")
    } - {"POSTGRES_PASSWORD"}
    assert "./deploy/postgres-init.sql:/docker-entrypoint-initdb.d/roles.sql:ro" in service["volumes"]


@pytest.mark.parametrize("service", ["prepare", "alerting", *wanted_processes()])
def test_a_container_s_command_and_settings_are_understood(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    container = interpolated(DEMANDED)["services"][service]
    for name in READ_BY_TESTS:
        monkeypatch.delenv(name, raising=False)
    for name, value in container["environment"].items():
        monkeypatch.setenv(name, str(value))
    settings = load_settings()
    assert endpoints(settings).postgres_reader_dsn == (
        "postgresql://credithub_reader:secret-reader_@postgres:5432/credithub"
    )
    assert settings.alert.webhook is None
    assert settings.keys.parent == KEYS
    assert settings.certificates == CERTS
    app = typer.Typer()
    app.callback()(lambda: None)
    commands.register(app)
    name, *arguments = container["command"]
    group: Any = typer.main.get_command(app)
    # Raises for an option or an argument that the command does not have.
    group.commands[name].make_context(name, list(arguments))


@pytest.mark.parametrize("name", DEMANDED)
def test_nothing_starts_without_a_secret_that_is_demanded(name: str) -> None:
    example = (REPOSITORY / "credithub.env.example").read_text("utf-8")
    assert f"\n{name}=\n" in example
    with pytest.raises(KeyError, match=f"set {name} in credithub.env"):
        interpolated({**DEMANDED, name: ""})


def test_a_container_is_told_no_secret_but_its_own() -> None:
    contact = {"CREDITHUB_ALERT_WEBHOOK": "http://localhost/called", "CREDITHUB_ALERT_MAIL_PASSWORD": "mailed"}
    services = interpolated({**DEMANDED, **contact})["services"]

    def told(name: str) -> set[str]:
        return {service for service, one in services.items() if name in one.get("environment", {})}

    processes = [*hub_processes(exact_settings(), upstream_port=8090)]
    for token in ("upstream_token", "portal_token"):
        assert told(variable(token)) == {p.name for p in processes if token in p.secrets}
    assert {name: told(name) for name in contact} == {name: {"alerting"} for name in contact}
    for service, one in services.items():
        assert not any(secret in str(one.get("command", "")) for secret in {**DEMANDED, **contact}.values()), service


def test_grafana_asks_who_comes() -> None:
    grafana = interpolated(DEMANDED)["services"]["grafana"]["environment"]
    assert grafana["GF_SECURITY_ADMIN_PASSWORD"] == DEMANDED["GRAFANA_PASSWORD"]
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_grafana_shows_what_is_not_published() -> None:
    """Its data sources are the services by their names, in a network that it is in."""
    services = interpolated(DEMANDED)["services"]
    shown = set()
    for file in (REPOSITORY / "monitoring/grafana/provisioning/datasources").glob("*.yml"):
        for source in yaml.safe_load(file.read_text("utf-8"))["datasources"]:
            name = urlsplit(source["url"]).hostname
            assert set(services[name]["networks"]) & set(services["grafana"]["networks"]), name
            assert "ports" not in services[name], name
            shown.add(name)
    assert shown == {"prometheus", "alertmanager"}


def test_metrics_are_for_the_hub_and_prometheus_alone() -> None:
    compose = interpolated(DEMANDED)
    services = compose["services"]
    assert compose["networks"]["metrics"] == {"internal": True}
    of_the_hub = {name for name, one in services.items() if one["image"].startswith("credithub:")}
    assert {name for name, one in services.items() if "metrics" in one["networks"]} == {*of_the_hub, "prometheus"}
    # Who only watches does not come to the services and the processes.
    for name in ("prometheus", "alertmanager", "grafana"):
        assert "services" not in services[name]["networks"], name
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert set(published) == {"kafka", "registry", "registry-door", "portal", "postgres", "upstream", "grafana"}
    for name, ports in published.items():
        assert all(port.startswith("127.0.0.1:") for port in ports), name
