-- The tables of an owner in PostgreSQL 13 or later. Run this file once, as the owner of the database:
--
--   psql -v ON_ERROR_STOP=1 -f node_modules/freshet-aws/adapters/postgres/owner.sql
--
-- It can be run again: it creates only what is missing. For another schema than "freshet", use the text that
-- `postgresMigration({ schema: 'name' })` returns. The roles have the schema's name too.

CREATE SCHEMA IF NOT EXISTS freshet;

-- The current version of each entity. A deleted entity keeps its row, because its version must never be used again.
CREATE TABLE IF NOT EXISTS freshet.entity (
  type           text COLLATE "C" NOT NULL,
  -- 0 to 7 from the hash of the id, as in an owner's DynamoDB table, so that inventories have the same ranges; a
  -- heartbeat has -1.
  partition      smallint NOT NULL,
  id             text COLLATE "C" NOT NULL,
  version        bigint NOT NULL CHECK (version > 0),
  digest         text COLLATE "C" NOT NULL,
  schema_version integer NOT NULL,
  changed_at     timestamptz NOT NULL,
  -- Canonical JSON; NULL: deleted. Not jsonb, which changes numbers and the order of keys, and refuses U+0000.
  state          text,
  traceparent    text,
  PRIMARY KEY (type, partition, id)
);

-- What the relay hasn't published yet. A row is deleted once it was published.
CREATE TABLE IF NOT EXISTS freshet.outbox (
  -- 0 to 7: entities, 8 to 15: facts, 16: heartbeats. One relay at a time takes a lane.
  lane           smallint NOT NULL,
  -- In order within an entity, because a writer gets it while it holds the entity's row. It is in no order across
  -- entities, so nothing may remember the last one that it read. It must stay at CACHE 1.
  seq            bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
  kind           text NOT NULL CHECK (kind IN ('entity', 'fact')),
  type           text COLLATE "C" NOT NULL,
  id             text COLLATE "C" NOT NULL,
  version        bigint,
  digest         text COLLATE "C",
  schema_version integer,
  changed_at     timestamptz NOT NULL,
  -- Canonical JSON of a state, NULL for a deletion; the ids of a fact.
  state          text,
  traceparent    text,
  -- The version before, on which a delta builds: JSON without its state, and its state.
  previous       text,
  previous_state text,
  -- The request that asked to publish the version again.
  resync         text,
  bytes          integer NOT NULL,
  added_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (lane, seq)
) WITH (
  -- Every row is deleted soon. A fixed threshold vacuums after so many deletions, however small the table is; without
  -- a delay, vacuum keeps up with a relay at full speed. Its index then stays short, and a relay's scan with it.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 10000,
  autovacuum_analyze_scale_factor = 0,
  autovacuum_analyze_threshold = 20000,
  autovacuum_vacuum_cost_delay = 0
);

-- The facts that were committed. A second commit of the same fact is recognised as long as its row stays.
CREATE TABLE IF NOT EXISTS freshet.fact (
  id          text COLLATE "C" PRIMARY KEY,
  occurred_at timestamptz NOT NULL
);

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'freshet_writer') THEN CREATE ROLE freshet_writer NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'freshet_relay') THEN CREATE ROLE freshet_relay NOLOGIN; END IF;
END
$$;

-- A service's own role gets this one: GRANT freshet_writer TO my_service. It can't delete anything, change the outbox,
-- or read what is in it.
GRANT USAGE ON SCHEMA freshet TO freshet_writer;
GRANT SELECT, INSERT, UPDATE ON freshet.entity TO freshet_writer;
GRANT INSERT ON freshet.outbox TO freshet_writer;
GRANT SELECT (seq) ON freshet.outbox TO freshet_writer;
GRANT INSERT ON freshet.fact TO freshet_writer;
GRANT SELECT (id) ON freshet.fact TO freshet_writer;

-- The relay's and the repair function's role gets this one. It can write heartbeats, but Freshet's functions change no
-- entity. It sees none of the service's own tables.
GRANT USAGE ON SCHEMA freshet TO freshet_relay;
GRANT SELECT, INSERT, UPDATE ON freshet.entity TO freshet_relay;
GRANT SELECT, INSERT, DELETE ON freshet.outbox TO freshet_relay;
