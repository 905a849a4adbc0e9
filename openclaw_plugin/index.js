// Eider in OpenClaw: register() only says what is there; nothing is opened, started or read before a hook or tool runs.

import path from "node:path";

import { homeOf, operatorOf, zone } from "./lib/home.js";
import { Learner } from "./lib/learn.js";
import { Server } from "./lib/server.js";
import { Progress } from "./lib/progress.js";
import { contextFor } from "./lib/prompt.js";
import { ID, settingsNow } from "./lib/settings.js";
import { registerTools } from "./lib/tools.js";
import { whoIs } from "./lib/who.js";

const FLUSH = 1_500; // ms; a gateway that stops gives all its plugins two seconds
const PARENTS = 1_000;

/** What lives as long as the process: register() runs several times in it. */
/** @type {{server: Server | null, learner: Learner | null, parents: Map<string, string>}} */
const alive = { server: null, learner: null, parents: new Map() };

/** @param {any} api */
function register(api) {
  const settings = () => settingsNow(api);
  const server = () => serverOf(api);
  const learner = () => (alive.learner ??= learnerOf(api));
  const tz = () => settings().tz || zone();

  /** @param {any} seen */
  const who = (seen) => {
    const now = settings();
    const links = whole(api)?.session?.identityLinks ?? {};
    const operator = now.user || operatorOf(homeOf(now.home));
    return whoIs(seen ?? {}, { settings: now, operator, links, parentOf: (key) => alive.parents.get(key) });
  };

  api.on("before_prompt_build", async (/** @type {any} */ event, /** @type {any} */ ctx) => {
    const now = settings();
    const found = now.enabled ? who(ctx) : null;
    if (found === null) return undefined;
    learner().begins(ctx.runId, found.session, event.messages ?? []);
    return contextFor(server(), found, event.currentUserMessage ?? event.prompt ?? "", now, tz());
  });

  api.on("agent_end", async (/** @type {any} */ event, /** @type {any} */ ctx) => {
    const now = settings();
    const found = who(ctx);
    if (found === null) return;
    const isOff = !now.enabled || !now.learn;
    await learner().ends(found, event.messages ?? [], { run: event.runId ?? ctx.runId, isOff });
  });

  for (const name of ["before_compaction", "before_reset"]) {
    api.on(name, async (/** @type {any} */ event, /** @type {any} */ ctx) => {
      const now = settings();
      const found = now.enabled && now.learn ? who(ctx) : null;
      if (found !== null && Array.isArray(event.messages)) {
        void learner().cut(found, event.messages, { isLast: name === "before_reset" });
      }
      await alive.learner?.flush(FLUSH, ctx?.sessionId);
    });
  }
  api.on("session_end", async (/** @type {any} */ _event, /** @type {any} */ ctx) => {
    await alive.learner?.flush(FLUSH, ctx?.sessionId);
  });
  api.on("subagent_spawned", (/** @type {any} */ event, /** @type {any} */ ctx) => {
    if (!event?.childSessionKey || !ctx?.requesterSessionKey) return;
    alive.parents.set(event.childSessionKey, ctx.requesterSessionKey);
    for (const key of alive.parents.keys()) {
      if (alive.parents.size <= PARENTS) break;
      alive.parents.delete(key);
    }
  });
  api.on("gateway_start", () => {
    if (settings().enabled) server().ensure(); // so that the first turn need not wait for it
  });
  api.on("gateway_stop", async () => {
    await alive.learner?.flush(FLUSH);
    alive.server?.close();
    alive.server = alive.learner = null;
  });
  registerTools({ api, server, who });
}

/** @param {any} api */
function serverOf(api) {
  const { home, command } = settingsNow(api);
  const place = homeOf(home);
  if (alive.server?.home !== place) {
    alive.server?.close();
    alive.server = new Server({ home: place, command, log: logOf(api) });
  }
  alive.server.command = command;
  return alive.server;
}

/** @param {any} api */
function learnerOf(api) {
  /** @type {string | undefined} */
  let state;
  try {
    state = api.runtime?.state?.resolveStateDir?.();
  } catch {
    state = undefined; // what was learned is then only known to this process
  }
  const file = state ? path.join(state, ID, "progress.json") : null;
  return new Learner({ server: () => serverOf(api), progress: new Progress(file), tz: settingsNow(api).tz || zone(), log: logOf(api) });
}

/** @param {any} api */
function whole(api) {
  try {
    return api.runtime?.config?.current?.() ?? api.config;
  } catch {
    return api.config;
  }
}

/** @param {any} api */
function logOf(api) {
  const said = api.logger ?? console;
  return { info: (/** @type {string} */ text) => said.info?.(text), warn: (/** @type {string} */ text) => said.warn?.(text) };
}

export default { id: ID, name: "Eider", description: "Persistent memory: what was corrected once is obeyed from then on.", register };
