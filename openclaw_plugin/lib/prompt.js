// Before a prompt: the policy for the system prompt, and the recalled lines that help with this one. Often nothing.

import { spoken } from "./turns.js";

/**
 * @typedef {import("./who.js").Who} Who
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {{appendSystemContext?: string, prependContext?: string}} Context
 */

const READ = 20_000; // characters of a prompt that are looked at

/**
 * What a prompt gets; within the deadline or not at all. The policy names no prompt, so that its bytes, and the provider's cache,
 * hold until a memory changes.
 *
 * @param {import("./server.js").Server} server
 * @param {Who} who
 * @param {string} prompt
 * @param {Settings} settings
 * @param {string} tz
 * @returns {Promise<Context | undefined>}
 */
export async function contextFor(server, who, prompt, settings, tz) {
  const scopes = settings.scopes?.length ? { scopes: settings.scopes } : {};
  const said = spoken(prompt).slice(0, READ).toWellFormed();
  const [policy, recalled] = await Promise.all([
    settings.guide ? text("policy", { budget: settings.policyBudget, ...scopes }) : "",
    settings.recall && said ? text("inject", { prompt: said, session: who.session, budget: settings.budget, ...scopes }) : "",
  ]);
  if (!policy && !recalled) return undefined;
  return { ...(policy ? { appendSystemContext: policy } : {}), ...(recalled ? { prependContext: recalled } : {}) };

  /**
   * @param {string} verb
   * @param {object} request
   * @returns {Promise<string>}
   */
  async function text(verb, request) {
    const body = { request: { user: who.user, ...request }, channel: "openclaw", max_trust: "agent", agent: who.agent, tz };
    try {
      const answer = await server.ask(verb, who.store ? { ...body, store: who.store } : body, settings.deadlineMs);
      return String(answer?.value?.text ?? "");
    } catch {
      return ""; // the server tells the log; the turn goes on
    }
  }
}
