import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import eider from "../index.js";
import slot from "../slot/index.js";
import { assistant, fakeApi, fakeOwner, user } from "./fakes.js";

const MARKED = '<eider-memory v="1" ids="m">\n- Tea.\n</eider-memory>';
const ctx = { sessionKey: "agent:main:main", sessionId: "s1", runId: "r1", trigger: "user" };

/**
 * A gateway with the plugin, and a server behind it.
 *
 * @param {any} t
 * @param {object} [config]
 */
async function gateway(t, config = {}) {
  const fake = await fakeOwner((where) => {
    if (where === "/v1/policy") return { value: { text: "Rules:\n- Write in paragraphs." } };
    if (where === "/v1/inject") return { value: { text: MARKED } };
    return { status: "stored", value: { ok: true } };
  });
  const state = mkdtempSync(path.join(tmpdir(), "oc-"));
  const settings = { home: fake.home, user: "ada", command: ["/nowhere/eider"], deadlineMs: 1000, ...config };
  const api = fakeApi(settings, { state });
  eider.register(api);
  t.after(async () => {
    await api.fire("gateway_stop", {});
    fake.close();
    rmSync(state, { recursive: true });
  });
  return { fake, api, state };
}

test("policy goes into the system prompt, recalled lines before the prompt, as Eider wrote them", async (t) => {
  const { api, fake } = await gateway(t);
  const found = await api.fire("before_prompt_build", { prompt: "Tea or coffee?", messages: [] }, ctx);
  assert.deepEqual(found, { appendSystemContext: "Rules:\n- Write in paragraphs.", prependContext: MARKED });
  assert.equal("context" in fake.of("policy")[0].request, false, "a policy of one prompt would change with the next");
  assert.equal(fake.of("inject")[0].request.session, "s1");
});

test("nothing is added where nothing helps, or nobody answers in time", async (t) => {
  const { api } = await gateway(t, { guide: false, recall: false });
  assert.equal(await api.fire("before_prompt_build", { prompt: "Hi", messages: [] }, ctx), undefined);
  const slow = await fakeOwner(() => new Promise(() => {}));
  t.after(() => slow.close());
  const late = fakeApi({ home: slow.home, user: "ada", deadlineMs: 30 });
  eider.register(late);
  assert.equal(await late.fire("before_prompt_build", { prompt: "Hi", messages: [] }, ctx), undefined);
});

test("only what is new is learned, also after a restart", async (t) => {
  const { api, fake, state } = await gateway(t);
  const old = [user("old"), assistant("older", 10)];
  await api.fire("before_prompt_build", { prompt: "new", messages: old }, ctx);
  const first = [...old, user("new"), assistant("newer", 20)];
  await api.fire("agent_end", { runId: "r1", messages: first, success: true }, ctx);
  assert.deepEqual(fake.of("observe").map((one) => one.request.user_reply), ["new"]);
  await api.fire("gateway_stop", {}); // what lives in the process is gone
  await api.fire("agent_end", { messages: [...first, user("newest"), assistant("last", 30)] }, { ...ctx, runId: undefined });
  assert.deepEqual(fake.of("observe").map((one) => one.request.user_reply), ["new", "newest"]);
  assert.deepEqual(JSON.parse(readFileSync(path.join(state, "eider", "progress.json"), "utf8")).sessions.s1, { at: 30, seen: 30, who: "ada" });
  assert.doesNotMatch(readFileSync(path.join(state, "eider", "progress.json"), "utf8"), /new|old/);
});

test("what a server missed is told to the next one, once, for the same person only", async (t) => {
  const { api, fake } = await gateway(t);
  await fake.gone();
  const first = [user("one"), assistant("a", 10)];
  await api.fire("agent_end", { messages: first }, ctx);
  await fake.back();
  const second = [...first, user("two"), assistant("b", 20)];
  await api.fire("agent_end", { messages: second }, ctx);
  await api.fire("agent_end", { messages: second }, ctx);
  const told = fake.of("observe").map((one) => one.request.user_reply);
  assert.deepEqual(told.slice(0, 2), ["one", "two"]);
  assert.equal(new Set(fake.of("observe").map((one) => one.request.key)).size, 2);
  await fake.gone();
  const third = [...second, user("three"), assistant("c", 30)];
  await api.fire("agent_end", { messages: third }, { ...ctx, channel: "telegram", senderId: "7" });
  await fake.back();
  await api.fire("agent_end", { messages: [...third, user("four"), assistant("d", 40)] }, ctx);
  assert.deepEqual(fake.of("observe").filter((one) => one.request.user_reply === "three"), [], "another's words are not mine");
});

