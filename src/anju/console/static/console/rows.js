/** Keeps a list fresh: `data-rows` is where its rows come from, `data-events` what makes it ask again, `data-every` how often it asks anyway. */

import { ask, listen } from "./live.js";

const list = document.querySelector("[data-rows]");
const inside = list.querySelector("[data-inside]");
let asking = false;

/** Somebody is choosing or writing something in this row. */
function inUse(row) {
  return row.querySelector("details[open]") !== null || row.contains(document.activeElement);
}

/** Rows that were opened by hand stay as they are; rows that were not there before are marked. */
async function refresh() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    const answer = await ask(list.dataset.rows);
    if (!answer.ok) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    for (const row of fresh.content.querySelectorAll("tr[id]")) {
      const old = document.getElementById(row.id);
      if (!old) row.classList.add("fresh");
      else if ("keep" in old.dataset || inUse(old)) row.replaceWith(old);
    }
    inside.replaceChildren(fresh.content);
  } catch {
    // The line is down; the next event or tick asks again.
  } finally {
    asking = false;
  }
}

if (list.dataset.events) {
  const handlers = Object.fromEntries(list.dataset.events.split(" ").map((event) => [event, refresh]));
  listen({ ...handlers, open: refresh });
}
if (list.dataset.every) {
  list.querySelector("[data-live]")?.classList.add("on");
  setInterval(refresh, Number(list.dataset.every) * 1000);
}
document.addEventListener("visibilitychange", refresh);
