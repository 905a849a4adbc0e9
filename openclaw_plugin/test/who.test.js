import assert from "node:assert/strict";
import { test } from "node:test";

import { settingsOf } from "../lib/settings.js";
import { whoIs } from "../lib/who.js";

/**
 * @param {string} sessionKey
 * @param {object} [seen]
 * @param {any} [more]
 */
function who(sessionKey, seen = {}, more = {}) {
  const { settings = {}, links = {}, parentOf } = more;
  return whoIs({ sessionKey, sessionId: "s", trigger: "user", ...seen }, { settings: settingsOf(settings), operator: "ada", links, parentOf });
}

test("sessions without a channel are the operator's", () => {
  for (const key of ["agent:main:main", "agent:main:dashboard:1", "agent:main:explicit:x", "agent:main:openai-user:thread-7", "global"]) {
    assert.equal(who(key)?.user, "ada", key);
  }
});

test("a direct message is the linked person's, else channel:peer", () => {
  assert.equal(who("agent:main:telegram:direct:42")?.user, "telegram:42");
  assert.equal(who("agent:main:telegram:work:direct:42")?.user, "telegram:42");
  assert.equal(who("agent:main:telegram:direct:42:thread:7")?.user, "telegram:42");
  assert.equal(who("agent:main:telegram:direct:42", {}, { settings: { people: { "Telegram:42": "bea" } } })?.user, "bea");
  assert.equal(who("agent:main:telegram:direct:42", {}, { links: { bea: ["telegram:42"] } })?.user, "bea");
  assert.equal(who("agent:main:direct:bea", {}, { links: { bea: ["telegram:42"] } })?.user, "bea");
  assert.equal(who("agent:main:openai-user:x", {}, { settings: { people: { "openai-user:x": "bea" } } })?.user, "bea");
  assert.equal(who("agent:main:telegram:direct:9", {}, { settings: { people: { "telegram:*": "all" } } })?.user, "all");
});

test("in the one session that all direct messages share, each is whose it is", () => {
  assert.equal(who("agent:main:main", { channel: "telegram", senderId: "42" })?.user, "telegram:42");
  assert.equal(who("agent:main:main", { messageChannel: "telegram", requesterSenderId: "43" })?.user, "telegram:43");
});

test("a group is nobody's but the group's, whoever speaks in it", () => {
  const settings = { people: { "whatsapp:1": "ada" } };
  assert.equal(who("agent:main:whatsapp:group:123@g.us", { channel: "whatsapp", senderId: "1" }, { settings })?.user, "group:whatsapp:123@g.us");
  assert.equal(who("agent:main:discord:channel:77:thread:8")?.user, "group:discord:77");
  assert.equal(who("agent:main:whatsapp:group:1", {}, {})?.user, "group:whatsapp:1");
});

test("nobody is whom we cannot name", () => {
  for (const key of ["agent:main:acp:1", "agent:main:hook:1", "agent:main:dashboard:incognito-1", "agent:main:boot:1"]) assert.equal(who(key), null, key);
  assert.equal(whoIs({}, { settings: settingsOf({}), operator: "ada", links: {} }), null);
  assert.equal(who("agent:main:main", { trigger: "memory" }), null);
  assert.equal(who(`agent:main:telegram:direct:${"4".repeat(300)}`), null);
});

test("schedules, heartbeats and subagents take no part unless asked, and then speak for no person", () => {
  const runs = /** @type {const} */ ([["cron", "agent:main:cron:j:run:1", "cron"], ["heartbeat", "agent:main:main", "heartbeat"], ["cron", "agent:main:main", "cron"]]);
  for (const [kind, key, trigger] of runs) {
    assert.equal(who(key, { trigger }), null);
    const found = who(key, { trigger }, { settings: { background: [kind] } });
    assert.deepEqual([found?.user, found?.isPerson, found?.learns], ["ada", false, true]);
  }
});

test("a subagent works for whoever speaks where it was asked for", () => {
  const settings = { background: ["subagent"] };
  const parents = new Map([["agent:main:subagent:b", "agent:main:subagent:a"], ["agent:main:subagent:a", "agent:main:whatsapp:group:1"]]);
  const parentOf = (/** @type {string} */ key) => parents.get(key);
  assert.equal(who("agent:main:subagent:b", {}, { settings, parentOf })?.user, "group:whatsapp:1");
  assert.equal(who("agent:main:subagent:c", {}, { settings, parentOf }), null);
  assert.equal(who("agent:main:subagent:b", {}, { parentOf }), null);
});

test("what another session or the system put in is not learned from", () => {
  const found = who("agent:main:main", { inputProvenance: { kind: "inter_session" } });
  assert.deepEqual([found?.user, found?.learns, found?.isPerson], ["ada", false, false]);
});

test("agents are kept apart unless they are meant to share", () => {
  assert.deepEqual([who("agent:main:main")?.agent, who("agent:main:main")?.store], ["openclaw", undefined]);
  assert.deepEqual([who("agent:work:main")?.agent, who("agent:work:main")?.store], ["openclaw-work", "openclaw-work"]);
  const shared = who("agent:work:main", {}, { settings: { agents: "shared", store: "team" } });
  assert.deepEqual([shared?.agent, shared?.store], ["openclaw-work", "team"]);
});
