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

const MOST_FOLLOWED = 2; // at a time: a browser has six connections to a server, for all its pages
const RETRY_SECONDS = 2;

let followed = 0;
const waiting = [];

/**
 * Calls `tell(kind, data)` for every event of a job until it is over. Few jobs are followed at a time, the others after them.
 * @returns a function that has the job followed at once.
 */
export function follow(id, tell) {
  const begin = () => {
    waiting.splice(waiting.indexOf(begin), 1);
    followed++;
    listen(id, tell);
  };
  waiting.push(begin);
  followMore();
  return () => waiting.includes(begin) && begin();
}

function followMore() {
  while (followed < MOST_FOLLOWED && waiting.length) waiting[0]();
}

function listen(id, tell) {
  const source = new EventSource(`v1/jobs/${id}/events`);
  const end = (kind, data) => {
    source.close();
    followed--;
    tell(kind, data);
    followMore();
  };
  for (const kind of ["queued", "running", "step", "decoding"]) {
    source.addEventListener(kind, (event) => tell(kind, JSON.parse(event.data)));
  }
  for (const kind of ["done", "failed", "cancelled"]) {
    source.addEventListener(kind, (event) => end(kind, JSON.parse(event.data)));
  }
  source.addEventListener("error", async () => {
    if (source.readyState !== EventSource.CLOSED) return; // the browser asks again by itself
    const status = await look(id).then(() => 200, (refusal) => refusal.status);
    if (status === 404) end("lost", {});
    else setTimeout(() => listen(id, tell), 1000 * RETRY_SECONDS); // also closed: the stream of a page that is left
  });
}
