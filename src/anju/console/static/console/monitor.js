/** The gate monitor: cards and entries as they change, and opening a gate from afar. */

import { ask, listen, press } from "./live.js";

const page = document.querySelector("[data-monitor]");
const lines = page.querySelector("[data-lines]");
const none = page.querySelector("[data-none]");
const dialog = document.querySelector("[data-ask]");
const question = dialog.querySelector("p").textContent;
const ANSWER_SECONDS = 8;

const address = (pattern, id) => pattern.replace("00000000-0000-0000-0000-000000000000", id);

async function element(where) {
  const answer = await ask(where);
  if (!answer.ok) return null;
  const made = document.createElement("template");
  made.innerHTML = (await answer.text()).trim();
  return made.content.firstElementChild;
}

async function entry({ id }) {
  const line = await element(address(page.dataset.entry, id));
  if (!line || document.getElementById(line.id)) return;
  line.classList.add("fresh");
  lines.prepend(line);
  none.hidden = true;
  while (lines.children.length > Number(page.dataset.shown)) lines.lastElementChild.remove();
}

/** What came while the stream was broken. */
async function latest() {
  const answer = await ask(page.dataset.latest);
  if (!answer.ok) return;
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  lines.replaceChildren(made.content);
  none.hidden = lines.children.length > 0;
}

async function gate({ id }) {
  const old = document.getElementById(`gate-${id}`);
  const card = old && (await element(address(page.dataset.gate, id)));
  if (!card) return;
  // What the gate just answered stays on its card.
  card.querySelector("[data-answer]").replaceWith(old.querySelector("[data-answer]"));
  old.replaceWith(card);
}

function confirmed(name) {
  dialog.querySelector("p").textContent = question.replace("{gate}", name);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

async function open(button) {
  const card = button.closest(".gate");
  if (!(await confirmed(card.dataset.name))) return;
  button.disabled = true;
  const answer = await press(button.dataset.open);
  const said = document.getElementById(card.id).querySelector("[data-answer]");
  said.textContent = answer.headers.get("Content-Type")?.startsWith("text/plain") ? await answer.text() : String(answer.status);
  said.className = `answer tag ${answer.ok ? "good" : "bad"}`;
  button.disabled = false;
  setTimeout(() => {
    said.textContent = "";
    said.className = "answer";
  }, ANSWER_SECONDS * 1000);
}

page.addEventListener("click", (event) => {
  const button = event.target.closest("[data-open]");
  if (button) open(button);
});

// A gate that falls silent sends no event: its card is asked for now and then.
setInterval(() => {
  for (const card of page.querySelectorAll(".gate")) gate({ id: card.id.slice("gate-".length) });
}, 20000);

listen({ entry, gate, open: latest });
