// Learning: what is new in a conversation is told to the owner, in its order, once, and never in a turn's way.

import { OwnerError } from "./owner.js";
import { lastAnchor, lastTurn, stepsOf } from "./turns.js";

const PATIENCE = 15_000; // ms for one write: the store may be loading, or be backed up
const PAUSE = 200; // ms between two looks for an owner that is starting
const RUNS = 500; // runs under way whose beginning is kept

/**
 * @typedef {import("./who.js").Who} Who
 * @typedef {import("./owner.js").Owner} Owner
 * @typedef {import("./progress.js").Progress} Progress
 * @typedef {import("./turns.js").Step} Step
 */

export class Learner {
  /**
   * @param {object} given
   * @param {() => Owner} given.owner
   * @param {Progress} given.progress
   * @param {string} given.tz
   * @param {import("./owner.js").Line} given.log
   */
  constructor({ owner, progress, tz, log }) {
    this.owner = owner;
    this.progress = progress;
    this.tz = tz;
    this.log = log;
    /** @type {Map<string, number>} Run to the time before which it began. */
    this.began = new Map();
    /** @type {Map<string, Promise<void>>} Session to what is being delivered. */
    this.under = new Map();
  }

  /**
   * A turn begins: whatever the conversation holds by now is not new.
   *
   * @param {string | undefined} run
   * @param {readonly unknown[]} messages
   */
  begins(run, messages) {
    if (!run || this.began.has(run)) return;
    this.began.set(run, lastAnchor(messages));
    for (const name of this.began.keys()) {
      if (this.began.size <= RUNS) break;
      this.began.delete(name);
    }
  }

  /**
   * A turn has ended, or a conversation is about to be cut: deliver what is new in it.
   *
   * @param {Who} who
   * @param {readonly unknown[]} messages
   * @param {{run?: string | undefined, isLast?: boolean, isOff?: boolean}} [how] `isLast`: no answer comes any more to
   *     what was said; `isOff`: nothing is learned, now or later.
   * @returns {Promise<void>}
   */
  ends(who, messages, { run, isLast = false, isOff = false } = {}) {
    const seen = lastAnchor(messages);
    const from = this.began.get(run ?? "") ?? (isLast ? seen : lastTurn(messages));
    this.began.delete(run ?? "");
    return this.#after(who.session, async () => {
      const old = this.progress.of(who.session);
      if (isOff || !who.learns) {
        this.progress.put(who.session, { at: seen, seen, who: who.user });
        return;
      }
      const waits = old !== undefined && old.who === who.user && old.at < old.seen ? old : null;
      const steps = stepsOf(messages, who).filter(
        (step) => (Number.isFinite(step.anchor) || isLast) && (step.anchor > from || (waits && step.anchor > waits.at && step.anchor <= waits.seen)),
      );
      const at = waits !== null && waits.seen >= from ? waits.at : from; // turns the plugin was not there for stay out
      const told = await this.#told(who, steps, at);
      this.progress.put(who.session, { at: told === null ? seen : Math.min(told, seen), seen, who: who.user });
    });
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
      const body = { request: { user: who.user, ...step.request }, channel: "openclaw", ceiling: step.ceiling, agent: who.agent, tz: this.tz };
      try {
        await this.#asked(step.verb, who.store ? { ...body, store: who.store } : body);
      } catch (error) {
        if (error instanceof OwnerError && !error.isAway) this.#refused(step, error); // asked again it would be refused again
        else return done;
      }
      const isWhole = steps.findLast((one) => one.anchor === step.anchor) === step;
      if (isWhole && Number.isFinite(step.anchor)) done = Math.max(done, step.anchor);
    }
    return null;
  }

  /**
   * One write; an owner that is on its way is waited for.
   *
   * @param {string} verb
   * @param {object} body
   */
  async #asked(verb, body) {
    for (;;) {
      try {
        return await this.owner().ask(verb, body, PATIENCE);
      } catch (error) {
        if (!(error instanceof OwnerError && error.kind === "Absent" && this.owner().isComing)) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  /**
   * @param {Step} step
   * @param {OwnerError} error
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
