// Loaded into a Node action before its own code: an address of the Management API that is written into it leads to the emulator.
const real = globalThis.fetch
globalThis.fetch = (to, init) => real(typeof to === "string" ? to.replace("https://api.prisma.io", process.env.BENCH_API) : to, init)
