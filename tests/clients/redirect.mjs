// Loaded ahead of a client that has the service's address in its code: nothing of it is changed but where its requests go.

const actual = globalThis.fetch
const elsewhere = (url) => String(url).replace('https://api.prisma.io', process.env.PRISMA_MANAGEMENT_API_URL)

globalThis.fetch = (input, init) =>
  actual(input instanceof Request ? new Request(elsewhere(input.url), input) : elsewhere(input), init)
