// Settings of the plugin as they are used: the config file's, checked by the manifest's schema, over the defaults.

/**
 * @typedef {"cron" | "heartbeat" | "subagent"} Background
 *
 * @typedef {object} Settings
 * @property {boolean} enabled Off means: nothing is asked, nothing is learned, tools say so.
 * @property {string} [home] EIDER_HOME; what the environment or the platform says by default.
 * @property {string[]} command What starts Eider; `serve --ensure` is added.
 * @property {string} [store] Name of a shared store; the one that Eider has set by default.
 * @property {string} [user] Who the operator is; Eider's own setting, else the login name by default.
 * @property {string} [tz] Time zone of the people; the machine's by default.
 * @property {Record<string, string>} people `channel:peer` (or `channel:*`) to the name of a person.
 * @property {"separate" | "shared"} agents Whether agents other than the main one have a store of their own.
 * @property {boolean} guide Whether the policy goes into the system prompt.
 * @property {boolean} recall Whether recalled lines go before a prompt.
 * @property {boolean} learn Whether what is said is recorded and learned from.
 * @property {Background[]} background Sessions without a person that take part all the same.
 * @property {string[]} [scopes] Where the agent works; all scopes by default.
 * @property {number} deadlineMs How long a prompt waits for its memory.
 * @property {number} budget Tokens of recalled lines.
 * @property {number} policyBudget Tokens of policy.
 */

/** @type {Settings} */
export const DEFAULTS = Object.freeze({
  enabled: true,
  command: ["eider"],
  people: {},
  agents: "separate",
  guide: true,
  recall: true,
  learn: true,
  background: [],
  deadlineMs: 150,
  budget: 400,
  policyBudget: 600,
});

/** The name under which OpenClaw knows us, in its config and everywhere. */
export const ID = "eider";

/**
 * @param {unknown} given What stands under `plugins.entries.eider.config`.
 * @returns {Settings}
 */
export function settingsOf(given) {
  const said = given !== null && typeof given === "object" ? given : {};
  return { ...DEFAULTS, ...said };
}

/**
 * The settings that hold now: a turn that began before somebody switched the plugin off is off as well.
 *
 * @param {any} api
 * @returns {Settings}
 */
export function settingsNow(api) {
  if ((process.env.EIDER_HOOKS ?? "").trim().toLowerCase() === "off") return { ...DEFAULTS, enabled: false };
  /** @type {any} */
  let whole;
  try {
    whole = api.runtime?.config?.current?.();
  } catch {
    whole = undefined; // a host that has no config to show yet
  }
  const entry = whole?.plugins?.entries?.[ID];
  if (entry?.enabled === false || whole?.plugins?.enabled === false) return { ...DEFAULTS, enabled: false };
  return settingsOf(entry === undefined ? api.pluginConfig : (entry.config ?? {}));
}
