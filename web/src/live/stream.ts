import { onUnmounted } from 'vue'
import { api, ask } from '@/api/client'
import { Stream } from './reconnect'

export type LiveEvent = 'notice' | 'application' | 'entry' | 'face' | 'consent' | 'home' | 'gate' | 'visit' | 'vehicle' | 'call' | 'hello'
const EVENTS: LiveEvent[] = ['notice', 'application', 'entry', 'face', 'consent', 'home', 'gate', 'visit', 'vehicle', 'call', 'hello']

/** What an event may say: which thing it is about, and where that stands. */
export interface Facts {
  id?: string
  state?: string
}
type Act = (facts: Facts) => void

const listeners = new Map<LiveEvent, Set<Act>>()

const stream = new Stream({
  address: async () => (await ask(api.POST('/api/v1/live-ticket'))).url,
  open: (url) => new EventSource(url),
  events: EVENTS,
  hear: (event, data) => listeners.get(event as LiveEvent)?.forEach((act) => act(data ? (JSON.parse(data) as Facts) : {})),
})

export function startLive(): void {
  stream.start()
}

export function stopLive(): void {
  stream.stop()
}

/** Call `act` when one of these happens. Returns what ends that. */
export function listen(events: LiveEvent[], act: Act): () => void {
  for (const event of events) {
    if (!listeners.has(event)) listeners.set(event, new Set())
    listeners.get(event)?.add(act)
  }
  return () => events.forEach((event) => listeners.get(event)?.delete(act))
}

/** Call `act` when one of these things changes, and after every reconnection, for as long as the component lives. */
export function onLive(events: LiveEvent[], act: Act): void {
  onUnmounted(listen([...events, 'hello'], act))
}
