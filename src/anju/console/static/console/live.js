/** The community's event stream. A ticket is asked for anew whenever the line breaks: it opens a stream for a minute only. */

const TICKET = "/console/live-ticket/";
const LONGEST_PAUSE = 15000;

/** What a page asks by itself: it keeps nobody signed in, and a sign-in that has ended sends the page to the door. */
export async function ask(address, options = {}) {
  const headers = { "X-Requested-With": "fetch", "X-Background": "1", ...options.headers };
  const answer = await fetch(address, { credentials: "same-origin", ...options, headers });
  if (answer.status === 401 || answer.redirected) window.location.reload();
  return answer;
}

/** A press of a button: unlike `ask` it counts as somebody being there. */
export async function press(address) {
  const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const headers = { "X-Requested-With": "fetch", "X-CSRFToken": token };
  const answer = await fetch(address, { method: "POST", credentials: "same-origin", headers });
  if (answer.redirected) window.location.reload();
  return answer;
}

/** Call `handlers[event](facts)` for each event; `handlers.open` at every (re)connection, for what was missed meanwhile. */
export async function listen(handlers, pause = 1000) {
  const dot = document.querySelector("[data-live]");
  const again = () => setTimeout(() => listen(handlers, Math.min(pause * 2, LONGEST_PAUSE)), pause);
  let ticket;
  try {
    const answer = await ask(TICKET);
    if (!answer.ok) return again();
    ticket = (await answer.json()).ticket;
  } catch {
    return again();
  }
  const source = new EventSource(`/live?ticket=${encodeURIComponent(ticket)}`);
  source.addEventListener("hello", () => {
    pause = 1000;
    dot?.classList.add("on");
    handlers.open?.();
  });
  for (const [event, handle] of Object.entries(handlers)) {
    if (event !== "open") source.addEventListener(event, (message) => handle(JSON.parse(message.data)));
  }
  source.onerror = () => {
    source.close();
    dot?.classList.remove("on");
    again();
  };
}
