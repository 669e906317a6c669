/** Opens one text message at a time. */

import { press } from "./live.js";
import "./rows.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-read]");
  if (!button) return;
  button.disabled = true;
  const answer = await press(button.dataset.read);
  const text = await answer.text();
  const row = button.closest("tr");
  if (answer.ok) {
    const made = document.createElement("template");
    made.innerHTML = text.trim();
    row.replaceWith(made.content);
  } else {
    button.replaceWith(answer.headers.get("Content-Type")?.startsWith("text/plain") ? text : String(answer.status));
  }
});
