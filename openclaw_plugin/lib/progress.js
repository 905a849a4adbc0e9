// How far each session was learned from: times and names in one small file, so that a restart forgets nothing.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const MOST = 2_000; // sessions kept; the longest untouched go first

/**
 * @typedef {object} Mark
 * @property {number} at Everything up to this assistant's message was delivered.
 * @property {number} seen Up to here the plugin was there; what lies between waits to be delivered.
 * @property {string} who Whose words wait.
 */

export class Progress {
  /** @param {string | null} file null keeps it in memory. */
  constructor(file) {
    this.file = file;
    /** @type {Map<string, Mark> | null} */
    this.marks = null;
  }

  /**
   * @param {string} session
   * @returns {Mark | undefined}
   */
  of(session) {
    return this.#all().get(session);
  }

  /**
   * @param {string} session
   * @param {Mark} mark
   */
  put(session, mark) {
    const marks = this.#all();
    const old = marks.get(session);
    if (old && old.at === mark.at && old.seen === mark.seen && old.who === mark.who) return;
    marks.delete(session); // the newest stand last
    marks.set(session, mark);
    for (const name of marks.keys()) {
      if (marks.size <= MOST) break;
      marks.delete(name);
    }
    this.#write(marks);
  }

  #all() {
    if (this.marks !== null) return this.marks;
    this.marks = new Map();
    try {
      const said = this.file === null ? {} : JSON.parse(readFileSync(this.file, "utf8")).sessions;
      for (const [name, mark] of Object.entries(said ?? {})) if (isMark(mark)) this.marks.set(name, mark);
    } catch {
      // none yet, or not ours: keys keep everything from being learned twice
    }
    return this.marks;
  }

  /** @param {Map<string, Mark>} marks */
  #write(marks) {
    if (this.file === null) return;
    const fresh = `${this.file}.${process.pid}`;
    try {
      mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
      writeFileSync(fresh, JSON.stringify({ v: 1, sessions: Object.fromEntries(marks) }), { mode: 0o600 });
      renameSync(fresh, this.file);
    } catch {
      rmSync(fresh, { force: true }); // a disk that is full costs what waits, not the turn
    }
  }
}

/**
 * @param {any} value
 * @returns {value is Mark}
 */
function isMark(value) {
  return Number.isFinite(value?.at) && Number.isFinite(value?.seen) && typeof value?.who === "string";
}
