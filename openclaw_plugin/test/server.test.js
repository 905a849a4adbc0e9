import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { fnv, homeOf, loopbackOf, operatorOf, socketOf } from "../lib/home.js";
import { Server, ServerError } from "../lib/server.js";
import { fakeOwner } from "./fakes.js";

/** @param {string} home */
function serverAt(home) {
  /** @type {string[]} */
  const log = [];
  /** @type {any[]} */
  const started = [];
  const say = (/** @type {string} */ text) => log.push(text);
  const start = /** @type {any} */ ((/** @type {any[]} */ ...given) => (started.push(given), Object.assign(new EventEmitter(), { unref() {} })));
  return { log, started, server: new Server({ home, command: ["eider"], log: { info: say, warn: say }, start }) };
}

test("an answer comes over the socket, and a refusal by its name", async (t) => {
  const fake = await fakeOwner((where) => (where.endsWith("policy") ? { error: { kind: "InputError", message: "no" } } : { value: 7 }));
  t.after(() => fake.close());
  const { server } = serverAt(fake.home);
  t.after(() => server.close());
  assert.deepEqual(await server.ask("recall", { a: 1 }, 1000), { value: 7 });
  assert.match(String(fake.asked[0]?.headers["eider-client"]), /^openclaw-.+\/1$/);
  await assert.rejects(server.ask("policy", {}, 1000), (error) => error instanceof ServerError && error.kind === "InputError" && !error.isAway);
});

test("a server that is not there is said once, started once, and greeted when it is back", async (t) => {
  const fake = await fakeOwner();
  t.after(() => fake.close());
  await fake.gone();
  const { server, log, started } = serverAt(fake.home);
  t.after(() => server.close());
  for (let i = 0; i < 3; i += 1) await assert.rejects(server.ask("recall", {}, 1000), { kind: "Absent" });
  assert.equal(log.length, 1);
  assert.deepEqual(started.map((one) => one.slice(0, 2)), [["eider", ["serve", "--ensure"]]]);
  assert.deepEqual(Object.keys(started[0][2].env).filter((name) => /KEY|TOKEN/.test(name)), []);
  await fake.back();
  await server.ask("recall", {}, 1000);
  assert.deepEqual(log.slice(1), ["eider: memory is back"]);
});

test("a server that is too slow costs the deadline three times, then nothing", async (t) => {
  const fake = await fakeOwner(() => new Promise(() => {}));
  t.after(() => fake.close());
  const { server, log } = serverAt(fake.home);
  t.after(() => server.close());
  for (let i = 0; i < 5; i += 1) await assert.rejects(server.ask("inject", {}, 20), { kind: "Slow" });
  assert.equal(fake.asked.length, 3);
  assert.equal(log.length, 1);
});

test("a program that cannot be started is named with the fix", async (t) => {
  const home = mkdtempSync(path.join(tmpdir(), "ei-"));
  t.after(() => rmSync(home, { recursive: true }));
  /** @type {string[]} */
  const log = [];
  const warned = new Promise((resolve) => {
    const warn = (/** @type {string} */ text) => void (log.push(text), log.length === 2 && resolve(undefined));
    const server = new Server({ home, command: ["/nowhere/eider"], log: { info() {}, warn } });
    server.ask("recall", {}, 100).catch(() => {});
  });
  await warned;
  assert.match(log[1] ?? "", /"\/nowhere\/eider" cannot be started .*plugins\.entries\.eider\.config\.command/);
});

test("where there is no socket, loopback and the token do", async (t) => {
  const fake = await fakeOwner();
  t.after(() => fake.close());
  await fake.gone();
  const web = http.createServer((request, response) => response.end(JSON.stringify({ token: request.headers.authorization })));
  await new Promise((resolve) => web.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => (web.closeAllConnections(), web.close()));
  const port = /** @type {any} */ (web.address()).port;
  writeFileSync(path.join(fake.home, "run", "owner.json"), JSON.stringify({ port }));
  writeFileSync(path.join(fake.home, "run", "token"), "secret\n");
  assert.deepEqual(loopbackOf(fake.home), { port, token: "secret" });
  const { server } = serverAt(fake.home);
  t.after(() => server.close());
  assert.deepEqual(await server.ask("recall", {}, 1000), { token: "Bearer secret" });
});

test("homes, sockets and people are found as Eider's own clients find them", () => {
  assert.equal(homeOf("/x/y"), "/x/y");
  assert.equal(homeOf(undefined, { EIDER_HOME: "/from/env" }), "/from/env");
  assert.equal(socketOf("/short"), "/short/run/owner.sock");
  assert.equal(socketOf(`/${"long/".repeat(40)}`), null, "a directory below /tmp that is not there is not ours");
  assert.equal(operatorOf("/nowhere", { EIDER_USER: "ada", USER: "root" }), "ada");
  assert.equal(operatorOf("/nowhere", { USER: "bea" }), "bea");
  assert.equal(fnv(Buffer.from("")), "cbf29ce484222325");
  assert.equal(fnv(Buffer.from("a")), "af63dc4c8601ec8c");
});

test("register reads, opens and starts nothing, however often it is called", () => {
  const code = `
    const { default: eider } = await import(${JSON.stringify(new URL("../index.js", import.meta.url).href)});
    const api = { on() {}, registerTool() {}, get pluginConfig() { throw new Error("read") }, get runtime() { throw new Error("read") } };
    for (let i = 0; i < 3; i += 1) if (eider.register(api) !== undefined) throw new Error("not synchronous");
  `;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8", timeout: 20_000 });
  assert.equal(done.status, 0, done.stderr);
});
