-- Where Orleans' AdoNet providers look up their statements. Apply main.sql first, then storage.sql and clustering.sql; each may be applied again.
-- Query keys, parameters and result columns in these files are what the providers ask for; the statements are ours.

CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey  varchar(64) NOT NULL PRIMARY KEY,
    QueryText text        NOT NULL
);
