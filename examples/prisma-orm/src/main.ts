import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.ts";

const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL });
const prisma = new PrismaClient({ adapter });

await prisma.post.create({ data: { title: "Hello from Prisma ORM" } });
for (const post of await prisma.post.findMany()) console.log(post.title);
await prisma.$disconnect();
