import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client";

export default {
  async fetch(_request: Request, env: { HYPERDRIVE: { connectionString: string } }) {
    const adapter = new PrismaPg({ connectionString: env.HYPERDRIVE.connectionString });
    const prisma = new PrismaClient({ adapter });
    await prisma.post.create({ data: { title: "Hello from a Worker with Prisma ORM" } });
    return Response.json(await prisma.post.findMany({ select: { title: true } }));
  },
};
