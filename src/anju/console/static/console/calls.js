/** The desk's telephone: rings, shows who stands at the gate, talks and opens. */

import { ask, listen } from "./live.js";

const page = document.querySelector("[data-calls]");
const inside = page.querySelector("[data-inside]");
const panel = page.querySelector("[data-talk]");
const part = (name) => panel.querySelector(`[data-${name}]`);
const GATHER = 600;
const PICTURE_EVERY = 1000;

let talk = null;
let tone = null;

async function refresh() {
  const answer = await ask(page.dataset.calls).catch(() => null);
  if (!answer?.ok) return;
  inside.innerHTML = await answer.text();
  ring(inside.querySelector("[data-ringing]") !== null && !talk);
  if (talk && !inside.querySelector(`[data-ringing="${talk.call}"]`)) looking();
}

/** Two notes while somebody waits; a browser that was never touched stays silent and shows it. */
function ring(wanted) {
  if (wanted === (tone !== null)) return;
  if (!wanted) {
    clearInterval(tone.timer);
    tone.audio.close();
    tone = null;
    return;
  }
  const audio = new AudioContext();
  const once = () => {
    for (const [pitch, at] of [[880, 0], [660, 0.35]]) {
      const note = new OscillatorNode(audio, { frequency: pitch });
      const volume = new GainNode(audio, { gain: 0.15 });
      note.connect(volume).connect(audio.destination);
      note.start(audio.currentTime + at);
      note.stop(audio.currentTime + at + 0.3);
    }
  };
  once();
  tone = { audio, timer: setInterval(once, 2500) };
}

async function say(what, body) {
  const headers = { "Content-Type": "application/json", "X-Requested-With": "fetch" };
  headers["X-CSRFToken"] = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(`${page.dataset.base}${talk.call}/${what}/`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

async function accept(call, name) {
  talk = { call, leg: "", peer: null, voice: null };
  ring(false);
  try {
    const { leg, offer, ice } = await (await say("accept", {})).json();
    talk.leg = leg;
    panel.hidden = false;
    part("gate").textContent = name;
    part("state").textContent = part("state").dataset.connecting;
    part("said").textContent = "";
    part("open").disabled = false;
    await connect(offer, ice);
  } catch (error) {
    stop();
    alert(error.message);
  }
}

async function connect(offer, ice) {
  const peer = (talk.peer = new RTCPeerConnection({ iceServers: ice, bundlePolicy: "max-bundle" }));
  peer.onconnectionstatechange = () => {
    if (peer.connectionState === "connected") part("state").textContent = part("state").dataset.connected;
  };
  await peer.setRemoteDescription({ type: "offer", sdp: offer });
  const [voice, view] = ["audio", "video"].map((kind) => peer.getTransceivers().find((one) => one.receiver.track.kind === kind));
  voice.direction = view.direction = "sendrecv";
  part("voice").srcObject = new MediaStream([voice.receiver.track]);
  part("view").srcObject = new MediaStream([view.receiver.track]);
  await peer.setLocalDescription();
  await gathered(peer);
  await say("connect", { leg: talk.leg, answer: peer.localDescription.sdp });
  try {
    talk.voice = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    await voice.sender.replaceTrack(talk.voice.getAudioTracks()[0]);
  } catch {
    part("state").textContent = part("state").dataset.voiceless;
  }
}

function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, GATHER);
    peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && resolve());
  });
}

/** The gate, or the clock, may have ended it. */
function looking() {
  const row = document.getElementById(`call-${talk.call}`);
  const state = row?.querySelector(".tag");
  if (talk.leg && state && !state.classList.contains("good")) stop();
}

function stop() {
  talk?.voice?.getTracks().forEach((track) => track.stop());
  talk?.peer?.close();
  talk = null;
  panel.hidden = true;
  refresh();
}

page.addEventListener("click", async ({ target }) => {
  const accepting = target.closest("[data-accept]");
  if (accepting) return accept(accepting.dataset.accept, accepting.closest("[data-ringing]").dataset.name);
  if (!talk) return;
  try {
    if (target.closest("[data-open]")) {
      part("said").textContent = await (await say("open", { leg: talk.leg })).text();
      part("open").disabled = true;
    } else if (target.closest("[data-end]")) {
      await say("end", { leg: talk.leg });
      stop();
    }
  } catch (error) {
    part("said").textContent = error.message;
  }
});

setInterval(() => {
  for (const picture of inside.querySelectorAll("[data-picture]")) picture.src = `${picture.src.split("?")[0]}?${Date.now()}`;
}, PICTURE_EVERY);

listen({
  call: ({ id, state }) => (talk?.call === id && state !== "answered" && state !== "ringing" ? stop() : refresh()),
  open: refresh,
});
