"""The audit log (``audit.v1``): no audit, no answer. Routes say by ``AuditedRequest`` what they were asked for."""
