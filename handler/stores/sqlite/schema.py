"""The tables. A change of them is a new version and a step that leads to it."""

APPLICATION = 0x486F6C64
"""`Hold`: marks a SQLite file as ours (PRAGMA application_id)."""

STEPS = (
    """
    CREATE TABLE servers (name TEXT PRIMARY KEY, document BLOB NOT NULL);
    CREATE TABLE artifacts (digest TEXT PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE grants (id TEXT PRIMARY KEY, document BLOB NOT NULL);

    CREATE TABLE tallies (
        scope TEXT NOT NULL, scope_id TEXT NOT NULL, key TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount >= 0), ends_at REAL NOT NULL,
        PRIMARY KEY (scope, scope_id, key)
    );
    CREATE INDEX tallies_by_end ON tallies (ends_at);

    CREATE TABLE approvals (
        id TEXT PRIMARY KEY, call_key TEXT NOT NULL, grant_id TEXT NOT NULL,
        status TEXT NOT NULL, unfinished INTEGER NOT NULL, created_at REAL NOT NULL,
        answers_until REAL, version INTEGER NOT NULL, document BLOB NOT NULL
    );
    CREATE INDEX approvals_by_call ON approvals (call_key);
    CREATE INDEX approvals_by_age ON approvals (created_at);
    CREATE INDEX approvals_unfinished ON approvals (grant_id, status) WHERE unfinished;

    CREATE TABLE links (
        hash TEXT PRIMARY KEY, approval_id TEXT NOT NULL, approver TEXT NOT NULL,
        expires_at REAL NOT NULL, used INTEGER NOT NULL
    );
    CREATE TABLE answers (
        number INTEGER PRIMARY KEY AUTOINCREMENT, approval_id TEXT NOT NULL,
        link_hash TEXT NOT NULL UNIQUE, approver TEXT NOT NULL, approved INTEGER NOT NULL,
        note TEXT NOT NULL, at REAL NOT NULL
    );
    CREATE INDEX answers_by_approval ON answers (approval_id);

    CREATE TABLE payloads (key TEXT PRIMARY KEY, data BLOB NOT NULL, expires_at REAL NOT NULL);
    CREATE INDEX payloads_by_end ON payloads (expires_at);
    CREATE TABLE nonces (nonce TEXT PRIMARY KEY, expires_at REAL NOT NULL);
    CREATE INDEX nonces_by_end ON nonces (expires_at);

    CREATE TABLE records (number INTEGER PRIMARY KEY AUTOINCREMENT, document BLOB NOT NULL);
    """,
    """
    CREATE TABLE revisions (
        number INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, policy TEXT NOT NULL,
        digest TEXT, at REAL NOT NULL, author TEXT NOT NULL
    );
    CREATE INDEX revisions_by_policy ON revisions (server, policy);

    ALTER TABLE answers ADD COLUMN operator TEXT NOT NULL DEFAULT '';

    ALTER TABLE records ADD COLUMN at REAL NOT NULL DEFAULT 0;
    UPDATE records SET at = coalesce(json_extract(CAST(document AS TEXT), '$.at'), 0);
    CREATE INDEX records_by_time ON records (at);
    """,
    """
    CREATE TABLE definitions (
        server TEXT PRIMARY KEY, version INTEGER NOT NULL, data BLOB NOT NULL
    );
    """,
    """
    CREATE INDEX approvals_by_end ON approvals (answers_until) WHERE NOT unfinished;
    CREATE INDEX links_by_approval ON links (approval_id);
    """,
)
"""Step n leads from version n to n + 1 (PRAGMA user_version)."""

VERSION = len(STEPS)
