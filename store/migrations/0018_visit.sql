-- The visit register: who was seen in person, when, and by whom. Monthly rates count from it.
CREATE TABLE visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    elder text NOT NULL REFERENCES elder,
    at timestamptz NOT NULL,
    staff text NOT NULL REFERENCES staff,
    incident uuid REFERENCES incident, -- a visit made while closing it
    note text
);
CREATE INDEX visit_elder ON visit (elder, at);
CREATE UNIQUE INDEX visit_incident ON visit (incident, elder) WHERE incident IS NOT NULL;
