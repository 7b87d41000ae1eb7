-- Failures by release. What processes append has the release of the worker that began the attempts, and stays apart by release when
-- it is joined; programs whose workers announce none pay for a null. "first_release" is where a group occurred first;
-- "resolved_release" the newest release that ran its task when it was resolved. What programs of the version before append has no
-- release, and what they join loses it.
ALTER TABLE taskflow_error_stat ADD COLUMN release_id INTEGER;
ALTER TABLE taskflow_error_group ADD COLUMN first_release INTEGER;
ALTER TABLE taskflow_error_group ADD COLUMN resolved_release INTEGER;
