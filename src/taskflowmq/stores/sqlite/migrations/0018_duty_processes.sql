-- Which process took the last turn of a duty: "ran_by" is JSON in ASCII. Programs of the version before do not write it, so it
-- holds only for the turn whose time is beside it.
ALTER TABLE taskflow_duty ADD COLUMN ran_by TEXT;
ALTER TABLE taskflow_duty ADD COLUMN ran_by_from INTEGER;
