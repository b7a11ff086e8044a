// Plays OpenCode to a plugin: loads it, calls its hooks as standard input says, and prints what they left of what they
// were given and how long each took. `node host.mjs PLUGIN DIRECTORY < [{"hook": NAME, "given": [...]}, ...]`

import { readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"

const [plugin, directory] = process.argv.slice(2)
const exported = Object.values(await import(pathToFileURL(plugin).href))
const hooks = await exported[0]({ directory, worktree: directory })
const done = []
for (const { hook, given } of JSON.parse(readFileSync(0, "utf8"))) {
  const began = performance.now()
  await hooks[hook](...given)
  done.push({ given, ms: performance.now() - began })
}
process.stdout.write(JSON.stringify({ exported: exported.length, hooks: Object.keys(hooks), done }))
