"""The settings in groups, each about one thing; `hub.settings` puts them together and reads them."""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from hub.variables import SettingsGroup

# A session over http would be anybody's on the way; on this machine there is no way.
_PAGES_URL = r"^(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?/?$"


class StackSettings(SettingsGroup):
    """How the embedded stack gets its programs and its ports."""

    cache: Path | None = Field(
        default=None, description="downloads of the embedded stack, may be shared; unset: <home>/cache"
    )
    jar_repository: str | None = Field(
        default=None, description="a mirror to download the jars from; unset: jgo's default"
    )
    pin_ports: bool = Field(
        default=False, description="fail when a preferred port is taken instead of choosing another"
    )


class RegistrySettings(SettingsGroup):
    """The schema registry."""

    prefix = "registry_"

    url: str | None = Field(
        default=None, description="an existing registry with the Confluent API; unset: the embedded one"
    )
    port: int = Field(default=8081, description="port the embedded registry prefers")


class RegistryDoorSettings(SettingsGroup):
    """The registry's door for banks."""

    prefix = "registry_door_"

    port: int = Field(default=8082, description="port that it prefers")
    host: str = Field(default="127.0.0.1", description="interface that it listens on; 0.0.0.0: all")


class PortalSettings(SettingsGroup):
    """The portal, which writes consents and answers recipients."""

    prefix = "portal_"

    url: str | None = Field(default=None, description="where the portal answers; unset: the embedded one")
    port: int = Field(default=8083, description="port that it prefers")
    pages_url: Annotated[str, StringConstraints(pattern=_PAGES_URL)] | None = Field(
        default=None,
        description="where enterprises reach their pages, as in https://credit.example; unset: on this machine alone",
    )
    token: Annotated[str, StringConstraints(strip_whitespace=True)] | None = Field(
        default=None, repr=False, description="what operators' commands carry; unset: one is made for the embedded one"
    )
    issuer: Annotated[str, StringConstraints(strip_whitespace=True)] | None = Field(
        default=None,
        description="what recipients' assertions are addressed to (aud); unset: urn:credithub:<region>",
    )
    questions_a_day: int = Field(
        default=100, ge=2, description="questions and scores about one enterprise a day, of all recipients together"
    )
    term_days: float = Field(
        default=90, gt=0, le=1098, description="how long a consent lasts whose request names no last day, in days"
    )


class UpstreamSettings(SettingsGroup):
    """The platform above, which this node reports to."""

    prefix = "upstream_"

    url: str | None = Field(default=None, description="the upstream platform's interface; unset: the reference node")
    port: int = Field(default=8090, description="port the reference upstream node prefers")
    profile: str = Field(default="provincial", description="provincial or national: sinks/upstream/<profile>.yaml")
    token: Annotated[str, StringConstraints(strip_whitespace=True)] | None = Field(
        default=None,
        repr=False,
        description="what authenticates this node at the platform above; unset: one is made for the embedded node",
    )
    ca: Path | None = Field(
        default=None, description="PEM of the authorities trusted for it by https; unset: those that browsers know"
    )
    cert: Path | None = Field(default=None, description="PEM of this node's certificate for the platform above")
    key: Path | None = Field(default=None, description="PEM of its private key; unset: it lies in the same file")


class WebhookSettings(SettingsGroup):
    """The webhooks of recipients."""

    prefix = "webhooks_"

    folder: Path | None = Field(
        default=None, description="where their secrets lie, a file each; unset: webhooks beside the key file"
    )
    ca: Path | None = Field(
        default=None, description="PEM of the authorities trusted for them; unset: those that browsers know"
    )


class SinkSettings(SettingsGroup):
    """The sinks."""

    prefix = "sink_"

    behind_s: int = Field(
        default=60, ge=1, description="age in seconds of an undelivered event from which on a sink is not ready"
    )


class BusSettings(SettingsGroup):
    """The shape of the topics."""

    topic_prefix: str = Field(
        default="",
        pattern="^[A-Za-z0-9._-]{0,64}$",
        description="put before every topic and group name; each needs a database of its own",
    )
    partitions: int = Field(
        default=8, ge=1, le=256, description="partitions of every topic keyed by subject; fixed at creation"
    )
    replication: int = Field(default=1, ge=1, le=5, description="replicas of every topic")


class ProcessSettings(SettingsGroup):
    """The hub's own processes."""

    workers: int = Field(default=1, ge=0, le=64, description="stream workers that the supervisor runs")
    metrics_port: int = Field(default=9400, description="first of the ports the processes serve /metrics on")
    listen_host: str = Field(
        default="127.0.0.1",
        description="interface that the hub's own servers listen on; 0.0.0.0 in a container",
    )
    process_addresses: str | None = Field(
        default=None,
        description="host:port[,…] of the processes' /metrics and /readyz, where others than `credithub up` run them",
    )
    accept_date: date | None = Field(
        default=None, description="a day that the clock may jump to, more than a month ahead; unset: none"
    )


class AlertSettings(SettingsGroup):
    """Whom Alertmanager tells."""

    prefix = "alert_"

    webhook: str | None = Field(default=None, repr=False, description="a URL that is called with each alert")
    mail_to: str | None = Field(default=None, description="an address that each alert is sent to")
    mail_from: str | None = Field(default=None, description="the sender; unset: the same address")
    mail_server: str = Field(default="localhost:25", description="the mail server, host:port")
    mail_tls: bool = Field(default=True, description="refuse a mail server that does not encrypt")
    mail_user: str | None = Field(default=None, description="who logs in at the mail server; unset: nobody")
    mail_password: str | None = Field(default=None, repr=False, description="that user's password")


class CertificateSettings(SettingsGroup):
    """The certificates that ``credithub certs`` makes."""

    prefix = "certs_"

    folder: Path | None = Field(default=None, description="where they lie; unset: <home>/certs")
    names: str = Field(
        default="",
        description="names and addresses[,…] by which clients reach this hub's servers, apart from loopback",
    )
