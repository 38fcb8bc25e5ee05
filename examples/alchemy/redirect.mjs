// Sends what is meant for Prisma's API elsewhere, for programs that have its address in their code: preview-db's emulator, say.
// Loaded ahead of them: NODE_OPTIONS='--import ./redirect.mjs' PRISMA_MANAGEMENT_API_URL=http://127.0.0.1:4000 npx alchemy deploy

const actual = globalThis.fetch;
const elsewhere = (url) => String(url).replace("https://api.prisma.io", process.env.PRISMA_MANAGEMENT_API_URL);

globalThis.fetch = (input, init) =>
  actual(input instanceof Request ? new Request(elsewhere(input.url), input) : elsewhere(input), init);
