"""A stand-in for Kustomer's API, as strict as it is documented, for tests and demonstrations.

`# fmt: skip` keeps sample data in compact rows: one value a line would bury the odd shapes.
"""

from emulator.app import Emulator, Request
from emulator.org import Org
from emulator.resource import Resource
from emulator.switches import Switches

__all__ = ["Emulator", "Org", "Request", "Resource", "Switches"]
