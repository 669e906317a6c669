const HIGH = 880
const LOW = 660
const NOTE = 0.35
const EVERY = 3_000

/** Rings until stopped: two notes and a pause, and the phone shakes. A browser that wants to be touched first stays silent. */
export function ring(): () => void {
  const audio = new AudioContext()
  const note = (pitch: number, at: number): void => {
    const tone = new OscillatorNode(audio, { frequency: pitch })
    const volume = new GainNode(audio, { gain: 0 })
    volume.gain.setValueAtTime(0.18, at)
    volume.gain.exponentialRampToValueAtTime(0.001, at + NOTE)
    tone.connect(volume).connect(audio.destination)
    tone.start(at)
    tone.stop(at + NOTE)
  }
  const once = (): void => {
    navigator.vibrate?.([400, 200, 400])
    if (audio.state !== 'running') return
    for (const start of [0, 2 * NOTE + 0.25]) {
      note(HIGH, audio.currentTime + start)
      note(LOW, audio.currentTime + start + NOTE)
    }
  }
  void audio.resume().catch(() => undefined)
  once()
  const timer = setInterval(once, EVERY)
  return () => {
    if (audio.state === 'closed') return
    clearInterval(timer)
    navigator.vibrate?.(0)
    void audio.close()
  }
}
