"""Ids of the settings that sample data refers to."""

SLA, SLA_VERSION, QUEUE, BRAND, FORM = (f"5f00a{letter}{0:018}" for letter in "abcde")
# Routing statuses: available, in a meeting, on a break.
STATUSES = tuple(f"5f00f{letter}{0:018}" for letter in "abc")
