"""A stand-in for Kustomer's API, as strict as it is documented, for tests and demonstrations."""

from emulator.app import Emulator, Request
from emulator.org import Org
from emulator.resource import Resource
from emulator.switches import Switches

__all__ = ["Emulator", "Org", "Request", "Resource", "Switches"]
