/** Where the database is: the variables that PostgreSQL's own programs read. `npm run postgres` sets them. */
export const database = {
  host: process.env.PGHOST ?? '127.0.0.1',
  port: Number(process.env.PGPORT ?? 5432),
  name: process.env.PGDATABASE ?? 'stock',
};
