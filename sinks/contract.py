"""What a sink is: the contract between the runner (``sinks.runner``) and each receiver."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from confluent_kafka import Consumer, Message

from bus.reading.offsets import TopicPartition
from sinks.holding import Patience

Prepared = TypeVar("Prepared")


class Sink(ABC, Generic[Prepared]):
    """Delivers messages to one receiver: a batch and its positions are kept together, or neither is.

    The runner calls everything from one thread, in this order::

        open → ( prepare → start → deliver )… → close

    ``open`` takes the positions of the last delivery and leaves ``consumer`` reading from there. It may be called again
    after it failed. ``prepare`` decodes and encodes; nothing leaves the process. ``start`` may begin to send in the
    background. ``deliver`` ends the batch: when it returns, receiver and positions are durable. While a batch of a
    ``pipelined`` sink is being sent, the next one is read and prepared.

    What a sink raises says what happens next:

    Unavailable     The receiver, or what else is needed, is away, and nothing of the batch is committed. The runner
                    calls ``discard``, waits at least ``retry_after_s``, and reads again from where the batch began. So
                    messages come twice, and are cut into other batches: writing them again must change nothing.
    KafkaException  The transaction failed, or another process took over. The runner calls ``abort`` and the process
                    ends: an aborted producer is never used again (``bus.transactions.abort`` says why).
    IntegrityError  Going on would lose or repeat messages: the process ends and a person has to act.

    A message that can never be read holds nobody up: the sink counts it (``sinks.dead_letters``) and leaves it out.
    """

    batch_size: int
    """The most messages in one batch; the runner asks before each."""
    poll_s: ClassVar[float]
    """How long a batch waits to fill."""
    pipelined: ClassVar[bool] = False
    longest_wait_s: ClassVar[float] = 0.5
    """Up to where the runner's own back-off grows, in seconds; ``retry_after_s`` may ask for more."""

    name: str
    """The stage in metrics and logs."""
    outcomes: ClassVar[tuple[str, ...]] = ("delivered",)
    """What ``deliver`` may count."""
    sources: Mapping[str, str]
    """The topics that are read: real name → name without prefix."""
    consumer: Consumer
    reached: dict[TopicPartition, int]
    """The next offset of each partition that is read here: set with the positions, moved by the runner behind each
    delivery."""

    @abstractmethod
    def open(self, patience: Patience) -> None:
        """Take the positions; raises IntegrityError when they are lost, or not of these topics.

        ``patience`` is for what has to be waited for later, outside of a batch.
        """

    @abstractmethod
    def prepare(self, messages: Sequence[Message]) -> Prepared:
        """Return what is to be delivered of a batch."""

    def start(self, prepared: Prepared) -> None:
        """Begin to send, without waiting."""

    @abstractmethod
    def deliver(self, prepared: Prepared, messages: Sequence[Message]) -> Mapping[str, int]:
        """Make a batch durable together with its positions; return how much was delivered, by outcome."""

    def waits_for(self) -> str:
        """Return for what a delivery that does not end may be waiting; empty: unknown.

        Asked from another thread, while ``deliver`` hangs; it may take some seconds and raises nothing.
        """
        return ""

    def observe(self) -> None:
        """Measure what is known at the receiver alone; called about once a minute from another thread.

        Raises Unavailable when the receiver does not say it.
        """

    def discard(self, prepared: Prepared) -> None:
        """Give up a batch that was started and will not be delivered: it is read again."""

    def abort(self) -> None:
        """Abort an open transaction; the process ends."""

    @abstractmethod
    def close(self) -> None:
        """Release what is held; called once, whatever happened."""
