"""`python -m tap_kustomer` is the command `tap-kustomer`."""

from tap_kustomer.tap import TapKustomer

TapKustomer.cli()
