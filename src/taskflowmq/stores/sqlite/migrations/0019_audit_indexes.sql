-- The audit is read by tenant, and by who did it or what was done: a rare actor, or a small tenant, is found without a walk through
-- the acts of others. Programs of the version before use none of these.
CREATE INDEX taskflow_audit_tenant ON taskflow_audit (tenant, id);
CREATE INDEX taskflow_audit_actor ON taskflow_audit (tenant, actor, id);
CREATE INDEX taskflow_audit_action ON taskflow_audit (tenant, action, id);
