-- Failures by release. What processes append has the release of the worker that began the attempts, and stays apart by release when
-- it is joined; programs whose workers announce none pay for a null. "first_release" is where a group occurred first;
-- "resolved_release" the newest release that ran its task when it was resolved. What programs of the version before append has no
-- release, and what they join loses it.
ALTER TABLE taskflow.error_stat ADD COLUMN release_id integer;
ALTER TABLE taskflow.error_group ADD COLUMN first_release integer, ADD COLUMN resolved_release integer;

UPDATE taskflow.store SET schema_version = 24;

-- functions: c40768cefd67b940
