-- Schema 4. Runs of workflows: what went in, what each step gave. An output is kept once per user, under its digest.
CREATE TABLE runs (
    id VARCHAR PRIMARY KEY,
    user_id VARCHAR NOT NULL,
    agent VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    run_key VARCHAR,
    status VARCHAR NOT NULL,
    sees VARCHAR NOT NULL,
    history BOOLEAN NOT NULL,
    scope VARCHAR NOT NULL,
    session VARCHAR,
    trust TINYINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    active_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    expires_at TIMESTAMP,
    parent VARCHAR,
    parent_step VARCHAR,
    error VARCHAR NOT NULL,
    outcome DOUBLE,
    attempts INTEGER NOT NULL,
    inputs VARCHAR NOT NULL,
    holder VARCHAR NOT NULL,
    holds_until TIMESTAMP,
    output VARCHAR NOT NULL
);
CREATE TABLE run_steps (
    run_id VARCHAR NOT NULL,
    user_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    seq INTEGER NOT NULL,
    after INTEGER NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    trust TINYINT NOT NULL,
    media VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    digest VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    error VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    sees VARCHAR NOT NULL,
    saw VARCHAR NOT NULL,
    cut VARCHAR NOT NULL,
    child VARCHAR,
    promoted VARCHAR NOT NULL,
    in_order BOOLEAN NOT NULL
);
CREATE INDEX run_steps_run ON run_steps (run_id);
CREATE TABLE run_contents (
    user_id VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    media VARCHAR NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX run_contents_digest ON run_contents (digest);
