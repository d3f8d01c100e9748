"""The pages behind approval links, and the look they share with the outbox and the status pages."""
