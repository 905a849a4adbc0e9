// Where Eider keeps things on this machine, found as its own clients find it.

import { lstatSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import path from "node:path";

const LONGEST = 100; // bytes of a socket's path, as in Eider's client
const OTHERS = 0o022; // permission bits with which somebody else could put a socket there

/**
 * Directory of everything Eider keeps.
 *
 * @param {string} [named] A setting; the environment and the platform come after it.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string}
 */
export function homeOf(named, env = process.env) {
  const chosen = named || env.EIDER_HOME;
  if (chosen) return path.resolve(chosen.replace(/^~(?=$|\/)/, homedir()));
  if (process.platform === "darwin") return path.join(homedir(), "Library", "Application Support", "eider");
  if (process.platform === "win32") return path.join(env.LOCALAPPDATA || homedir(), "eider");
  return path.join(env.XDG_DATA_HOME || path.join(homedir(), ".local", "share"), "eider");
}

/**
 * Where the server listens: beside its notes, or below /tmp where that would be too long for a socket.
 *
 * @param {string} home
 * @returns {string | null} null where there is none to be trusted.
 */
export function socketOf(home) {
  if (process.platform === "win32") return null;
  const near = path.join(home, "run", "owner.sock");
  if (Buffer.byteLength(near) <= LONGEST) return near;
  const folder = `/tmp/eider-${process.getuid?.()}-${fnv(Buffer.from(home))}`;
  return isOurs(folder) ? path.join(folder, "owner.sock") : null;
}

/** @param {string} folder */
function isOurs(folder) {
  try {
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & OTHERS) === 0;
  } catch {
    return false;
  }
}

/**
 * FNV-1a of 64 bits.
 *
 * @param {Uint8Array} bytes
 */
export function fnv(bytes) {
  let mark = 0xcbf29ce484222325n;
  for (const byte of bytes) mark = ((mark ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return mark.toString(16).padStart(16, "0");
}

/**
 * Port and token of a server whose socket cannot be reached, such as across the wall of a container.
 *
 * @param {string} home
 * @returns {{port: number, token: string} | null}
 */
export function loopbackOf(home) {
  try {
    const port = JSON.parse(readFileSync(path.join(home, "run", "owner.json"), "utf8")).port;
    const token = readFileSync(path.join(home, "run", "token"), "utf8").trim();
    return Number.isInteger(port) && token ? { port, token } : null;
  } catch {
    return null;
  }
}

/**
 * The person this machine belongs to, as Eider's other clients name them.
 *
 * @param {string} home
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string}
 */
export function operatorOf(home, env = process.env) {
  if (env.EIDER_USER) return env.EIDER_USER;
  try {
    const set = JSON.parse(readFileSync(path.join(home, "config.json"), "utf8")).user;
    if (typeof set === "string" && set) return set;
  } catch {
    // nothing is set
  }
  const named = env.LOGNAME || env.USER || env.LNAME || env.USERNAME;
  if (named) return named;
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 0}`;
  }
}

/** The machine's time zone. */
export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
