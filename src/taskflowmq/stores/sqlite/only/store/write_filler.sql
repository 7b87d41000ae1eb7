-- Writes zeros, more than the page cache holds, so that they spill into the log. The table is made in a transaction that is rolled
-- back: no other connection sees it.
CREATE TABLE taskflow_filler AS SELECT zeroblob(:bytes) AS zeros
