"""Every metric of the hub, in one place; docs/operations.md tells what each means.

No label is called ``process``, ``home`` or ``job``: those are the scrape's own, and say which process answered.
``stage`` is what works in it: ``merge``, ``rating``, ``release``, ``sink.postgres``, ``sink.upstream``,
``sink.webhooks``.
"""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# A series of its own for each counter that says when it began would be half of all series.
disable_created_metrics()  # type: ignore[no-untyped-call]

# What flows. ``topic`` is without prefix; of the merge's, one a category.
RECEIVED = Counter("credithub_events_received_total", "events that a stage took from a topic", ["stage", "topic"])
OUTCOMES = Counter(
    "credithub_event_outcomes_total", "what became of the events that a stage took", ["stage", "topic", "outcome"]
)
DELIVERIES = Counter("credithub_deliveries_total", "what a sink delivered, by outcome", ["stage", "outcome"])
REFUSALS = Counter("credithub_upstream_refusals_total", "requests that the platform above did not take", ["status"])
WEBHOOK_REQUESTS = Counter(
    "credithub_webhook_requests_total", "requests to the webhooks of recipients, by what came of them",
    ["recipient", "outcome"],
)  # fmt: skip
WEBHOOK_FAILING = Gauge(
    "credithub_webhook_failing_seconds", "how long the oldest failing message of a webhook has failed; 0: none fails",
    ["recipient"],
)  # fmt: skip
WEBHOOK_SUSPENDED = Gauge(
    "credithub_webhook_suspended_partitions", "partitions of which nothing is sent until an operator resumes it",
    ["recipient"],
)  # fmt: skip
DOOR_ANSWERS = Counter("credithub_registry_door_answers_total", "answers to banks that read schemas", ["status"])
REJECTED_ROWS = Counter("credithub_rejected_rows_total", "rows that were not taken, each counted once", ["item"])
REJECTION_REASONS = Counter(
    "credithub_rejection_reasons_total", "reasons of the rows that were not taken; a row may have several",
    ["item", "reason"],
)  # fmt: skip
RATED = Gauge("credithub_rated_subjects", "enterprises by the grade that counts, by model", ["model", "grade"])
REFERENCES_WAITING = Gauge(
    "credithub_references_waiting_seconds", "for how long a month has begun without its references; 0: it has them"
)
LISTED = Gauge("credithub_listed_subjects", "enterprises by list and status", ["list", "status"])
CONSENTS = Gauge("credithub_consents", "consents (授权) by state", ["state"])
CONSENT_ACTS = Counter("credithub_consent_acts_total", "transitions of consents that were written", ["act", "reason"])
PORTAL_ANSWERS = Counter("credithub_portal_answers_total", "answers of the portal, by HTTP status", ["status"])
AUDIT_ENTRIES = Counter(
    "credithub_audit_entries_total",
    "what the portal was asked, as the audit log has it: answered, refused, or summed_up with others",
    ["outcome"],
)
AUDIT_WITHHELD = Counter(
    "credithub_audit_withheld_answers_total", "answers that were withheld because they could not be audited"
)
ANCHORS = Counter("credithub_anchors_total", "how often the heads of the chains had moved, and were signed")
ANCHOR_LOOKED_AT = Gauge(
    "credithub_anchor_timestamp_seconds", "when the newest anchor was last seen to say what the chains say"
)
PAGE_LINKS = Counter(
    "credithub_page_links_total", "one-time links to the enterprises' pages, by what became of them", ["outcome"]
)
RECIPIENT_ANSWERS = Counter(
    "credithub_recipient_answers_total", "answers to recipients, by what was asked and the code of a refusal, or OK",
    ["asked", "code"],
)  # fmt: skip
DELETIONS_DUE = Gauge(
    "credithub_deletions_due", "ended consents for which a recipient's receipt of deletion is waited for", ["recipient"]
)
DELETIONS_OVERDUE = Gauge("credithub_deletions_overdue", "of those, whose last day for it has passed", ["recipient"])
RETURNED_ENTRIES = Counter(
    "credithub_returned_entries_total", "receipts of deletion and outcomes of loans that were taken", ["kind"]
)
UNRESOLVED = Gauge("credithub_unresolved_rows", "rows that wait until their subject is known", ["item"])

