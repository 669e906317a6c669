import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useCalling } from '@/kiosk/calling'
import type { SipLeg } from '@/kiosk/sip'

class FakeTrack {
  kind = 'audio'
  stopped = false

  stop(): void {
    this.stopped = true
  }
}

class FakeStream {
  constructor(private readonly tracks: FakeTrack[] = []) {}

  getTracks = () => this.tracks
  getAudioTracks = () => this.tracks
}

const { sessions, talks, FakeAgent, FakeConversation } = vi.hoisted(() => {
  class FakeSession {
    acts = new Map<string, () => void>()
    ended = false
    sends: unknown = null
    connection = {
      addEventListener: () => undefined,
      getSenders: () => [{ track: { kind: 'audio' }, replaceTrack: async (track: unknown) => void (this.sends = track) }],
    }

    on = (event: string, act: () => void) => this.acts.set(event, act)
    say = (event: string) => this.acts.get(event)?.()
    isEnded = () => this.ended
    terminate = () => (this.ended = true)
  }
  const sessions: FakeSession[] = []
  const talks: object[] = []
  class FakeAgent {
    on = (_: string, act: () => void) => (this.start = act)
    start = (): void => undefined
    stop = () => undefined
    call = () => {
      sessions.push(new FakeSession())
      return sessions.at(-1)
    }
  }
  class FakeConversation {
    static offer = async () => {
      talks.push(new FakeConversation())
      return [talks.at(-1), 'offer']
    }

    complete = async () => undefined
    speak = async (voice: Promise<unknown>) => void (await voice)
    close = () => undefined
  }
  return { sessions, talks, FakeAgent, FakeConversation }
})

let microphone: FakeTrack
vi.mock('jssip', () => ({ UA: FakeAgent, WebSocketInterface: class {} }))
vi.mock('@/intercom/connection', () => ({ Conversation: FakeConversation, openMicrophone: async () => new FakeStream([microphone]) }))

const SIP = { uri: 'sip:gate', password: 'secret', ws: 'wss://here', to: 'sip:home' }
const said: Record<string, unknown>[] = []

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('MediaStream', FakeStream)
  vi.stubGlobal('AudioContext', class {
    createMediaStreamDestination = () => ({ stream: new FakeStream([new FakeTrack()]) })
    close = async () => undefined
  })
  vi.stubGlobal('FileReader', class {
    result = 'data:audio/webm;base64,AAAA'
    onload = (): void => undefined
    readAsDataURL = () => this.onload()
  })
  microphone = new FakeTrack()
  sessions.length = talks.length = said.length = 0
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A home's app and its SIP phones ring. */
async function ringing() {
  const calling = useCalling({ say: (one) => said.push(one), track: () => null, grab: async () => null })
  await calling.dial('1-1-101')
  calling.hear({ type: 'call', state: 'ringing', call: '7', sip: SIP })
  return { calling, phone: sessions[0]! }
}

test('a phone that is picked up just before the app’s half comes gives way to the app, which goes on hearing the visitor', async () => {
  const { calling, phone } = await ringing()
  calling.hear({ type: 'call', state: 'taken' })
  phone.say('accepted')
  await vi.advanceTimersByTimeAsync(0)
  calling.hear({ type: 'call', state: 'answer', sdp: 'half' })
  await vi.advanceTimersByTimeAsync(0)
  phone.say('ended')
  expect(phone.ended).toBe(true)
  expect(calling.other.value).toBe(talks[0])
  expect(microphone.stopped).toBe(false)
  calling.leave()
  await vi.advanceTimersByTimeAsync(0)
  expect(microphone.stopped).toBe(true)
})

test('a phone that is picked up after that is hung up', async () => {
  const { calling, phone } = await ringing()
  calling.hear({ type: 'call', state: 'taken' })
  calling.hear({ type: 'call', state: 'answer', sdp: 'half' })
  expect(phone.ended).toBe(true)
  phone.say('accepted')
  await vi.advanceTimersByTimeAsync(0)
  expect(calling.other.value).toBe(talks[0])
  expect(phone.sends).toBe(null)
})

test('an app that gives its half and no more is lost, whatever a phone did before', async () => {
  const { calling, phone } = await ringing()
  phone.say('accepted')
  calling.hear({ type: 'call', state: 'answer', sdp: 'half' })
  await vi.advanceTimersByTimeAsync(10_000)
  expect([calling.stage.value, calling.why.value]).toEqual(['over', 'lost'])
})

test('a phone that is first is heard and spoken to', async () => {
  const { calling, phone } = await ringing()
  phone.say('accepted')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(calling.stage.value).toBe('talking')
  expect((calling.other.value as SipLeg | null)?.heard).toBeInstanceOf(FakeStream)
  expect(phone.sends).toBe(microphone)
})

test('a message is for the call it was said after, and its receipt does not disturb the next visitor’s call', async () => {
  const { calling } = await ringing()
  calling.hear({ type: 'call', state: 'over', why: 'missed', messages: true, call: '7' })
  calling.record()
  const before = calling.call.value
  calling.leave()
  await calling.dial(null)
  await calling.send(before, new Blob())
  expect(said.at(-1)).toMatchObject({ do: 'message', call: '7' })
  calling.hear({ type: 'message', ok: true, code: null })
  expect(calling.stage.value).toBe('calling')
})