test("switched off, nothing is asked or learned, tools say so, and what was said meanwhile is not learned later", async (t) => {
  const { api, fake } = await gateway(t);
  const tools = api.factories[0](ctx);
  /** @type {any} */ (api.whole.plugins.entries.eider).config = { ...api.pluginConfig, enabled: false };
  assert.equal(await api.fire("before_prompt_build", { prompt: "x", messages: [] }, ctx), undefined);
  const said = [user("secret"), assistant("a", 10)];
  await api.fire("agent_end", { messages: said }, ctx);
  const answer = await tools[0].execute("c", { query: "x" });
  assert.match(answer.content[0].text, /switched off/);
  assert.deepEqual(fake.asked, []);
  api.whole.plugins.entries.eider.config = api.pluginConfig;
  await api.fire("agent_end", { messages: [...said, user("open"), assistant("b", 20)] }, ctx);
  assert.deepEqual(fake.of("observe").map((one) => one.request.user_reply), ["open"]);
});

test("a conversation that is about to be cut is told to its end, but not of turns the plugin was not there for", async (t) => {
  const { api, fake } = await gateway(t);
  const one = [user("one"), assistant("a", 10)];
  await api.fire("agent_end", { messages: one }, ctx);
  await api.fire("before_prompt_build", { prompt: "two", messages: one }, ctx);
  await api.fire("before_compaction", { messages: [...one, user("No answer came.")] }, ctx);
  assert.equal(fake.of("observe").length, 1, "the turn goes on");
  await api.fire("before_reset", { messages: [...one, user("No answer came.")] }, ctx);
  assert.deepEqual(fake.of("observe").map((step) => step.request.user_reply), ["one", "No answer came."]);
  const other = { ...ctx, sessionId: "s5" };
  await api.fire("before_compaction", { messages: [user("unseen"), assistant("b", 20)] }, other);
  await api.fire("before_reset", { messages: [user("unseen"), assistant("b", 20), user("unseen too")] }, other);
  assert.equal(fake.of("observe").length, 2);
});

test("what waits for a server is told before a conversation is cut", async (t) => {
  const { api, fake } = await gateway(t);
  await fake.gone();
  await api.fire("agent_end", { messages: [user("one"), assistant("a", 10)] }, ctx);
  await fake.back();
  await api.fire("before_compaction", { messages: [user("one"), assistant("a", 10)] }, ctx);
  assert.deepEqual(fake.of("observe").map((step) => step.request.user_reply), ["one"]);
});

test("what the server refuses is passed over, and the rest is told", async (t) => {
  const fake = await fakeOwner((_where, body) => (body.request.user_reply === "bad" ? { error: { kind: "InputError", message: "no" } } : { value: {} }));
  t.after(() => fake.close());
  const api = fakeApi({ home: fake.home, user: "ada" });
  eider.register(api);
  await api.fire("agent_end", { messages: [user("bad"), assistant("a", 10)] }, { ...ctx, sessionId: "s9" });
  await api.fire("gateway_stop", {});
  assert.deepEqual(fake.asked.map((one) => one.path), ["/v1/observe", "/v1/record"]);
});

test("a tool asks for whom its session is, as an agent", async (t) => {
  const { api, fake } = await gateway(t);
  await api.call("memory_remember", { text: "Likes tea." }, { sessionKey: "agent:work:whatsapp:group:5", sessionId: "s2", agentId: "work" });
  const { path: where, body } = /** @type {any} */ (fake.asked[0]);
  assert.equal(where, "/openclaw/tools");
  assert.deepEqual(body, {
    tool: "remember", arguments: { text: "Likes tea." }, key: body.key, user: "group:whatsapp:5",
    agent: "openclaw-work", store: "openclaw-work",
  });
  assert.match(body.key, /^openclaw:s2:.+:call_1$/);
  const nobody = await api.call("memory_recall", { query: "x" }, { sessionKey: "agent:main:cron:1", sessionId: "s3" });
  assert.match(nobody.error.message, /no memory/);
});

test("as the owner of the memory slot it also says where memory is", async () => {
  /** @type {any[]} */
  const capabilities = [];
  slot.register({ ...fakeApi({}), registerMemoryCapability: (/** @type {any} */ given) => capabilities.push(given) });
  const lines = capabilities[0].promptBuilder({ availableTools: new Set(["tool_search"]) });
  assert.match(lines.join("\n"), /memory_recall/);
  assert.deepEqual(capabilities[0].promptBuilder({ availableTools: new Set(["exec"]) }), []);
});

test("the manifests name the tools that are there, and differ in the slot alone", () => {
  const read = (/** @type {string} */ name) => JSON.parse(readFileSync(new URL(`../${name}openclaw.plugin.json`, import.meta.url), "utf8"));
  const { kind, ...rest } = read("slot/");
  assert.equal(kind, "memory");
  assert.deepEqual(rest, read(""));
  const api = fakeApi({});
  eider.register(api);
  assert.deepEqual(api.factories[0]({}).map((/** @type {any} */ tool) => tool.name), rest.contracts.tools);
});
