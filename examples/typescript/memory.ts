// Keeps a statement and a message, and asks for them: every verb is POST /v1/<verb> with {"request": {…}}.
const url = process.env.EIDER_URL ?? "http://localhost:8377";
const token = process.env.EIDER_TOKEN ?? "";

interface Hit {
  text: string;
  score: number;
}

async function eider<Answer>(verb: string, request: Record<string, unknown>): Promise<Answer> {
  const response = await fetch(`${url}/v1/${verb}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ request, max_trust: "user" }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.error.kind}: ${answer.error.message}`);
  return answer.value as Answer;
}

const user = process.env.EIDER_USER ?? "ada";
await eider("remember", { user, text: "Deploys on Tuesdays.", kind: "rule" });
await eider("record", { user, text: "The staging database listens on port 6543.", session: "ts" });
for (const hit of await eider<Hit[]>("recall", { user, query: "which port does staging use?", limit: 1 })) {
  console.log(hit.text);
}
console.log((await eider<{ text: string }>("policy", { user })).text);
