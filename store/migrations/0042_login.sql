-- Browsers in which an account has signed in before: their failures count by themselves.
CREATE TABLE console_browser (
    browser bytea, staff text REFERENCES staff, seen_at timestamptz NOT NULL,
    PRIMARY KEY (browser, staff)
);
