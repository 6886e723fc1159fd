-- Consent of those who are watched over, and the mark of those who asked to be forgotten.
CREATE TABLE consent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    elder text NOT NULL REFERENCES elder,
    given_by text NOT NULL CHECK (given_by IN ('self', 'family', 'guardian')),
    scope text NOT NULL CHECK (scope <> ''), given_at timestamptz NOT NULL, withdrawn_at timestamptz
);
CREATE UNIQUE INDEX consent_given ON consent (elder, scope) WHERE withdrawn_at IS NULL;
ALTER TABLE elder ADD COLUMN erased_at timestamptz;
