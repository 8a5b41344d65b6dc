"""What a stream needs of the key, of the org's plan and of the org, and what a refusal means."""

from __future__ import annotations

from dataclasses import dataclass

from tap_kustomer.errors import AccessRefusedError, NotFoundError

Permissions = tuple[tuple[str, ...], ...]
"""The roles a stream needs: one of each group."""

ADVICE = (
    "the simplest choice is a key with org.user.read, org.permission.read and org.admin.read. "
    "Permissions can't be added to a key: create a new one."
)


@dataclass(frozen=True)
class Feature:
    """A feature of Kustomer's plans. Without it every key gets 403, as `source` documents."""

    name: str
    source: str


@dataclass(frozen=True)
class Needs:
    """What a stream needs: `permissions`, a `feature` of the plan, an endpoint the org may lack.

    `is_default` says whether the stream is selected by default.
    """

    permissions: Permissions = ()
    feature: Feature | None = None
    org_may_lack: bool = False
    is_default: bool = False

    def __str__(self) -> str:
        """In words: `a or b`, or `(a or b) and (c)`."""
        groups = [" or ".join(group) for group in self.permissions]
        if len(groups) > 1:
            groups = [f"({group})" for group in groups]
        text = " and ".join(groups) or "no permission, only a valid key"
        return f"{text}, and {self.feature.name} in the org's plan" if self.feature else text

    def explain(self, error: Exception, held: object) -> Refusal:
        """What it means that Kustomer refuses the stream to a key that is good.

        `held` are the roles of the key, as Kustomer names them. They only decide how a refusal is
        explained, never whether a stream is read.
        """
        if isinstance(error, NotFoundError) and self.org_may_lack:
            text = f"Kustomer does not have it for this org ({error.path} answers 404)."
            return Refusal(text, "not in this org", is_absence=self.is_default)
        if not isinstance(error, AccessRefusedError):
            return Refusal(str(error))
        feature = self.feature
        if feature and self.is_held(held, exactly=True):
            text = f"{error} The org's plan lacks {feature.name}: see {feature.source}"
            return Refusal(text, "not in this plan", is_absence=self.is_default)
        if feature and self.is_held(held):
            # How far a short role reaches is unknown, so it proves nothing.
            text = (
                f"{error} The org's plan lacks {feature.name} (see {feature.source}), or else the "
                f"key lacks {Needs(self.permissions)}."
            )
            return Refusal(text, "not in this plan", is_absence=self.is_default)
        advice = f"; {ADVICE}" if self.permissions else "."
        return Refusal(f"{error} The stream needs {self}{advice}", lacks_role=True)

    def is_held(self, held: object, *, exactly: bool = False) -> bool:
        """Whether a key that holds these roles has the permissions, as far as names tell.

        Not `exactly`: a short role covers the longer ones below it (`org.admin` covers all), and a
        key whose roles Kustomer does not list has every permission.
        """
        if not isinstance(held, list) or not all(isinstance(role, str) for role in held):
            return not exactly
        return all(
            any(role in held or (not exactly and _covers(held, role)) for role in group)
            for group in self.permissions
        )


@dataclass(frozen=True)
class Refusal:
    """Why a stream can't be read, in a sentence, and in a few words where it is simply not there.

    `is_absence`: the org or its plan does not have what the stream would read, so not to read it is
    no error. `lacks_role`: another key may be able to read it.
    """

    reason: str
    label: str = ""
    is_absence: bool = False
    lacks_role: bool = False


def _covers(held: list[str], wanted: str) -> bool:
    areas = (role.removesuffix(".read") for role in held)
    return "org.admin" in held or any(wanted.startswith(f"{area}.") for area in areas)
