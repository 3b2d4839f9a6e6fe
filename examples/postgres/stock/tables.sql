-- The service's own tables, which it had before Freshet.
CREATE TABLE article (
  id text PRIMARY KEY,
  name text NOT NULL
);

CREATE TABLE stock_level (
  article_id text PRIMARY KEY REFERENCES article,
  on_hand integer NOT NULL CHECK (on_hand >= 0),
  reserved integer NOT NULL DEFAULT 0,
  CHECK (reserved <= on_hand)
);

CREATE TABLE reservation (
  id text PRIMARY KEY,
  article_id text NOT NULL REFERENCES article,
  quantity integer NOT NULL CHECK (quantity > 0)
);

-- The service's user: its own tables, and Freshet's as a writer.
CREATE ROLE stock_service LOGIN IN ROLE freshet_writer;
GRANT SELECT, INSERT, UPDATE ON article, stock_level, reservation TO stock_service;

-- The user of Freshet's functions. It sees none of the service's tables.
CREATE ROLE stock_relay LOGIN IN ROLE freshet_relay;
