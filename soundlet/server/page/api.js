// The server, as the page knows it: JSON in and out, and errors that say what to do.

/** What the server refused, or that it cannot be reached. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || `The server answered with status ${status}.`);
    this.status = status;
    this.field = problem.field || "";
    this.errors = problem.errors || [];
    this.retryAfter = problem.retry_after || 0;
    this.kind = (problem.type || "").replace("urn:soundlet:", "");
  }
}

async function ask(method, path, body) {
  let answer;
  try {
    const isForm = body instanceof FormData;
    const headers = body && !isForm ? { "Content-Type": "application/json" } : {};
    answer = await fetch(path, { method, headers, body: body && !isForm ? JSON.stringify(body) : body });
  } catch {
    throw new Refusal(0, { type: "urn:soundlet:offline", detail: "The server does not answer. Is soundlet serve still running?" });
  }
  if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

export const models = async () => (await ask("GET", "v1/models")).json();
export const words = async () => (await ask("GET", "v1/prompts/words")).json();
export const idea = async (preset) => (await (await ask("GET", `v1/prompts/ideas?preset=${preset}`)).json()).ideas[0];
export const submit = async (operation, body) =>
  (await ask("POST", operation === "generate" ? "v1/jobs" : `v1/jobs/${operation}`, body)).json();
export const look = async (id) => (await ask("GET", `v1/jobs/${id}`)).json();
export const cancel = async (id) => (await ask("DELETE", `v1/jobs/${id}`)).json();
export const audioPath = (id, format = "wav") => `v1/jobs/${id}/audio?format=${format}`;
export const audio = async (id, format) => (await ask("GET", audioPath(id, format))).blob();

export async function isReady() {
  try {
    await ask("GET", "readyz");
    return { ready: true, said: "" };
  } catch (refusal) {
    return { ready: false, said: refusal.message, isOffline: refusal.status === 0 };
  }
}

/** Calls `tell(kind, data)` for every event of a job until it is over or `signal` aborts. */
export function follow(id, tell, signal) {
  const source = new EventSource(`v1/jobs/${id}/events`);
  const kinds = ["queued", "running", "step", "decoding", "done", "failed", "cancelled"];
  for (const kind of kinds) {
    source.addEventListener(kind, (event) => {
      if (["done", "failed", "cancelled"].includes(kind)) source.close();
      tell(kind, JSON.parse(event.data));
    });
  }
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) tell("lost", {});
  });
  signal?.addEventListener("abort", () => source.close());
}
