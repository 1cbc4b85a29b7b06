// Jobs under way: followed, shown, called off; and found again after a reload.
import * as api from "./api.js";
import { $, icon, make, notice, toast } from "./dom.js";
import { recall, remember } from "./store.js";

const RETRY_SECONDS = 2;
const begun = new Set(); // by this page, and not by another of this browser, or before a reload
let onDone = () => {};
let onFailed = () => {};

export function setUp({ whenDone, whenFailed }) {
  onDone = whenDone;
  onFailed = whenFailed;
  for (const entry of recall("pending", [])) watch(entry);
}

/** Submit a request; a full queue is tried again until it is called off. */
export async function start(operation, { body, made, prompt }) {
  const entry = { operation, made, prompt, id: null };
  const row = rowOf(entry);
  let isWanted = true;
  row.cancel.onclick = () => { isWanted = false; row.item.remove(); show(); };
  $("jobs").append(row.item);
  show();
  while (isWanted) {
    try {
      const job = await api.submit(operation, body);
      entry.id = job.id;
      begun.add(job.id);
      if (!isWanted) return api.cancel(job.id);
      return watch(entry, row);
    } catch (refusal) {
      const isBusy = [503, 429].includes(refusal.status);
      if (!isBusy) {
        row.item.remove();
        show();
        throw refusal;
      }
      row.said.textContent = `${refusal.message} Trying again…`;
      await new Promise((resolve) => setTimeout(resolve, 1000 * (refusal.retryAfter || RETRY_SECONDS)));
    }
  }
}

/** Follow a job that the server has. */
function watch(entry, row = rowOf(entry)) {
  remember("pending", [...others(entry), entry]);
  if (!row.item.isConnected) $("jobs").append(row.item);
  row.said.textContent = "Waiting";
  show();
  const followNow = api.follow(entry.id, (kind, data) => {
    if (kind === "queued") row.said.textContent = data.position ? `Waiting: ${data.position} ahead` : "Waiting for the model";
    else if (kind === "running") row.said.textContent = "Starting";
    else if (kind === "step") {
      row.said.textContent = `Step ${data.step} of ${data.steps}`;
      row.bar.max = data.steps + 2; // decoding takes about as long as two or more
      row.bar.value = data.step;
    } else if (kind === "decoding") {
      row.said.textContent = "Decoding";
    } else end(entry, row, kind, data);
  });
  row.cancel.onclick = () => {
    row.said.textContent = "Cancelling…";
    row.cancel.disabled = true;
    api.cancel(entry.id).then(followNow, (refusal) => toast(refusal.message));
  };
}

async function end(entry, row, kind, data) {
  let isOver = true;
  try {
    if (kind === "done") await onDone(entry, { isOurs: begun.has(entry.id) });
    else if (kind === "failed") onFailed(entry, data);
    else if (kind === "lost") notice("A job was lost", "The server no longer knows it. Make the sound again.");
    else toast("Cancelled.");
  } catch (refusal) {
    notice("The sound did not arrive", refusal.message);
    isOver = refusal.status !== 0; // else it is there yet
  }
  if (isOver) remember("pending", others(entry)); // until now, a reload finds it again
  const hadFocus = row.item.contains(document.activeElement);
  row.item.remove();
  show();
  if (hadFocus) $("go").focus();
}

function rowOf(entry) {
  const said = make("span", { className: "said", role: "status" }, "Sending");
  const bar = make("progress", { max: 1, value: 0, "aria-label": `Progress of ${entry.prompt}` });
  const cancel = make("button", { type: "button", className: "icon", "aria-label": `Cancel ${entry.prompt}`, title: "Cancel" }, icon("close"));
  const item = make("li", { className: "job" }, make("div", { className: "name" }, make("div", { className: "name" }, entry.prompt), said), cancel, bar);
  return { item, said, bar, cancel };
}

/** The other jobs under way, those of other pages of this browser among them. */
function others(entry) {
  return recall("pending", []).filter((other) => other.id !== entry.id);
}

function show() {
  $("pending").hidden = !$("jobs").children.length;
}
