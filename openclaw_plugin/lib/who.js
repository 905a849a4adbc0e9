// Whose memory a session is: a person's, a group's, or nobody's.

/**
 * @typedef {import("./settings.js").Background} Background
 * @typedef {import("./settings.js").Settings} Settings
 *
 * @typedef {object} Who
 * @property {string} user Whose memory it is.
 * @property {string} agent Who learns.
 * @property {string} [store]
 * @property {string} session
 * @property {boolean} isPerson Whether a person speaks; what a schedule or an agent says claims less.
 * @property {boolean} learns Whether what is said is learned from.
 *
 * @typedef {object} Seen What OpenClaw says of a run, in hooks and in tool factories.
 * @property {string} [agentId]
 * @property {string} [sessionKey]
 * @property {string} [sessionId]
 * @property {string} [trigger]
 * @property {string} [channel]
 * @property {string} [messageProvider]
 * @property {string} [messageChannel]
 * @property {string} [senderId]
 * @property {string} [requesterSenderId]
 * @property {{kind?: string}} [inputProvenance]
 *
 * @typedef {object} Around What identity depends on besides the run.
 * @property {Settings} settings
 * @property {string} operator
 * @property {Record<string, string[]>} links `session.identityLinks` of OpenClaw: a name, and its `channel:peer`s.
 * @property {(sessionKey: string) => string | undefined} [parentOf] Which session asked for a subagent's.
 */

const MAIN = "main";
const NEVER = /^(?:acp|boot|hook|incognito-[^:]*|dashboard:incognito-[^:]*)(?::|$)/;
const GROUP = /^(?<channel>[^:]+):(?:[^:]+:)?(?:group|channel|room):(?<id>.+)$/;
const DIRECT = /^(?:(?<channel>[^:]+):(?:[^:]+:)?)?(?:direct|dm|slash):(?<peer>.+)$/;
const THREAD = /:thread:.*$/;
/** Runs that nobody asked for by speaking. */
const BACKGROUND = new Set(["cron", "heartbeat"]);
const INTERNAL = new Set(["memory"]);
const MACHINE = new Set(["inter_session", "internal_system"]);
/** Channels without people of their own: who speaks there has the operator's token. */
const OWN = new Set(["", "webchat", "cli", "tui", "gateway", "internal", "control-ui", "openclaw"]);
const LONGEST = 256;

/**
 * Whose memory a run may use; null where it takes no part.
 *
 * @param {Seen} seen
 * @param {Around} around
 * @returns {Who | null}
 */
export function whoIs(seen, around) {
  const { agent: keyed, rest } = parts(seen.sessionKey);
  if (NEVER.test(rest) || INTERNAL.has(seen.trigger ?? "")) return null;
  const background = backgroundOf(seen, rest);
  if (background !== null && !around.settings.background.includes(background)) return null;
  const user = background === "subagent" ? parentUser(seen, around) : userOf(seen, rest, around);
  if (!user || user.length > LONGEST || !seen.sessionId) return null;
  const agent = (seen.agentId || keyed || MAIN).toLowerCase();
  const isPerson = background === null && !MACHINE.has(seen.inputProvenance?.kind ?? "");
  return { user, session: seen.sessionId, isPerson, learns: isPerson || background !== null, ...seat(agent, around.settings) };
}

/**
 * The agent's name, and its store: agents are kept apart unless they are meant to share.
 *
 * @param {string} agent
 * @param {Settings} settings
 * @returns {{agent: string, store?: string}}
 */
export function seat(agent, settings) {
  const name = agent === MAIN ? "openclaw" : `openclaw-${agent}`;
  if (agent === MAIN || settings.agents === "shared") return settings.store ? { agent: name, store: settings.store } : { agent: name };
  return { agent: name, store: `${settings.store ?? "openclaw"}-${agent}` };
}

/** @param {string | undefined} key */
function parts(key) {
  const found = /^agent:([^:]*):(.*)$/s.exec(key ?? "");
  return found ? { agent: found[1], rest: found[2] ?? "" } : { agent: "", rest: key ?? "" };
}

/**
 * @param {Seen} seen
 * @param {string} rest
 * @returns {Background | null}
 */
function backgroundOf(seen, rest) {
  if (/(?:^|:)subagent:/.test(rest)) return "subagent";
  if (rest.startsWith("cron:") || seen.trigger === "cron") return "cron";
  return rest === "heartbeat" || rest.endsWith(":heartbeat") || BACKGROUND.has(seen.trigger ?? "") ? "heartbeat" : null;
}

/**
 * A subagent works for whoever speaks in the session that asked for it; where that is not known, for nobody.
 *
 * @param {Seen} seen
 * @param {Around} around
 * @returns {string}
 */
function parentUser(seen, around) {
  const parent = around.parentOf?.(seen.sessionKey ?? "");
  if (!parent || parent === seen.sessionKey) return "";
  const { rest } = parts(parent);
  return /(?:^|:)subagent:/.test(rest) ? parentUser({ sessionKey: parent }, around) : userOf({ sessionKey: parent }, rest, around);
}

/**
 * @param {Seen} seen
 * @param {string} rest What follows the agent in a session's key.
 * @param {Around} around
 */
function userOf(seen, rest, around) {
  const channel = (seen.channel || seen.messageProvider || seen.messageChannel || "").toLowerCase();
  const sender = seen.senderId || seen.requesterSenderId || "";
  const group = GROUP.exec(rest)?.groups;
  if (group) return `group:${group.channel}:${(group.id ?? "").replace(THREAD, "")}`;
  const direct = DIRECT.exec(rest)?.groups;
  if (direct) return person(direct.channel ?? "", (direct.peer ?? "").replace(THREAD, ""), around);
  if (sender && !OWN.has(channel)) return person(channel, sender, around);
  return OWN.has(channel) ? opened(rest, around) : `${channel}:${rest}`;
}

/**
 * The operator, unless an entry gives a session opened by hand or over HTTP (`openai-user:NAME`) to somebody.
 *
 * @param {string} rest
 * @param {Around} around
 */
function opened(rest, around) {
  const [channel = "", ...peer] = rest.split(":");
  return linked(around.settings.people, channel, peer.join(":")) ?? around.operator;
}

/**
 * A person by the name they are linked to, else as `channel:peer`.
 *
 * @param {string} channel
 * @param {string} peer
 * @param {Around} around
 */
function person(channel, peer, { settings, links }) {
  const found = linked(settings.people, channel, peer);
  if (found !== undefined) return found;
  const wanted = `${channel}:${peer}`.toLowerCase();
  for (const [name, ids] of Object.entries(links)) {
    const same = ids.some((id) => id.toLowerCase() === wanted);
    if (same || name.toLowerCase() === peer.toLowerCase()) return name; // keys of linked people hold the name itself
  }
  return channel ? `${channel}:${peer}` : `direct:${peer}`;
}

/**
 * @param {Record<string, string>} people
 * @param {string} channel
 * @param {string} peer
 * @returns {string | undefined}
 */
function linked(people, channel, peer) {
  const wanted = [`${channel}:${peer}`.toLowerCase(), `${channel}:*`.toLowerCase()];
  for (const one of wanted) {
    const found = Object.entries(people).find(([id]) => id.toLowerCase() === one);
    if (found) return found[1];
  }
  return undefined;
}
