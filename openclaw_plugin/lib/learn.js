// Learning: what is new in a conversation is told to the server, in its order, once, and never in a turn's way.

import { ServerError } from "./server.js";
import { lastAnchor, lastTurn, stepsOf } from "./turns.js";

const PATIENCE = 15_000; // ms for one write: the store may be loading, or be backed up
const PAUSE = 200; // ms between two looks for a server that is starting
const RUNS = 500; // runs under way whose beginning is kept

/**
 * @typedef {import("./who.js").Who} Who
 * @typedef {import("./server.js").Server} Server
 * @typedef {import("./progress.js").Progress} Progress
 * @typedef {import("./turns.js").Step} Step
 */

export class Learner {
  /**
   * @param {object} given
   * @param {() => Server} given.server
   * @param {Progress} given.progress
   * @param {string} given.tz
   * @param {import("./server.js").Line} given.log
   */
  constructor({ server, progress, tz, log }) {
    this.server = server;
    this.progress = progress;
    this.tz = tz;
    this.log = log;
    /** @type {Map<string, {session: string, at: number}>} Run to the time before which it began. */
    this.began = new Map();
    /** @type {Map<string, Promise<void>>} Session to what is being delivered. */
    this.under = new Map();
  }

  /**
   * A turn begins: whatever the conversation holds by now is not new.
   *
   * @param {string | undefined} run
   * @param {string} session
   * @param {readonly unknown[]} messages
   */
  begins(run, session, messages) {
    if (!run || this.began.has(run)) return;
    this.began.set(run, { session, at: lastAnchor(messages) });
    for (const name of this.began.keys()) {
      if (this.began.size <= RUNS) break;
      this.began.delete(name);
    }
  }

  /**
   * A turn has ended: deliver what is new in it.
   *
   * @param {Who} who
   * @param {readonly unknown[]} messages
   * @param {{run?: string | undefined, isOff?: boolean}} [how] `isOff`: nothing is learned, now or later.
   * @returns {Promise<void>}
   */
  ends(who, messages, { run, isOff = false } = {}) {
    const from = this.began.get(run ?? "")?.at ?? lastTurn(messages);
    this.began.delete(run ?? "");
    if (!isOff && who.learns) return this.#after(who.session, () => this.#learn(who, messages, from, false));
    const seen = lastAnchor(messages);
    return this.#after(who.session, async () => this.progress.put(who.session, { at: seen, seen, who: who.user }));
  }

  /**
   * A conversation is about to be cut: deliver what still waits.
   *
   * @param {Who} who
   * @param {readonly unknown[]} messages
   * @param {{isLast: boolean}} how `isLast`: and the words that no answer comes to any more.
   * @returns {Promise<void>}
   */
  cut(who, messages, { isLast }) {
    const under = isLast ? [...this.began].find(([, begun]) => begun.session === who.session) : undefined;
    if (under) this.began.delete(under[0]);
    const from = lastAnchor(messages); // turns that ended were told of; others the plugin was not there for
    return this.#after(who.session, () => this.#learn(who, messages, from, under !== undefined && who.learns));
  }

  /**
   * @param {Who} who
   * @param {readonly unknown[]} messages
   * @param {number} from What comes after this is new.
   * @param {boolean} isLast Whether words without an answer are meant too.
   */
  async #learn(who, messages, from, isLast) {
    const seen = lastAnchor(messages);
    const old = this.progress.of(who.session);
    const waits = old !== undefined && old.who === who.user && old.at < old.seen ? old : null;
    const steps = stepsOf(messages, who).filter(({ anchor }) =>
      anchor > from ? isLast || Number.isFinite(anchor) : waits !== null && anchor > waits.at && anchor <= waits.seen,
    );
    const at = waits !== null && waits.seen >= from ? waits.at : from; // turns the plugin was not there for stay out
    const told = await this.#told(who, steps, at);
    this.progress.put(who.session, { at: told === null ? seen : Math.min(told, seen), seen, who: who.user });
  }

  /**
   * Wait for what is being delivered; goes on at the deadline.
   *
   * @param {number} ms
   * @param {string} [session] One; all by default.
   */
  async flush(ms, session) {
    const all = session === undefined ? [...this.under.values()] : [this.under.get(session)];
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const enough = new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([Promise.allSettled(all), enough]);
    clearTimeout(timer);
  }

  /**
   * @param {Who} who
   * @param {Step[]} steps
   * @param {number} at
   * @returns {Promise<number | null>} null when all was delivered, else up to where.
   */
  async #told(who, steps, at) {
    let done = at;
    for (const step of steps) {
      const body = { request: { user: who.user, ...step.request }, channel: "openclaw", max_trust: step.maxTrust, agent: who.agent, tz: this.tz };
      try {
        await this.#asked(step.verb, who.store ? { ...body, store: who.store } : body);
      } catch (error) {
        if (error instanceof ServerError && !error.isAway) this.#refused(step, error); // asked again it would be refused again
        else return done;
      }
      const isWhole = steps.findLast((one) => one.anchor === step.anchor) === step;
      if (isWhole && Number.isFinite(step.anchor)) done = Math.max(done, step.anchor);
    }
    return null;
  }

  /**
   * One write; a server that is on its way is waited for.
   *
   * @param {string} verb
   * @param {object} body
   */
  async #asked(verb, body) {
    for (;;) {
      try {
        return await this.server().ask(verb, body, PATIENCE);
      } catch (error) {
        if (!(error instanceof ServerError && error.kind === "Absent" && this.server().isComing)) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  /**
   * @param {Step} step
   * @param {ServerError} error
   */
  #refused(step, error) {
    if (error.message.includes("recalled memory")) return; // nothing but what memory had given out
    this.log.warn(`eider: not kept (${step.verb}, ${error.kind}); see eider log`);
  }

  /**
   * @param {string} session
   * @param {() => Promise<void>} work
   */
  #after(session, work) {
    const next = (this.under.get(session) ?? Promise.resolve()).then(work).catch((error) => {
      this.log.warn(`eider: learning failed (${error instanceof Error ? error.name : "fault"})`);
    });
    this.under.set(session, next);
    void next.finally(() => {
      if (this.under.get(session) === next) this.under.delete(session);
    });
    return next;
  }
}
