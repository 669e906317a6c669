/** A call of this browser with itself, through the relay where there is one: what a real call would go through. */

import { ask } from "./live.js";

const box = document.querySelector("[data-test]");
const said = box.querySelector("[role=status]");
const PATIENCE = 8000;

function source() {
  const audio = new AudioContext();
  const sound = audio.createMediaStreamDestination();
  const tone = new OscillatorNode(audio, { frequency: 440 });
  tone.connect(sound);
  tone.start();
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 120 });
  const paint = canvas.getContext("2d");
  const timer = setInterval(() => {
    paint.fillStyle = `hsl(${Date.now() % 360} 80% 50%)`;
    paint.fillRect(0, 0, 160, 120);
  }, 50);
  const tracks = [...sound.stream.getTracks(), ...canvas.captureStream(15).getTracks()];
  return { stream: new MediaStream(tracks), close: () => (clearInterval(timer), audio.close()) };
}

async function received(peer) {
  const found = { audio: 0, video: 0 };
  for (const one of (await peer.getStats()).values()) if (one.type === "inbound-rtp") found[one.kind] += one.bytesReceived ?? 0;
  return found.audio > 0 && found.video > 0;
}

async function test(ice) {
  const options = { iceServers: ice, iceTransportPolicy: ice.length ? "relay" : "all" };
  const [here, there] = [new RTCPeerConnection(options), new RTCPeerConnection(options)];
  const { stream, close } = source();
  try {
    here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate ?? undefined);
    there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate ?? undefined);
    const began = performance.now();
    for (const track of stream.getTracks()) here.addTrack(track, stream);
    await here.setLocalDescription();
    await there.setRemoteDescription(here.localDescription);
    await there.setLocalDescription();
    await here.setRemoteDescription(there.localDescription);
    while (performance.now() - began < PATIENCE) {
      if (await received(there)) return Math.round(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return null;
  } finally {
    close();
    here.close();
    there.close();
  }
}

box.querySelector("button").addEventListener("click", async ({ target }) => {
  target.disabled = true;
  said.textContent = "…";
  try {
    const { ice } = await (await ask(box.dataset.test)).json();
    const took = await test(ice);
    const way = ice.length ? box.dataset.relay : box.dataset.direct;
    said.textContent = took === null ? box.dataset.bad : box.dataset.good.replace("{ms}", took).replace("{way}", way);
  } catch {
    said.textContent = box.dataset.bad;
  }
  target.disabled = false;
});
