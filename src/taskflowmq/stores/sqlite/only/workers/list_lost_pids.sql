-- The processes of this machine's workers whose lease is over.
SELECT pid FROM taskflow_worker WHERE host = :host AND boot_id = :boot_id AND lease_until <= :now
