-- Which process took the last turn of a duty: "ran_by" is JSON in ASCII. Programs of the version before do not write it, so it
-- holds only for the turn whose time is beside it.
ALTER TABLE taskflow.duty
  ADD COLUMN ran_by      json,
  ADD COLUMN ran_by_from timestamptz;

UPDATE taskflow.store SET schema_version = 21;

-- functions: c40768cefd67b940
