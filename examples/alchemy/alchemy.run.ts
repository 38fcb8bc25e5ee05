import alchemy from "alchemy";
import { Connection, Database, Project } from "alchemy/prisma-postgres";
import { Client } from "pg";

const app = await alchemy("shop");

// A pull request's database is its preview, which comes and goes with it. That of any other stage is a resource of Alchemy's.
const url = process.env.DATABASE_URL ?? (await ownDatabase());

async function ownDatabase(): Promise<string> {
  const project = await Project("project");
  const database = await Database("database", { project, region: "eu-central-1" });
  const connection = await Connection("connection", { database });
  return `${connection.connectionString.unencrypted}?sslmode=require`;
}

// What the app needs follows here, such as a Worker with the binding DATABASE_URL: alchemy.secret(url).
const client = new Client({ connectionString: url });
await client.connect();
const { rows } = await client.query("select tablename from pg_tables where schemaname = 'public' order by 1");
console.log(`Tables of the stage ${app.stage}: ${rows.map((row) => row.tablename).join(", ") || "none"}`);
await client.end();

await app.finalize();
