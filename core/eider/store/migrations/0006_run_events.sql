-- Schema 6. Rows of runs are in the event chain: each names its event and the nonce of what that committed to.
-- `writes` is how many events wrote a step; rows from before have none.
ALTER TABLE runs ADD COLUMN rev BIGINT DEFAULT 0;
ALTER TABLE runs ADD COLUMN nonce VARCHAR DEFAULT '';
ALTER TABLE run_steps ADD COLUMN rev BIGINT DEFAULT 0;
ALTER TABLE run_steps ADD COLUMN nonce VARCHAR DEFAULT '';
ALTER TABLE run_steps ADD COLUMN writes INTEGER DEFAULT 0;
