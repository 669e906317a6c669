import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Stream, type Source } from '@/live/reconnect'

class FakeSource implements Source {
  onerror: ((event: Event) => void) | null = null
  closed = false
  private acts = new Map<string, (heard: { data?: string }) => void>()

  constructor(readonly url: string) {}

  addEventListener(event: string, act: (heard: { data?: string }) => void): void {
    this.acts.set(event, act)
  }

  say(event: string, data?: string): void {
    this.acts.get(event)?.({ data })
  }

  close(): void {
    this.closed = true
  }
}

let sources: FakeSource[]
let tickets: number
let heard: string[]
let serverAway: boolean
let stream: Stream

beforeEach(() => {
  vi.useFakeTimers()
  sources = []
  heard = []
  tickets = 0
  serverAway = false
  stream = new Stream({
    address: async () => {
      if (serverAway) throw new Error('away')
      tickets += 1
      return `/live?ticket=${tickets}`
    },
    open: (url) => {
      const source = new FakeSource(url)
      sources.push(source)
      return source
    },
    events: ['hello', 'entry'],
    hear: (event, data) => heard.push(data ? `${event} ${data}` : event),
  })
})

afterEach(() => {
  stream.stop()
  vi.useRealTimers()
})

test('events reach the listener, with what they say', async () => {
  stream.start()
  await vi.advanceTimersByTimeAsync(0)
  sources[0]?.say('entry')
  sources[0]?.say('entry', '{"id":"7"}')
  expect(heard).toEqual(['entry', 'entry {"id":"7"}'])
})

test('a broken stream comes back with a new ticket', async () => {
  stream.start()
  await vi.advanceTimersByTimeAsync(0)
  sources[0]?.onerror?.(new Event('error'))
  expect(sources[0]?.closed).toBe(true)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sources.map((source) => source.url)).toEqual(['/live?ticket=1', '/live?ticket=2'])
})

test('while the server is away it is asked ever less often, then normally again', async () => {
  serverAway = true
  stream.start()
  await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000)
  serverAway = false
  await vi.advanceTimersByTimeAsync(7_999)
  expect(sources).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(sources).toHaveLength(1)
  sources[0]?.say('hello')
  sources[0]?.onerror?.(new Event('error'))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sources).toHaveLength(2)
})

test('a stopped stream stays silent', async () => {
  stream.start()
  await vi.advanceTimersByTimeAsync(0)
  stream.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sources).toHaveLength(1)
  expect(sources[0]?.closed).toBe(true)
})
