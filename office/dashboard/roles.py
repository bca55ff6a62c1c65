"""Who may do what. A role has everything of the roles before it."""

from typing import Final

VIEWER: Final = "viewer"
TRADER: Final = "trader"
RISK: Final = "risk"
ROLES: Final = (VIEWER, TRADER, RISK)

ACTIONS: Final = {
    "see": (VIEWER, "look at the page and at /metrics"),
    "acknowledge": (TRADER, "acknowledge an alert"),
    "kill": (RISK, "pull the kill switch"),
}
"""Actions: the least role that may, and what it is."""


def may(role: str, action: str) -> bool:
    """Whether a role may do something; False for a role or an action that does not exist."""
    if role not in ROLES or action not in ACTIONS:
        return False
    return ROLES.index(role) >= ROLES.index(ACTIONS[action][0])


def allowed(role: str) -> list[str]:
    """Everything that a role may do."""
    return [action for action in ACTIONS if may(role, action)]
