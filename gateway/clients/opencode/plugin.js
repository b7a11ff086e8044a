// Spark's plugin for OpenCode, written by `spark hooks install opencode`; `spark hooks uninstall opencode` removes it.
//
// It tells the Spark of this machine of prompts and calls, and adds the advice it gets to what the model reads. It must
// never disturb the agent: whatever fails, the session goes on as if the plugin were not there.

import { constants } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"

const HOME = "@SPARK_HOME@"
const DEADLINE_MS = 250
const BREAKER_TIMEOUTS = 3
const BREAKER_MS = 30_000
const LARGEST_FILE = 64 * 1024
const LONGEST_OUTPUT = 32 * 1024
const REMEMBERED = 1000
const LOOPBACK = { "0.0.0.0": "127.0.0.1", "[::]": "[::1]", localhost: "127.0.0.1" }

let timeouts = 0
let quietUntil = 0

/** A small file that is the user's own and that nobody else can write: a stranger's would lead the token elsewhere. */
async function readOwn(name) {
  const file = await open(join(HOME, name), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const found = await file.stat()
    const foreign = process.getuid && (found.uid !== process.getuid() || found.mode & 0o022)
    if (foreign || !found.isFile() || found.size >= LARGEST_FILE) throw new Error(`${name} is not to be trusted`)
    return await file.readFile("utf8")
  } finally {
    await file.close()
  }
}

/** Where Spark is and the token it asks for, read anew each time, since it may have been started again. */
async function gateway() {
  const run = JSON.parse(await readOwn("run.json"))
  const { protocol, hostname, port } = new URL(run.http)
  const host = LOOPBACK[hostname] ?? hostname
  if (protocol !== "http:" || !/^(127(\.\d{1,3}){3}|\[::1\])$/.test(host)) throw new Error("the token stays here")
  process.kill(run.pid, 0) // After a crash the port may be a stranger's by now.
  return { url: `http://${host}:${port}/v1/hooks/opencode`, token: (await readOwn("token")).trim() }
}

/** The advice that Spark gives at an event; empty for none, and whenever anything is wrong. */
async function ask(event) {
  if (Date.now() < quietUntil) return ""
  try {
    const { url, token } = await gateway()
    const reply = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(event),
      redirect: "error",
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
    const { advice } = reply.ok ? await reply.json() : {}
    timeouts = 0
    return typeof advice === "string" ? advice : ""
  } catch (error) {
    if (error?.name === "TimeoutError" && ++timeouts >= BREAKER_TIMEOUTS) {
      timeouts = 0
      quietUntil = Date.now() + BREAKER_MS
    }
    return ""
  }
}

function remember(kept, key, value) {
  if (kept.size >= REMEMBERED && !kept.has(key)) kept.delete(kept.keys().next().value)
  kept.set(key, value)
}

/** Head and tail of what a command printed. */
function bounded(text) {
  if (typeof text !== "string") return ""
  const half = LONGEST_OUTPUT / 2
  return text.length <= LONGEST_OUTPUT ? text : `${text.slice(0, half)}\n…\n${text.slice(-half)}`
}

const typed = (parts) =>
  parts
    .filter((part) => part.type === "text" && !part.synthetic && !part.ignored)
    .map((part) => part.text)
    .join("\n")

/** A hook that cannot fail. */
const quietly =
  (hook) =>
  async (...given) => {
    try {
      await hook(...given)
    } catch {
      // Nobody is there to be told, and the agent goes on.
    }
  }

export const Spark = async ({ directory }) => {
  const parents = new Map() // sessions of sub-agents, with the session that started them
  const turns = new Map() // the last prompt of a session
  const notes = new Map() // advice by the prompt or the failed call that it belongs to
  const toldOf = new Map() // failed calls that Spark has heard of

  const about = (sessionID, hook_event_name) => {
    let root = sessionID
    for (let depth = 0; parents.has(root) && depth < 16; depth++) root = parents.get(root)
    return { hook_event_name, session_id: root, agent_id: root === sessionID ? "" : sessionID, cwd: directory }
  }

  /** Tells of a failure that no hook tells of, once. */
  const failed = async (sessionID, part) => {
    if (toldOf.has(part.callID)) return
    remember(toldOf, part.callID, true)
    const advice = await ask({
      ...about(sessionID, "PostToolUseFailure"),
      tool_name: part.tool,
      tool_use_id: part.callID,
      tool_input: part.state.input ?? {},
      error: bounded(part.state.error),
    })
    if (advice) remember(notes, part.callID, advice)
  }

  return {
    event: quietly(async ({ event }) => {
      const { info, sessionID } = event.properties ?? {}
      if (event.type === "session.created" && info.parentID) remember(parents, info.id, info.parentID)
      else if (event.type === "session.created") await ask({ ...about(info.id, "SessionStart"), source: "startup" })
      else if (event.type === "session.idle" && !parents.has(sessionID))
        await ask({ ...about(sessionID, "Stop"), message_id: turns.get(sessionID) ?? "" })
      else if (event.type === "session.deleted" && !parents.has(info.id)) await ask(about(info.id, "SessionEnd"))
    }),

    "chat.message": quietly(async ({ sessionID }, { message, parts }) => {
      const prompt = typed(parts)
      if (!prompt) return
      remember(turns, sessionID, message.id)
      const advice = await ask({ ...about(sessionID, "UserPromptSubmit"), message_id: message.id, prompt })
      if (advice) remember(notes, message.id, advice)
    }),

    "tool.execute.after": quietly(async ({ tool, sessionID, callID, args }, output) => {
      const code = output.metadata?.exit
      const ended = Number.isInteger(code) ? { exit_code: code } : {}
      const advice = await ask({
        ...about(sessionID, "PostToolUse"),
        tool_name: tool,
        tool_use_id: callID,
        tool_input: args ?? {},
        ...ended,
        ...(ended.exit_code ? { error: bounded(output.output) } : {}),
      })
      if (!advice) return
      if (typeof output.output === "string") output.output += `\n\n${advice}`
      else if (Array.isArray(output.content)) output.content.push({ type: "text", text: advice })
    }),

    // Before each request to the model: the only place where calls that failed can be seen, and where what belongs to a
    // prompt or to them can be added. The messages are made anew each time, so the same must be added each time.
    "experimental.chat.messages.transform": quietly(async (_input, { messages }) => {
      const prompted = messages.findLastIndex(({ info }) => info.role === "user")
      const errors = messages
        .slice(prompted + 1)
        .flatMap(({ info, parts }) => parts.map((part) => [info.sessionID, part]))
        .filter(([, part]) => part.type === "tool" && part.state?.status === "error")
      await Promise.all(errors.map(([sessionID, part]) => failed(sessionID, part)))
      for (const { info, parts } of messages) {
        const advice = notes.get(info.id)
        const text = parts.findLast((part) => part.type === "text" && !part.synthetic && !part.ignored)
        if (advice && text && !text.text.endsWith(advice)) text.text += `\n\n${advice}`
        for (const { callID, state } of parts) {
          const behind = notes.get(callID)
          if (behind && state?.status === "error" && !state.error.endsWith(behind)) state.error += `\n\n${behind}`
        }
      }
    }),
  }
}
