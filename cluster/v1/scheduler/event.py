"""Events of the scheduler API.

Source: reference scheduler-executor-api.md §4.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    AgentID,
    ExecutorID,
    FrameworkID,
    Int32,
    InverseOffer,
    MasterInfo,
    Offer,
    OfferID,
    OperationStatus,
    TaskStatus,
    V1Enum,
)


class Event(V1, frozen=True, kw_only=True):
    """What the master tells a scheduler: `type`, and the member of that name."""

    class Type(V1Enum):
        """Which member counts."""

        UNKNOWN = "UNKNOWN", 0
        SUBSCRIBED = "SUBSCRIBED", 1
        OFFERS = "OFFERS", 2
        INVERSE_OFFERS = "INVERSE_OFFERS", 9
        RESCIND = "RESCIND", 3
        RESCIND_INVERSE_OFFER = "RESCIND_INVERSE_OFFER", 10
        UPDATE = "UPDATE", 4
        UPDATE_OPERATION_STATUS = "UPDATE_OPERATION_STATUS", 11
        MESSAGE = "MESSAGE", 5
        FAILURE = "FAILURE", 6
        ERROR = "ERROR", 7
        HEARTBEAT = "HEARTBEAT", 8

    class Subscribed(V1, frozen=True, kw_only=True):
        """The first event; a heartbeat comes every so many seconds."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "framework_id": 1,
            "heartbeat_interval_seconds": 2,
            "master_info": 3,
        }

        framework_id: FrameworkID
        heartbeat_interval_seconds: float | None = None
        master_info: MasterInfo | None = None

    class Offers(V1, frozen=True, kw_only=True):
        """Resources to be accepted or declined, one offer for each role and agent."""

        NUMBERS: ClassVar[dict[str, int]] = {"offers": 1}

        offers: tuple[Offer, ...] = ()

    class InverseOffers(V1, frozen=True, kw_only=True):
        """Requests to give resources back."""

        NUMBERS: ClassVar[dict[str, int]] = {"inverse_offers": 1}

        inverse_offers: tuple[InverseOffer, ...] = ()

    class Rescind(V1, frozen=True, kw_only=True):
        """The offer is no longer valid."""

        NUMBERS: ClassVar[dict[str, int]] = {"offer_id": 1}

        offer_id: OfferID

    class RescindInverseOffer(V1, frozen=True, kw_only=True):
        """The inverse offer is no longer valid."""

        NUMBERS: ClassVar[dict[str, int]] = {"inverse_offer_id": 1}

        inverse_offer_id: OfferID

    class Update(V1, frozen=True, kw_only=True):
        """The status of a task; one with a uuid must be acknowledged."""

        NUMBERS: ClassVar[dict[str, int]] = {"status": 1}

        status: TaskStatus

    class UpdateOperationStatus(V1, frozen=True, kw_only=True):
        """The status of an operation that was given an id."""

        NUMBERS: ClassVar[dict[str, int]] = {"status": 1}

        status: OperationStatus

    class Message(V1, frozen=True, kw_only=True):
        """Bytes from an executor, best effort."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "executor_id": 2, "data": 3}

        agent_id: AgentID
        executor_id: ExecutorID
        data: bytes

    class Failure(V1, frozen=True, kw_only=True):
        """An agent is lost, or an executor ended with this raw wait status."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "executor_id": 2, "status": 3}

        agent_id: AgentID | None = None
        executor_id: ExecutorID | None = None
        status: Int32 | None = None

    class Error(V1, frozen=True, kw_only=True):
        """The subscription ended for good."""

        NUMBERS: ClassVar[dict[str, int]] = {"message": 1}

        message: str

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "subscribed": 2,
        "offers": 3,
        "inverse_offers": 9,
        "rescind": 4,
        "rescind_inverse_offer": 10,
        "update": 5,
        "update_operation_status": 11,
        "message": 6,
        "failure": 7,
        "error": 8,
    }

    type: Type | None = None
    subscribed: Subscribed | None = None
    offers: Offers | None = None
    inverse_offers: InverseOffers | None = None
    rescind: Rescind | None = None
    rescind_inverse_offer: RescindInverseOffer | None = None
    update: Update | None = None
    update_operation_status: UpdateOperationStatus | None = None
    message: Message | None = None
    failure: Failure | None = None
    error: Error | None = None
