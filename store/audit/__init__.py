"""The audit log: who did what, when, in a file in which no change goes unnoticed."""

from store.audit.log import AuditLog
from store.audit.record import AuditError, AuditRecord

__all__ = ["AuditError", "AuditLog", "AuditRecord"]
