-- Which version of these files was applied; apply this one last. A node refuses to start on tables that are older than it needs, and on
-- tables that no longer serve it. Every change of the other files raises Version; one that nodes of an older version can't work with raises
-- Serves to the version that can.

CREATE TABLE IF NOT EXISTS RoomGrainsSchema (
    OneRow    boolean     NOT NULL PRIMARY KEY DEFAULT true CHECK (OneRow),
    Version   integer     NOT NULL,
    Serves    integer     NOT NULL,
    AppliedOn timestamptz NOT NULL DEFAULT now()
);

-- Files of an older RoomGrains that are applied later leave the version as it is.
INSERT INTO RoomGrainsSchema AS s (Version, Serves) VALUES (1, 1)
ON CONFLICT (OneRow) DO UPDATE SET Version = excluded.Version, Serves = excluded.Serves, AppliedOn = now() WHERE s.Version < excluded.Version;
