// What a conversation holds that may be learned, in requests to the server. Pure.
//
// Keys are coordinates, not content: OpenClaw rewrites ids and times of a message when it stores it, but not the time
// of an assistant's message, so everything is named after the assistant's message that it came before.

/**
 * @typedef {object} Message
 * @property {string} role
 * @property {unknown} [content]
 * @property {number} [timestamp]
 * @property {string} [toolName]
 * @property {{kind?: string}} [provenance]
 * @property {{kind?: string}} [inputProvenance]
 *
 * @typedef {object} Step
 * @property {"record" | "observe"} verb
 * @property {"user" | "agent" | "tool"} maxTrust
 * @property {number} anchor Time of the assistant's message that this step belongs to; Infinity before there is one.
 * @property {any} request
 */

export const TOOLS = Object.freeze(["memory_recall", "memory_remember", "memory_forget", "memory_why"]);
const CONTEXT = "⟦openclaw:ctx⟧"; // ends the header line of what a channel adds to a message
const INTERNAL = /<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>[\s\S]*?(?:<<<END_OPENCLAW_INTERNAL_CONTEXT>>>|$)/g;
const STAMP = /^\[[A-Za-z]{3} \d{4}-\d{2}-\d{2} \d{2}:\d{2}[^\]]*\] */;
const PRIVATE = /<private>[\s\S]*?(?:<\/private>|$)/gi;
const COMMAND = /^\/[a-z][\w-]*(?:\s|$)/i;
const LONGEST = 100_000; // characters of one output of a tool that are kept
const MACHINE = new Set(["inter_session", "internal_system"]);

/**
 * The steps of a conversation, in its order.
 *
 * @param {readonly unknown[]} given Messages as OpenClaw has them.
 * @param {object} about
 * @param {string} about.session
 * @param {boolean} about.isPerson
 * @returns {Step[]}
 */
export function stepsOf(given, { session, isPerson }) {
  const messages = given.filter(isMessage);
  const anchors = anchorsOf(messages);
  /** @type {Step[]} */
  const steps = [];
  /** @type {{text: string, key: string} | null} */
  let answering = null;
  let tainted = false;
  let before = 0; // time of the assistant's message before
  let count = 0; // what came since then
  let last = ""; // role of the last message that was not a user's
  messages.forEach((message, place) => {
    const anchor = anchors[place] ?? Infinity;
    const at = { session, at: when(message.timestamp) };
    if (message.role === "assistant") {
      const text = textOf(message.content);
      const key = `openclaw:${session}:${anchor}:agent`;
      if (text) {
        const request = { text, role: "agent", key, ...at };
        steps.push({ verb: "record", maxTrust: tainted ? "tool" : "agent", anchor, request });
        answering = { text, key };
      }
      [before, count, last] = [anchor, 0, message.role];
    } else if (message.role === "toolResult") {
      [count, last] = [count + 1, message.role];
      const text = textOf(message.content);
      if (isOwn(message, text)) return;
      tainted = true;
      if (!text) return;
      const key = `openclaw:${session}:${before}:tool:${count}`;
      const request = { text: text.slice(0, LONGEST).toWellFormed(), role: "other", speaker: named(message.toolName), key, ...at };
      steps.push({ verb: "record", maxTrust: "tool", anchor, request });
    } else if (message.role === "user") {
      count += 1;
      if (last !== "toolResult") tainted = false; // words thrown into a turn do not end it
      const text = spoken(message.content);
      if (!text || isMachine(message)) return;
      const name = Number.isFinite(anchor) ? String(anchor) : `${before}+`;
      const key = `openclaw:${session}:${name}:user${count > 1 ? `:${count}` : ""}`;
      const reply = { user_reply: text, agent_output: answering?.text ?? "", key, ...at };
      const request = answering ? { ...reply, answering_key: answering.key } : reply;
      steps.push({ verb: "observe", maxTrust: isPerson ? "user" : "agent", anchor, request });
    }
  });
  return steps;
}

/**
 * Time of the last assistant's message; 0 where there is none.
 *
 * @param {readonly unknown[]} given
 */
export function lastAnchor(given) {
  return given.filter(isMessage).reduce((last, m) => (m.role === "assistant" ? Math.max(last, m.timestamp ?? 0) : last), 0);
}

/**
 * The time before which the last turn began: that of the assistant's message before the last words of a person.
 *
 * @param {readonly unknown[]} given
 */
export function lastTurn(given) {
  const messages = given.filter(isMessage);
  const user = messages.findLastIndex((m) => m.role === "user");
  return lastAnchor(messages.slice(0, Math.max(user, 0)));
}

/**
 * What a person said, without what the channel and OpenClaw put around it, and without what is private.
 *
 * @param {unknown} content
 */
export function spoken(content) {
  const text = textOf(content).replace(INTERNAL, "").replace(PRIVATE, "");
  const said = withoutContext(text).trim().replace(STAMP, "").trim();
  return COMMAND.test(said) ? "" : said;
}

/** @param {readonly Message[]} messages */
function anchorsOf(messages) {
  let next = Infinity;
  return messages.reduceRight((/** @type {number[]} */ found, message) => {
    if (message.role === "assistant" && message.timestamp) next = message.timestamp;
    found.unshift(next);
    return found;
  }, []);
}

/**
 * Blocks that a channel adds: a header line, then fenced JSON or lines up to an empty one.
 *
 * @param {string} text
 */
function withoutContext(text) {
  if (!text.includes(CONTEXT)) return text;
  /** @type {string[]} */
  const kept = [];
  /** @type {"" | "header" | "fence" | "lines"} */
  let inside = "";
  for (const line of text.split("\n")) {
    const plain = line.trim();
    if (inside === "fence") inside = plain === "```" ? "" : "fence";
    else if (plain.endsWith(CONTEXT)) inside = "header";
    else if (inside === "header" && plain.startsWith("```")) inside = "fence";
    else if (inside !== "" && plain === "") inside = "";
    else if (inside !== "") inside = "lines";
    else kept.push(line);
  }
  return kept.join("\n");
}

/** @param {unknown} content */
function textOf(content) {
  const parts = typeof content === "string" ? [content] : Array.isArray(content) ? content.map(partOf) : [];
  return parts.filter(Boolean).join("\n").replaceAll("\u0000", "").toWellFormed().trim();
}

/** @param {any} part */
function partOf(part) {
  return part !== null && typeof part === "object" && part.type === "text" && typeof part.text === "string" ? part.text : "";
}

/**
 * Whether a tool's output is our own: what memory gave out is not learned again.
 *
 * @param {Message} message
 * @param {string} text
 */
function isOwn(message, text) {
  if (TOOLS.includes(message.toolName ?? "")) return true;
  if (message.toolName !== "tool_call") return false;
  const found = /"name":\s*"([^"]+)"/.exec(text.slice(0, 500));
  return TOOLS.includes(found?.[1] ?? "");
}

/** @param {Message} message */
function isMachine(message) {
  return MACHINE.has(message.provenance?.kind ?? "") || MACHINE.has(message.inputProvenance?.kind ?? "");
}

/** @param {string | undefined} tool */
function named(tool) {
  return (tool || "tool").replaceAll(/\s+/g, " ").slice(0, 100);
}

/** @param {number | undefined} time */
function when(time) {
  return time && Number.isFinite(time) ? new Date(time).toISOString() : null;
}

/**
 * @param {unknown} value
 * @returns {value is Message}
 */
function isMessage(value) {
  return value !== null && typeof value === "object" && typeof (/** @type {any} */ (value).role) === "string";
}
