"""A stand-in for Kustomer's API that answers what the tap sends and refuses the rest.

Comments say how far a behaviour is known: documented by Kustomer, seen by others, inferred, or
chosen here. A skip of the formatter keeps sample data and tables in compact rows: one value a line
would bury the odd shapes.
"""

from emulator.app import Emulator, Request
from emulator.org import Org
from emulator.resource import Resource
from emulator.switches import Switches

__all__ = ["Emulator", "Org", "Request", "Resource", "Switches"]
