/** The review page's keys (A approves, R refuses) and its ready-made reasons. */

const form = document.querySelector("[data-decision]");

if (form) {
  const reason = form.querySelector("#reason");
  const refuse = (on) => {
    form.classList.toggle("refusing", on);
    reason.required = on;
    if (on) reason.focus();
  };

  form.querySelector("[data-refuse]").addEventListener("click", () => refuse(true));
  form.querySelector("[data-back]").addEventListener("click", () => refuse(false));
  for (const preset of form.querySelectorAll("[data-preset]")) {
    preset.addEventListener("click", () => {
      reason.value = preset.textContent.trim();
      reason.focus();
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || form.classList.contains("refusing")) return;
    form.querySelector(`[data-key="${event.key.toLowerCase()}"]`)?.click();
  });
  refuse(form.classList.contains("refusing"));
}
