"""The public data services on one loopback server: answers in the shapes they publish, and faults on demand."""

from tests.fakes.data_services.server import Fault, Services, data_services

__all__ = ["Fault", "Services", "data_services"]
