-- Schema 1. Instants are UTC. Rows of memories are versions: only retired_at is ever updated.
CREATE SEQUENCE job_ids;
CREATE TABLE meta (name VARCHAR PRIMARY KEY, content VARCHAR NOT NULL);
CREATE TABLE episodes (
    id VARCHAR PRIMARY KEY,
    rev BIGINT NOT NULL,
    user_id VARCHAR NOT NULL,
    speaker VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    session VARCHAR NOT NULL,
    seq INTEGER NOT NULL,
    said_at TIMESTAMP NOT NULL,
    tz VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    origin VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    metadata VARCHAR,
    idem_key VARCHAR
);
CREATE INDEX episodes_user ON episodes (user_id);
CREATE TABLE memories (
    id VARCHAR NOT NULL,
    rev BIGINT NOT NULL,
    user_id VARCHAR NOT NULL,
    agent VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    trust TINYINT NOT NULL,
    subject VARCHAR NOT NULL,
    entities VARCHAR,
    importance TINYINT NOT NULL,
    confidence DOUBLE NOT NULL,
    evidence VARCHAR,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    from_precision VARCHAR NOT NULL,
    to_precision VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    superseded_by VARCHAR,
    pinned BOOLEAN NOT NULL,
    state VARCHAR NOT NULL,
    merged_from VARCHAR,
    idem_key VARCHAR,
    retired_at TIMESTAMP,
    identity VARCHAR
);
CREATE INDEX memories_identity ON memories (identity);
CREATE INDEX memories_id ON memories (id);
CREATE INDEX memories_user ON memories (user_id);
CREATE TABLE embeddings (
    id VARCHAR PRIMARY KEY,
    user_id VARCHAR NOT NULL,
    embedder VARCHAR NOT NULL,
    vector BLOB NOT NULL,
    analyzer VARCHAR NOT NULL,
    analysis BLOB NOT NULL
);
CREATE INDEX embeddings_user ON embeddings (user_id);
CREATE TABLE edges (
    user_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    weight DOUBLE NOT NULL,
    rev BIGINT NOT NULL
);
CREATE TABLE entities (user_id VARCHAR NOT NULL, name VARCHAR NOT NULL, kind VARCHAR NOT NULL, rev BIGINT NOT NULL);
CREATE TABLE scopes (user_id VARCHAR NOT NULL, agent VARCHAR NOT NULL, name VARCHAR NOT NULL, rev BIGINT NOT NULL);
CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    happened_at TIMESTAMP NOT NULL,
    user_id VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    op VARCHAR NOT NULL,
    ids VARCHAR NOT NULL,
    commitment VARCHAR NOT NULL,
    previous VARCHAR NOT NULL,
    hash VARCHAR NOT NULL
);
CREATE INDEX events_user ON events (user_id);
CREATE TABLE event_payloads (
    seq BIGINT PRIMARY KEY,
    user_id VARCHAR NOT NULL,
    nonce VARCHAR NOT NULL,
    payload VARCHAR NOT NULL
);
CREATE TABLE outbox (rev BIGINT NOT NULL, id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, op VARCHAR NOT NULL);
CREATE TABLE term_stats (user_id VARCHAR NOT NULL, upto BIGINT NOT NULL, terms BLOB NOT NULL, counts BLOB NOT NULL);
CREATE TABLE usage (
    id VARCHAR PRIMARY KEY,
    user_id VARCHAR NOT NULL,
    stability DOUBLE NOT NULL,
    last_used TIMESTAMP NOT NULL,
    uses INTEGER NOT NULL,
    shown INTEGER NOT NULL
);
CREATE TABLE idem_keys (digest VARCHAR PRIMARY KEY, user_id VARCHAR NOT NULL, seq BIGINT NOT NULL);
CREATE TABLE tombstones (digest VARCHAR PRIMARY KEY, erased_at TIMESTAMP NOT NULL);
CREATE TABLE loops (id VARCHAR PRIMARY KEY, user_id VARCHAR NOT NULL, agent VARCHAR NOT NULL, opened_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP, outcome DOUBLE, recalled VARCHAR NOT NULL);
CREATE TABLE policies (user_id VARCHAR NOT NULL, agent VARCHAR NOT NULL, scope VARCHAR NOT NULL, version BIGINT NOT NULL,
    content VARCHAR NOT NULL, compiled_at TIMESTAMP NOT NULL);
CREATE TABLE jobs (
    id BIGINT PRIMARY KEY,
    kind VARCHAR NOT NULL,
    user_id VARCHAR NOT NULL,
    payload VARCHAR NOT NULL,
    priority INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    run_after TIMESTAMP NOT NULL,
    claimed_by VARCHAR,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    error VARCHAR,
    queued_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);
