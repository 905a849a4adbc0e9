-- Schema 6, as in DuckDB. Instants are UTC. Rows of memories are versions: only retired_at is ever updated.
-- Every key begins with the user, so that tables can be divided by user: PARTITIONED stands for PARTITION BY HASH (user_id).
CREATE SEQUENCE job_ids;
CREATE TABLE meta (name TEXT COLLATE "C" PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE chain (sole BOOLEAN PRIMARY KEY CHECK (sole), seq BIGINT NOT NULL, hash TEXT NOT NULL);
INSERT INTO chain VALUES (true, 0, repeat('0', 64));
CREATE TABLE tombstones (digest TEXT COLLATE "C" PRIMARY KEY, erased_at TIMESTAMP NOT NULL);
CREATE TABLE episodes (
    id TEXT COLLATE "C" NOT NULL,
    rev BIGINT NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    speaker TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    seq INTEGER NOT NULL,
    said_at TIMESTAMP NOT NULL,
    tz TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    origin TEXT NOT NULL,
    content TEXT NOT NULL,
    metadata TEXT,
    idem_key TEXT,
    PRIMARY KEY (user_id, id)
) PARTITIONED;
CREATE INDEX episodes_session ON episodes (user_id, session, seq);
CREATE TABLE memories (
    id TEXT COLLATE "C" NOT NULL,
    rev BIGINT NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    agent TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    content TEXT NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    origin TEXT NOT NULL,
    trust SMALLINT NOT NULL,
    subject TEXT NOT NULL,
    entities TEXT,
    importance SMALLINT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    evidence TEXT,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    from_precision TEXT NOT NULL,
    to_precision TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    superseded_by TEXT COLLATE "C",
    pinned BOOLEAN NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    merged_from TEXT,
    idem_key TEXT,
    retired_at TIMESTAMP,
    identity TEXT COLLATE "C",
    act TEXT,
    reach TEXT,
    answers TEXT,
    said_again TEXT,
    wording TEXT,
    doubt TEXT,
    PRIMARY KEY (user_id, id, rev)
) PARTITIONED;
CREATE INDEX memories_identity ON memories (user_id, identity);
CREATE INDEX memories_superseded ON memories (user_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE TABLE embeddings (
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    embedder TEXT COLLATE "C" NOT NULL,
    vector BYTEA NOT NULL,
    analyzer TEXT COLLATE "C" NOT NULL,
    analysis BYTEA NOT NULL,
    PRIMARY KEY (user_id, id)
) PARTITIONED;
-- What nominates rows of a user too large to load. They go with their row of embeddings.
CREATE TABLE words (
    user_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    terms BIGINT[] NOT NULL,
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, id) REFERENCES embeddings ON DELETE CASCADE
) PARTITIONED;
CREATE INDEX words_terms ON words USING gin (terms);
CREATE TABLE meanings (
    user_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    meaning HALFVEC NOT NULL,
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, id) REFERENCES embeddings ON DELETE CASCADE
) PARTITIONED;
ALTER TABLE meanings ALTER meaning SET STORAGE PLAIN;
CREATE TABLE edges (
    user_id TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    weight DOUBLE PRECISION NOT NULL,
    rev BIGINT NOT NULL
) PARTITIONED;
CREATE INDEX edges_source ON edges (user_id, source);
CREATE INDEX edges_target ON edges (user_id, target);
CREATE TABLE entities (
    user_id TEXT COLLATE "C" NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, rev BIGINT NOT NULL
) PARTITIONED;
CREATE TABLE scopes (
    user_id TEXT COLLATE "C" NOT NULL, agent TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, rev BIGINT NOT NULL
) PARTITIONED;
CREATE INDEX scopes_user ON scopes (user_id);
CREATE TABLE events (
    seq BIGINT NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    op TEXT COLLATE "C" NOT NULL,
    ids TEXT NOT NULL,
    commitment TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, seq)
) PARTITIONED;
CREATE INDEX events_seq ON events (seq);
CREATE TABLE event_payloads (
    seq BIGINT NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    nonce TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (user_id, seq)
) PARTITIONED;
CREATE TABLE outbox (
    rev BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, op TEXT NOT NULL
) PARTITIONED;
CREATE INDEX outbox_user ON outbox (user_id);
CREATE TABLE term_stats (
    user_id TEXT COLLATE "C" PRIMARY KEY, upto BIGINT NOT NULL, terms BYTEA NOT NULL, counts BYTEA NOT NULL
) PARTITIONED;
CREATE TABLE usage (
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    stability DOUBLE PRECISION NOT NULL,
    last_used TIMESTAMP NOT NULL,
    uses INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) PARTITIONED;
CREATE TABLE unlearned (
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    stability DOUBLE PRECISION NOT NULL,
    last_used TIMESTAMP NOT NULL,
    uses INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) PARTITIONED;
CREATE TABLE learned (
    user_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, name)
) PARTITIONED;
CREATE TABLE idem_keys (
    digest TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (user_id, digest)
) PARTITIONED;
CREATE INDEX idem_keys_seq ON idem_keys (user_id, seq);
CREATE TABLE loops (
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    agent TEXT COLLATE "C" NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP,
    outcome DOUBLE PRECISION,
    recalled TEXT NOT NULL,
    expires_at TIMESTAMP,
    PRIMARY KEY (user_id, id)
) PARTITIONED;
CREATE TABLE policies (
    user_id TEXT COLLATE "C" NOT NULL, agent TEXT NOT NULL, scope TEXT NOT NULL, version BIGINT NOT NULL,
    content TEXT NOT NULL, compiled_at TIMESTAMP NOT NULL
) PARTITIONED;
CREATE TABLE jobs (
    id BIGINT PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    payload TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts INTEGER NOT NULL,
    run_after TIMESTAMP NOT NULL,
    claimed_by TEXT COLLATE "C",
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    error TEXT,
    queued_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    batch TEXT COLLATE "C"
);
CREATE INDEX jobs_state ON jobs (state, run_after);
CREATE TABLE runs (
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    agent TEXT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    run_key TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    sees TEXT NOT NULL,
    history BOOLEAN NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    session TEXT COLLATE "C",
    trust SMALLINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    active_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    expires_at TIMESTAMP,
    parent TEXT COLLATE "C",
    parent_step TEXT,
    error TEXT NOT NULL,
    outcome DOUBLE PRECISION,
    attempts INTEGER NOT NULL,
    inputs TEXT COLLATE "C" NOT NULL,
    holder TEXT NOT NULL,
    holds_until TIMESTAMP,
    output TEXT NOT NULL,
    rev BIGINT NOT NULL DEFAULT 0,
    nonce TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (user_id, id)
) PARTITIONED;
CREATE TABLE run_steps (
    run_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    seq INTEGER NOT NULL,
    after INTEGER NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    trust SMALLINT NOT NULL,
    media TEXT NOT NULL,
    size BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    model TEXT NOT NULL,
    error TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    sees TEXT NOT NULL,
    saw TEXT NOT NULL,
    cut TEXT NOT NULL,
    child TEXT,
    promoted TEXT NOT NULL,
    in_order BOOLEAN NOT NULL,
    rev BIGINT NOT NULL DEFAULT 0,
    nonce TEXT NOT NULL DEFAULT '',
    writes INTEGER NOT NULL DEFAULT 0
) PARTITIONED;
CREATE INDEX run_steps_run ON run_steps (user_id, run_id);
CREATE TABLE run_contents (
    user_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    media TEXT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (user_id, digest)
) PARTITIONED;
