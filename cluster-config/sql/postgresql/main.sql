-- Where Orleans' AdoNet providers look up their statements. To apply these files by hand, in one transaction:
--   psql DATABASE -v ON_ERROR_STOP=1 -1 -f main.sql -f storage.sql -f clustering.sql -f reminders.sql -f version.sql
-- It may be done again. Query keys, parameters and result columns in these files are what the providers ask for; the statements are ours.

CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey  varchar(64) NOT NULL PRIMARY KEY,
    QueryText text        NOT NULL
);
