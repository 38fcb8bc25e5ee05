// Says on a line of JSON what was tried and what came of it: all that tests/clients reads of these scripts.

export async function check(what, run) {
  try {
    await run()
    console.log(JSON.stringify({ what, failure: null }))
  } catch (error) {
    console.log(JSON.stringify({ what, failure: String(error?.message ?? error) }))
  }
}

export function same(found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${a}, not ${b}`)
}