# What waits.
LAG_MESSAGES = Gauge(
    "credithub_lag_messages", "offsets from the oldest message that waits to the end; 0: nothing waits",
    ["stage", "topic", "partition"],
)  # fmt: skip
LAG_SECONDS = Gauge(
    "credithub_lag_seconds", "age of the oldest message that waits; 0: nothing waits", ["stage", "topic", "partition"]
)
STALLED = Gauge("credithub_stalled_seconds", "how long something waits and nothing moves; 0: it moves", ["stage"])
NEWEST = Gauge("credithub_newest_event_timestamp_seconds", "time of the newest event handled", ["stage", "topic"])
DELIVERED_AT = Gauge("credithub_last_delivery_timestamp_seconds", "when a stage last committed a batch", ["stage"])

# How it works.
BATCH = Histogram("credithub_batch_duration_seconds", "time to handle one batch", ["stage"])
BATCH_EVENTS = Histogram(
    "credithub_batch_events", "events in one batch", ["stage"], buckets=(1, 10, 100, 500, 1000, 2000, 4000, 8000)
)
RESTORED = Counter("credithub_restored_records_total", "records a store was filled with", ["stage", "topic"])
STANDBYS = Gauge("credithub_standby_partitions", "partitions of which this worker keeps a warm copy", ["stage"])

# How the hub is. Those with labels that seem of no use have them so that only the process that knows it tells it.
READY = Gauge("credithub_ready", "1 when /readyz answers 200")
PROCESS = Gauge("credithub_process_info", "1; which process answers, and of which home", ["folder", "name", "pid"])
RESTARTS = Counter("credithub_process_restarts_total", "how often the supervisor started a process again", ["name"])
HEALTHY = Gauge("credithub_process_healthy", "1 when the supervisor finds a process healthy", ["name"])
BROKER_ANSWERED = Gauge(
    "credithub_broker_answered_timestamp_seconds",
    "when Kafka last answered this process, which asks every 5 s",
    ["stage"],
)
DISK_FREE = Gauge("credithub_disk_free_bytes", "free space where the hub's home lies")
BUSINESS_DATE = Gauge(
    "credithub_business_date_timestamp_seconds", "midnight of the newest published business date", ["topic"]
)
KEY_WRITTEN = Gauge("credithub_key_written_timestamp_seconds", "when the newest key was made", ["kind"])
CERTIFICATE_ENDS = Gauge(
    "credithub_certificate_not_after_timestamp_seconds", "until when a certificate that a process shows is valid",
    ["certificate"],
)  # fmt: skip

DIFFERENCE = Gauge("credithub_reconcile_difference", "messages lost, doubled or altered, by arrow", ["arrow"])
PENDING = Gauge("credithub_reconcile_pending", "messages that the stage behind an arrow has still to read", ["arrow"])
OLDEST_PENDING = Gauge(
    "credithub_reconcile_oldest_pending_seconds", "age of the oldest of these; 0 when there are none", ["arrow"]
)
LAST_PASS = Gauge("credithub_reconcile_last_pass_timestamp_seconds", "when the proof last looked at every arrow")


def begin_stage(stage: str, topics: Iterable[str], outcomes: Iterable[str], deliveries: Iterable[str] = ()) -> None:
    """Let a stage's counts begin at 0: Prometheus sees no increase in a series that begins with 1."""
    STALLED.labels(stage)
    for topic in topics:
        RECEIVED.labels(stage, topic)
        for outcome in outcomes:
            OUTCOMES.labels(stage, topic, outcome)
    for delivery in deliveries:
        DELIVERIES.labels(stage, delivery)
