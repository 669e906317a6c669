import { ref, shallowRef } from 'vue'
import { Conversation, openMicrophone, type Ice } from '@/intercom/connection'
import type { CallMessage, Left, Message, Place } from './messages'
import { SipLeg, type SipAccount } from './sip'

export type Stage = 'none' | 'pad' | 'calling' | 'ringing' | 'talking' | 'over' | 'recording' | 'left'

interface Options {
  /** Tell the gate program something about a call. */
  say: (said: Record<string, unknown>) => void
  /** The camera's track, null while there is none. */
  track: () => MediaStreamTrack | null
  /** What the camera sees now, as JPEG. */
  grab: () => Promise<Blob | null>
}

const LONGEST = 640
const PICTURES_EVERY = 1_000
const PAD_OPEN = 45_000
const OVER_SHOWN = 12_000
const CONNECT_WITHIN = 10_000

/** Bytes as base64. */
export async function base64(blob: Blob): Promise<string> {
  const address = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'))
    reader.readAsDataURL(blob)
  })
  return address.slice(address.indexOf(',') + 1)
}

/** A visitor's call from this page: the pad, ringing, talking, and what can be done when nobody answers. */
export function useCalling(options: Options) {
  const stage = ref<Stage>('none')
  const why = ref('')
  const mayLeave = ref(false)
  const off = ref(false)
  const units = shallowRef<Place[]>([])
  const rooms = shallowRef<{ unit: string; rooms: Place[] } | null>(null)
  const unreachable = ref(false)
  const other = shallowRef<{ heard: MediaStream; seen: MediaStream } | null>(null)
  const voiceless = ref(false)
  const leftOk = ref(true)
  /** Whom the latest call was to, as dialled; null: the property desk. */
  const to = ref<string | null>(null)
  const call = ref<string | null>(null)
  let ice: Ice[] = []
  let conversation: Conversation | null = null
  let phones: SipLeg | null = null
  let voice: Promise<MediaStream> | null = null
  let ready: Promise<[Conversation, string]> | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let pictures: ReturnType<typeof setInterval> | undefined

  function after(milliseconds: number, act: () => void): void {
    clearTimeout(timer)
    timer = setTimeout(act, milliseconds)
  }

  function openPad(): void {
    stage.value = 'pad'
    unreachable.value = false
    rooms.value = null
    reset()
    options.say({ do: 'directory' })
    after(PAD_OPEN, leave)
  }

  function touch(): void {
    if (stage.value === 'pad') after(PAD_OPEN, leave)
  }

  /** Back to the first screen; ends what goes on. */
  function leave(): void {
    if (stage.value === 'calling' || stage.value === 'ringing' || stage.value === 'talking') options.say({ do: 'end' })
    reset()
    stage.value = 'none'
  }

  function reset(): void {
    clearTimeout(timer)
    clearInterval(pictures)
    conversation?.close()
    endPhones()
    void voice?.then((stream) => stream.getTracks().forEach((track) => track.stop())).catch(() => undefined)
    voice = null
    void ready?.then(([made]) => made.close())
    conversation = ready = null
    other.value = null
  }

  function endPhones(): void {
    phones?.end()
    phones = null
  }

  /** Ring a home (as people write it, or by its id), or the property desk. */
  async function dial(whom: string | null): Promise<void> {
    const prepared = ready ?? prepare()
    ready = null
    reset()
    to.value = whom
    call.value = null
    stage.value = 'calling'
    voiceless.value = false
    const [made, offer] = await prepared
    if (stage.value !== 'calling') return made.close()
    conversation = made
    options.say({ do: 'dial', to: whom, offer, picture: '' }) // ringing first: the picture follows on its heels
  }

  const again = () => dial(to.value)

  /** Finding one's own addresses takes a while: it is done while the number is typed. */
  function prepare(): Promise<[Conversation, string]> {
    return Conversation.offer(ice, options.track(), fate)
  }

  async function show(): Promise<void> {
    const picture = await options.grab()
    if (picture) options.say({ do: 'picture', picture: await base64(picture) })
  }

  function fate(what: 'connected' | 'lost'): void {
    if (what === 'lost' && stage.value === 'talking') {
      options.say({ do: 'end' })
      over('lost', false)
    }
    if (what === 'connected') clearTimeout(timer)
  }

  function over(reason: string, messages: boolean): void {
    reset()
    why.value = reason
    mayLeave.value = messages
    stage.value = 'over'
    after(reason === 'ended' ? OVER_SHOWN / 3 : OVER_SHOWN, leave)
  }

  /** Somebody has answered; by which way, the next word tells. */
  function talk(): void {
    clearInterval(pictures)
    if (stage.value === 'talking') return
    stage.value = 'talking'
    voice = openMicrophone()
    voice.catch(() => (voiceless.value = true)) // they are seen all the same, and can be let in
    after(CONNECT_WITHIN, () => fate('lost'))
  }

  function hearAndSpeak(side: Conversation | SipLeg): void {
    if (!voice) return
    other.value = side
    side.speak(voice).catch(() => undefined) // told above
  }

  function ringPhones(said: CallMessage & { state: 'ringing' }): void {
    if (!('ws' in said.sip)) return
    const answered = (leg: SipLeg): void => {
      if (leg !== phones) return leg.end() // another was first, or that call is over
      talk()
      clearTimeout(timer)
      hearAndSpeak(leg)
    }
    phones = new SipLeg({ account: said.sip as SipAccount, call: said.call, picture: options.track(), answered })
  }

  function hearCall(said: CallMessage): void {
    if (said.state === 'ringing') {
      call.value = said.call
      if (stage.value !== 'calling') return options.say({ do: 'end' })
      stage.value = 'ringing'
      ringPhones(said)
      void show()
      pictures = setInterval(show, PICTURES_EVERY)
    } else if (said.state === 'over') {
      if (['none', 'pad', 'over'].includes(stage.value)) return // it was not this page's, or the page said so itself
      call.value = said.call
      over(said.why, said.messages)
    } else if (stage.value === 'ringing' || stage.value === 'talking') {
      talk()
      if (said.state !== 'answer' || !conversation) return
      endPhones() // the app was first, even if a phone was picked up a moment ago
      after(CONNECT_WITHIN, () => fate('lost'))
      conversation.complete(said.sdp).catch(() => fate('lost'))
      hearAndSpeak(conversation)
    }
  }

  function hearLeft(said: Left): void {
    if (stage.value !== 'recording') return // whoever left it has gone
    leftOk.value = said.ok
    stage.value = 'left'
    after(OVER_SHOWN / 2, leave)
  }

  function hear(message: Message): void {
    if (message.type === 'call') hearCall(message)
    else if (message.type === 'message') hearLeft(message)
    else if (message.type === 'directory') {
      unreachable.value = !message.ok
      if (!message.ok) return
      off.value = message.off
      units.value = message.units
      ice = message.ice
      if (stage.value === 'pad') ready = prepare()
    } else if (message.type === 'rooms' && message.ok) rooms.value = { unit: message.unit, rooms: message.rooms }
  }

  function showRooms(unit: string | null): void {
    touch()
    rooms.value = null
    if (unit) options.say({ do: 'rooms', unit })
  }

  function record(): void {
    clearTimeout(timer)
    stage.value = 'recording'
  }

  /** of: the call that it was said after. */
  async function send(of: string | null, sound: Blob): Promise<void> {
    options.say({ do: 'message', call: of, kind: sound.type, sound: await base64(sound) })
  }

  return {
    stage, why, mayLeave, off, units, rooms, unreachable, other, voiceless, leftOk, to, call,
    openPad, touch, leave, dial, again, hear, showRooms, record, send,
  }
}

export const PICTURE_LONGEST = LONGEST
export type Calling = ReturnType<typeof useCalling>
