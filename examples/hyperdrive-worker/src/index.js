import { Client } from "pg";

export default {
  async fetch(_request, env) {
    const client = new Client({ connectionString: env.HYPERDRIVE.connectionString });
    await client.connect();
    const { rows } = await client.query("select count(*)::int as tables from pg_tables");
    return Response.json(rows[0]);
  },
};
