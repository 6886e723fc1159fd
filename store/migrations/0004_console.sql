-- Failed logins by account (a hash of the id that was typed, known or not): how many in a row,
-- and from when on the next try is looked at.
CREATE TABLE console_attempt (
    account bytea PRIMARY KEY, failures integer NOT NULL,
    last_at timestamptz NOT NULL, free_at timestamptz NOT NULL
);
CREATE INDEX console_session_expiry ON console_session (expires_at);
CREATE INDEX audit_at ON audit (at);
