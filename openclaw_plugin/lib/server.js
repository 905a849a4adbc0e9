// The server: the one process that holds the stores. Asked over its Unix socket, else over loopback with its token.

import { spawn } from "node:child_process";
import http from "node:http";

import { loopbackOf, socketOf } from "./home.js";

export const VERSION = "0.1.0";
const PROTOCOL = 1;
const AGAIN = 60_000; // ms before a server that did not come is started again
const ARRIVAL = 8_000; // ms a server has to come; it takes two
const REST = 15_000; // ms in which a server that was too slow three times running is left alone
const SLOW = 3;
const LARGEST = 32 * 1024 * 1024;
const ENVIRONMENT = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "XDG_DATA_HOME", "LOCALAPPDATA", "SYSTEMROOT"];
const NOBODY = new Set(["ENOENT", "ECONNREFUSED", "EACCES", "ENOTSOCK"]);

/** The server refused, or did not answer. */
export class ServerError extends Error {
  /**
   * @param {string} kind Name of the error in Eider; `Absent` or `Slow` where it was not heard at all.
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }

  /** Whether the same may be asked again later: nobody has said no. */
  get isAway() {
    return ["Absent", "Slow", "ServerBusyError", "PausedError", "StoreLockedError"].includes(this.kind);
  }
}

/**
 * @typedef {object} Line
 * @property {(text: string) => void} info
 * @property {(text: string) => void} warn
 */

export class Server {
  /**
   * @param {object} given
   * @param {string} given.home
   * @param {string[]} given.command
   * @param {Line} given.log
   * @param {typeof spawn} [given.start] For tests.
   */
  constructor({ home, command, log, start = spawn }) {
    this.home = home;
    this.command = command;
    this.log = log;
    this.start = start;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 8, timeout: 0 });
    this.startedAt = -Infinity;
    this.restUntil = -Infinity;
    this.slow = 0;
    this.away = false;
  }

  /**
   * One request of the server's API.
   *
   * @param {string} route A verb, or a whole path.
   * @param {object} body
   * @param {number} ms What it may take.
   * @returns {Promise<any>} The answer as JSON.
   */
  async ask(route, body, ms) {
    if (performance.now() < this.restUntil) throw new ServerError("Slow", "it was too slow just now");
    const until = performance.now() + ms;
    try {
      const found = await this.#asked(route, JSON.stringify(body), until);
      this.slow = 0;
      this.#here();
      return found;
    } catch (error) {
      const fault = error instanceof ServerError ? error : new ServerError("Absent", String(error));
      if (fault.kind === "Absent") this.#gone(fault.message);
      if (fault.kind === "Slow") this.#late();
      throw fault;
    }
  }

  /**
   * @param {string} route
   * @param {string} body
   * @param {number} until
   */
  async #asked(route, body, until) {
    const socketPath = socketOf(this.home);
    if (socketPath !== null) {
      try {
        return await this.#sent({ socketPath }, route, body, until, {});
      } catch (error) {
        if (!NOBODY.has(/** @type {any} */ (error)?.code)) throw error;
      }
    }
    const near = loopbackOf(this.home);
    if (near === null) throw new ServerError("Absent", "nobody listens there");
    try {
      return await this.#sent({ host: "127.0.0.1", port: near.port }, route, body, until, {
        authorization: `Bearer ${near.token}`,
      });
    } catch (error) {
      throw NOBODY.has(/** @type {any} */ (error)?.code) ? new ServerError("Absent", "nobody listens there") : error;
    }
  }

  /**
   * @param {{socketPath: string} | {host: string, port: number}} where
   * @param {string} route
   * @param {string} body
   * @param {number} until
   * @param {Record<string, string>} more
   * @returns {Promise<any>}
   */
  #sent(where, route, body, until, more) {
    return new Promise((resolve, reject) => {
      const left = until - performance.now();
      if (left <= 0) {
        reject(new ServerError("Slow", "the time was up"));
        return;
      }
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "eider-client": `openclaw-${VERSION}/${PROTOCOL}`,
        "eider-deadline": String(Math.floor(left)),
        ...more,
      };
      const request = http.request({ ...where, method: "POST", path: route.startsWith("/") ? route : `/v1/${route}`, agent: this.agent, headers });
      const timer = setTimeout(() => request.destroy(new ServerError("Slow", `no answer in ${Math.round(left)} ms`)), left);
      request.once("error", (/** @type {any} */ error) => {
        clearTimeout(timer);
        const stale = request.reusedSocket && error.code === "ECONNRESET";
        if (stale) this.#sent(where, route, body, until, more).then(resolve, reject);
        else reject(error);
      });
      request.once("response", (response) => {
        read(response).then(
          (text) => resolve(found(response.statusCode ?? 500, text)),
          (error) => reject(error),
        ).catch(reject).finally(() => clearTimeout(timer));
      });
      request.end(body);
    });
  }

  /** Start a server, unless that was tried a moment ago; whoever asks goes on without. */
  ensure() {
    if (performance.now() - this.startedAt < AGAIN) return;
    this.startedAt = performance.now();
    /** @type {NodeJS.ProcessEnv} */
    const env = { EIDER_HOME: this.home };
    for (const name of ENVIRONMENT) if (process.env[name] !== undefined) env[name] = process.env[name];
    const [program = "eider", ...words] = this.command;
    try {
      const child = this.start(program, [...words, "serve", "--ensure"], { cwd: "/", detached: true, env, stdio: "ignore" });
      child.once("error", (error) => this.#cannot(program, error.message));
      child.unref();
    } catch (error) {
      this.#cannot(program, error instanceof Error ? error.message : String(error));
    }
  }

  /** Whether one was started a moment ago and may still come. */
  get isComing() {
    return this.away && performance.now() - this.startedAt < ARRIVAL;
  }

  /** Let go of the connections. */
  close() {
    this.agent.destroy();
  }

  /**
   * @param {string} program
   * @param {string} why
   */
  #cannot(program, why) {
    this.startedAt -= ARRIVAL;
    this.log.warn(`eider: ${JSON.stringify(program)} cannot be started (${why}); set plugins.entries.eider.config.command to where Eider is, or run: eider install --target openclaw`);
  }

  /** @param {string} why */
  #gone(why) {
    if (!this.away) this.log.warn(`eider: no memory for now (${why}); turns go on without it`);
    this.away = true;
    this.ensure();
  }

  #late() {
    this.slow += 1;
    if (this.slow % SLOW !== 0) return;
    this.restUntil = performance.now() + REST;
    if (!this.away) this.log.warn("eider: no memory for now (the server is too slow); turns go on without it");
    this.away = true;
  }

  #here() {
    if (this.away) this.log.info("eider: memory is back");
    this.away = false;
  }
}

/**
 * @param {http.IncomingMessage} response
 * @returns {Promise<string>}
 */
async function read(response) {
  const parts = [];
  let size = 0;
  for await (const part of response) {
    size += part.length;
    if (size > LARGEST) throw new ServerError("TooLargeError", "the answer is too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/**
 * @param {number} status
 * @param {string} text
 */
function found(status, text) {
  /** @type {any} */
  let said = {};
  try {
    said = text ? JSON.parse(text) : {};
  } catch {
    throw new ServerError("ServerError", `the server answered ${status} with no JSON`);
  }
  if (status === 200) return said;
  throw new ServerError(said?.error?.kind ?? "ServerError", said?.error?.message ?? `the server answered ${status}`);
}
