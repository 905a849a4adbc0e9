// A server and an api as small as the plugin needs them.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * A server on a socket of its own, which answers by `answer` and keeps what it was asked.
 *
 * @param {(path: string, body: any) => any} [answer] A value, or `{status, ...}` for an error; a promise that never comes is a
 *     slow server.
 */
export async function fakeOwner(answer = () => ({ status: "ok", value: { text: "" } })) {
  const home = mkdtempSync(path.join(tmpdir(), "ei-"));
  mkdirSync(path.join(home, "run"));
  /** @type {{path: string, body: any, headers: http.IncomingHttpHeaders}[]} */
  const asked = [];
  const server = http.createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const body = JSON.parse(text || "{}");
    asked.push({ path: request.url ?? "", body, headers: request.headers });
    const found = await answer(request.url ?? "", body);
    response.statusCode = found.error ? 400 : 200;
    response.end(JSON.stringify(found));
  });
  const listen = () => new Promise((resolve) => server.listen(path.join(home, "run", "owner.sock"), () => resolve(undefined)));
  await listen();
  return {
    home,
    asked,
    /** @param {string} verb */
    of: (verb) => asked.filter((one) => one.path === `/v1/${verb}`).map((one) => one.body),
    gone: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
    back: listen,
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/**
 * The part of OpenClaw's api that is used.
 *
 * @param {object} config
 * @param {{state?: string, session?: object}} [more]
 */
export function fakeApi(config, { state, session } = {}) {
  /** @type {Map<string, Function[]>} */
  const hooks = new Map();
  /** @type {any[]} */
  const factories = [];
  /** @type {string[]} */
  const log = [];
  const whole = { session, plugins: { entries: { eider: { enabled: true, config } } } };
  const say = (/** @type {string} */ text) => log.push(text);
  return {
    log,
    whole,
    factories,
    pluginConfig: config,
    logger: { info: say, warn: say },
    runtime: { config: { current: () => whole }, state: { resolveStateDir: () => state } },
    on: (/** @type {string} */ name, /** @type {Function} */ act) => hooks.set(name, [...(hooks.get(name) ?? []), act]),
    registerTool: (/** @type {any} */ factory) => factories.push(factory),
    registered: hooks,
    /** @param {string} name @param {any} event @param {any} [ctx] @returns {Promise<any>} */
    async fire(name, event, ctx = {}) {
      let result;
      for (const act of hooks.get(name) ?? []) result = await act(event, ctx);
      return result;
    },
    /** @param {string} name @param {any} given @param {any} seen @returns {Promise<any>} */
    async call(name, given, seen) {
      const tool = factories[0](seen).find((/** @type {any} */ one) => one.name === name);
      return JSON.parse((await tool.execute("call_1", given)).content[0].text);
    },
  };
}

/** @param {string} text @param {number} [at] */
export const user = (text, at = 1) => ({ role: "user", content: [{ type: "text", text }], timestamp: at });
/** @param {string} text @param {number} at */
export const assistant = (text, at) => ({ role: "assistant", content: [{ type: "text", text }], timestamp: at });
/** @param {string} toolName @param {string} text @param {number} [at] */
export const result = (toolName, text, at = 1) => ({ role: "toolResult", toolName, content: [{ type: "text", text }], timestamp: at });
